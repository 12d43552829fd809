/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Channel listeners and admission. */
#ifndef OCKAM_LISTENER_H
#define OCKAM_LISTENER_H

#include "channel.h"
#include "flow.h"
#include "policy.h"

/**
 * struct ockam_listener_config - how to listen
 * @name:    address
 * @name_len: its bytes
 * @trust:   acceptable peers, NULL for anyone
 * @authorities: whose credentials count, or NULL
 * @expose:  addresses that its channels may reach (consumers of its flow)
 * @owner:   of the listener and of its channels' addresses
 * @life:    when its channels close by themselves
 * @accept:  a channel is open (process context); NULL for a listener without a
 *           socket. Takes its own reference if it keeps it. False: no room,
 *           the channel is closed.
 * @release: the listener's memory goes: no @accept any more; may be NULL
 * @arg:     for @accept and @release
 */
struct ockam_listener_config {
	const u8 *name;
	u8 name_len;
	struct ockam_trust *trust;
	struct ockam_authorities *authorities;
	struct ockam_route expose;
	struct ockam_owner owner;
	struct ockam_channel_life life;
	bool (*accept)(void *arg, struct ockam_channel *ch);
	void (*release)(void *arg);
	void *arg;
};

/**
 * struct ockam_listener_info - what users want to know
 * @flow:      its flow, borrowed
 * @trust:     borrowed
 * @life:      of its channels
 * @authorities: borrowed
 * @half_open: handshakes under way
 * @accepted:  channels opened
 * @refused:   handshakes that failed
 */
struct ockam_listener_info {
	struct ockam_flow *flow;
	struct ockam_trust *trust;
	struct ockam_channel_life life;
	struct ockam_authorities *authorities;
	u32 half_open;
	u64 accepted;
	u64 refused;
};

/* Returns the endpoint with a reference, or an ERR_PTR. */
struct ockam_endpoint *
ockam_listener_create(struct ockam_node *node,
		      const struct ockam_listener_config *config);
void ockam_listener_info(struct ockam_endpoint *ep,
			 struct ockam_listener_info *info);

#endif /* OCKAM_LISTENER_H */
