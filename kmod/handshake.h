/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Half-open channels: time-outs, limits, trust. */
#ifndef OCKAM_HANDSHAKE_H
#define OCKAM_HANDSHAKE_H

#include "channel.h"

#define OCKAM_EARLY_MSGS	64		/* held until the verdict */
#define OCKAM_EARLY_BYTES	(4U << 20)
#define OCKAM_HANDSHAKE_MS	30000

/**
 * struct ockam_connect - how to open a channel
 * @route:   to the listener; copied
 * @trust:   acceptable peers, NULL for anyone; a reference of its own is taken
 * @owner:   of the channel's addresses
 * @expose:  addresses that become consumers of the channel's flow
 * @timeout_ms: 0 for the namespace's default
 */
struct ockam_connect {
	struct ockam_route route;
	struct ockam_trust *trust;
	struct ockam_owner owner;
	struct ockam_route expose;
	u32 timeout_ms;
};

/*
 * Initiator: sends message 1 and returns the channel (CONNECTING) with a
 * reference. -ENOKEY the node has no identity; the errno of dispatch.
 */
struct ockam_channel *ockam_handshake_start(struct ockam_node *node,
					    const struct ockam_connect *how);

/**
 * struct ockam_accept - what a listener wants from a responder's handshake
 * @flow:    the listener's flow; a reference of its own is taken
 * @trust:   acceptable peers
 * @owner:   of the channel's addresses
 * @name:    the listener's address: its consumers' flows are copied
 * @name_len: bytes in @name
 * @done:    the handshake is over, well (@ch is open) or not (@ch is NULL);
 *           called once, in process context, from a handshake worker, before
 *           the first ciphertext is opened: a sink set in it misses nothing
 * @arg:     for @done
 */
struct ockam_accept {
	struct ockam_flow *flow;
	struct ockam_trust *trust;
	struct ockam_owner owner;
	const u8 *name;
	u8 name_len;
	void (*done)(void *arg, struct ockam_channel *ch);
	void *arg;
};

/*
 * Responder: @skb is a first message, return route included; takes it. On
 * error @done is not called.
 */
int ockam_handshake_respond(struct ockam_node *node,
			    const struct ockam_accept *how,
			    struct sk_buff *skb, struct ockam_ctx *ctx);

#endif /* OCKAM_HANDSHAKE_H */
