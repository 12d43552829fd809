/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* TCP: listeners and connections over kernel sockets. */
#ifndef OCKAM_TCP_H
#define OCKAM_TCP_H

#include "transport.h"

struct ockam_tcp_listener;

/**
 * struct ockam_tcp_source - where a connection starts, when that matters
 * @addr:    numeric address, port 0 for any; family AF_UNSPEC: none chosen
 * @ifindex: device that all packets must go through; 0: none chosen
 */
struct ockam_tcp_source {
	struct sockaddr_storage addr;
	int ifindex;
};

/*
 * Listen on a numeric address (port 0: any; read it back from @addr), on one
 * device or all of them (@ifindex 0). Its flow exists before the first
 * connection is accepted: the addresses in @expose (a binary route) are
 * consumers of it. Under nl_mutex. Returns the endpoint with a reference or an
 * ERR_PTR.
 */
struct ockam_endpoint *ockam_tcp_listen(struct ockam_node *node,
					struct sockaddr_storage *addr,
					int ifindex,
					const struct ockam_route *expose,
					const struct ockam_owner *owner);
/* What users want to know of a listener; flow is borrowed. */
void ockam_tcp_listener_info(struct ockam_endpoint *ep,
			     struct sockaddr_storage *addr,
			     struct ockam_flow **flow, u32 *accepted);

/*
 * Start to connect; returns at once with a connection in state CONNECTING and
 * a reference. Success and failure are told to watchers and by an event.
 * @source may be NULL; @expose: addresses that become consumers of the new
 * connection's flow.
 */
struct ockam_conn *ockam_tcp_connect(struct ockam_node *node,
				     const struct sockaddr_storage *addr,
				     const struct ockam_tcp_source *source,
				     const struct ockam_route *expose,
				     const struct ockam_owner *owner);
/*
 * A connection that @owner may use to that address: an existing one, or a new
 * one as above. For a local sender's first hop only. With a reference.
 */
struct ockam_conn *ockam_tcp_find_or_connect(struct ockam_node *node,
					     const struct sockaddr_storage *addr,
					     const struct ockam_owner *owner);
/* "ip:port" or "[ip6]:port", as in an address of type 1; -EINVAL. */
int ockam_tcp_parse_addr(struct sockaddr_storage *addr, const u8 *text,
			 size_t len);

#endif /* OCKAM_TCP_H */
