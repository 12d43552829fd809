/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Relay clients: register this node at a relay and stay registered. */
#ifndef OCKAM_RELAY_CLIENT_H
#define OCKAM_RELAY_CLIENT_H

#include "link.h"

enum ockam_relay_client_state {
	OCKAM_RELAY_CLIENT_LINKING,	/* the link is not up */
	OCKAM_RELAY_CLIENT_REGISTERING,
	OCKAM_RELAY_CLIENT_UP,
	OCKAM_RELAY_CLIENT_STOPPED,
};

/**
 * struct ockam_relay_client_config - what to register and where
 * @link:  where the relay is; the client makes a link of its own
 * @name:  relay name ("n3"); "register" lets the relay choose one
 * @name_len: its bytes
 * @alias: what users call it, terminated
 */
struct ockam_relay_client_config {
	struct ockam_link_config link;
	const u8 *name;
	u8 name_len;
	const char *alias;
};

/**
 * struct ockam_relay_client_info - what users want to know
 * @state:      state
 * @link:       its link
 * @alias:      lives as long as the client
 * @remote:     the relay's address ("forward_to_n3"), valid when UP
 * @remote_len: its bytes
 */
struct ockam_relay_client_info {
	enum ockam_relay_client_state state;
	struct ockam_link_info link;
	const char *alias;
	u8 remote[OCKAM_ADDR_MAX];
	u8 remote_len;
};

/* Returns its endpoint (address M) with a reference, or an ERR_PTR. */
struct ockam_endpoint *
ockam_relay_client_create(struct ockam_node *node,
			  const struct ockam_relay_client_config *config);
void ockam_relay_client_info(struct ockam_endpoint *ep,
			     struct ockam_relay_client_info *info);

#endif /* OCKAM_RELAY_CLIENT_H */
