/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Links: keep one connection, and one channel over it, up. */
#ifndef OCKAM_LINK_H
#define OCKAM_LINK_H

#include <linux/socket.h>
#include "channel.h"
#include "transport.h"

/* TCP asks at 0, 1, 3 and 7 s: a new attempt asks earlier than that. */
#define OCKAM_LINK_CONNECT_MS	4000
#define OCKAM_LINK_SECURE_MS	10000

enum ockam_link_state {
	OCKAM_LINK_CONNECTING,	/* transport */
	OCKAM_LINK_SECURING,	/* channel */
	OCKAM_LINK_UP,
	OCKAM_LINK_WAITING,	/* back-off before the next try */
	OCKAM_LINK_STOPPED,
};

/**
 * struct ockam_link_config - where a link leads
 * @addr:    transport address
 * @route:   from there to the channel listener; empty: no channel
 * @trust:   acceptable peers; NULL for anyone
 * @expose:  addresses exposed to what comes in over it
 * @owner:   of the connection's and channel's addresses
 * @label:   name for users ("default" for the project default), terminated
 * @host:    host name that @addr was made of, terminated; "" for none
 * @project: it is a project
 */
struct ockam_link_config {
	struct sockaddr_storage addr;
	struct ockam_route route;
	struct ockam_trust *trust;
	struct ockam_route expose;
	struct ockam_owner owner;
	const char *label;
	const char *host;
	bool project;
};

/**
 * struct ockam_link_info - what users want to know
 * @state:   state
 * @reason:  why it was last down
 * @err:     errno of the last failure of the transport, negative
 * @tries:   attempts since it was last up
 * @hop:     address to send to (encryptor or sender), valid when UP
 * @peer:    identifier of the peer of the channel; when @reason is that it was
 *           not acceptable, of who answered
 * @has_peer: there is one
 * @addr:    transport address
 * @project: it is a project
 * @label:   its name
 * @host:    of the config; as @route
 * @route:   of the config; lives as long as the link
 * @trust:   borrowed
 */
struct ockam_link_info {
	enum ockam_link_state state;
	enum ockam_drop reason;
	int err;
	u32 tries;
	u8 hop[OCKAM_RANDOM_ADDR_LEN];
	bool has_peer;
	u8 peer[OCKAM_IDENTIFIER_LEN];
	struct sockaddr_storage addr;
	bool project;
	const char *label;
	const char *host;
	struct ockam_route route;
	struct ockam_trust *trust;
};

/*
 * Starts at once and never gives up until shut down; returns its endpoint with
 * a reference. The endpoint's watchers hear UP each time it is up (again), and
 * UP too when it has gone down: they ask ockam_link_info().
 */
struct ockam_endpoint *ockam_link_create(struct ockam_node *node,
					 const struct ockam_link_config *config);
void ockam_link_info(struct ockam_endpoint *ep, struct ockam_link_info *info);
/* The endpoint to send to, with a reference, or NULL when it is not up. */
struct ockam_endpoint *ockam_link_hop(struct ockam_endpoint *ep);
/* What runs over it found it dead (no answer): take it down, try again. */
void ockam_link_fail(struct ockam_endpoint *ep, enum ockam_drop reason);
/* Its host has another address now: for the next attempt. */
void ockam_link_set_addr(struct ockam_endpoint *ep,
			 const struct sockaddr_storage *addr);

#endif /* OCKAM_LINK_H */
