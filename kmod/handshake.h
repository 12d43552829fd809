/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Half-open channels: time-outs, limits, trust. */
#ifndef OCKAM_HANDSHAKE_H
#define OCKAM_HANDSHAKE_H

#include "channel.h"

#define OCKAM_EARLY_MSGS	64		/* held until the verdict */
#define OCKAM_EARLY_BYTES	(4U << 20)

/**
 * struct ockam_connect - how to open a channel
 * @route:   to the listener; copied
 * @trust:   acceptable peers, NULL for anyone; a reference of its own is taken
 * @authorities: whose credentials count, or NULL; the same
 * @owner:   of the channel's addresses
 * @admin:   may send through the first hop, whoever owns it
 * @expose:  addresses that become consumers of the channel's flow
 * @timeout_ms: 0 for the namespace's default
 * @life:    when the channel closes by itself
 * @sink:    NULL, or the endpoint of the socket that will own the channel: as
 *           ockam_channel_set_sink(), before anything can arrive
 * @port:    for @sink
 * @port_len: for @sink
 */
struct ockam_connect {
	struct ockam_route route;
	struct ockam_trust *trust;
	struct ockam_authorities *authorities;
	struct ockam_owner owner;
	bool admin;
	struct ockam_route expose;
	u32 timeout_ms;
	struct ockam_channel_life life;
	struct ockam_endpoint *sink;
	const u8 *port;
	u8 port_len;
};

/*
 * Initiator: sends message 1, with the owner's rights, and returns the channel
 * (CONNECTING) with a reference. -ENOKEY the node has no identity; the errno of
 * dispatch.
 */
struct ockam_channel *ockam_handshake_start(struct ockam_node *node,
					    const struct ockam_connect *how);

/**
 * struct ockam_accept - what a listener wants from a responder's handshake
 * @flow:    the listener's flow; a reference of its own is taken
 * @trust:   acceptable peers
 * @authorities: whose credentials count, or NULL
 * @owner:   of the channel's addresses
 * @life:    when the channel closes by itself
 * @name:    the listener's address: its consumers' flows are copied; needed
 *           during the call only
 * @name_len: bytes in @name
 * @charge:  the peer's history cost so many signature checks more than usual;
 *           same context as @done, before it
 * @done:    the handshake is over, well (@ch is open) or not (@ch is NULL);
 *           called once, in process context, from a handshake worker, before
 *           the first ciphertext is opened: a sink set in it misses nothing
 * @arg:     for @charge and @done
 */
struct ockam_accept {
	struct ockam_flow *flow;
	struct ockam_trust *trust;
	struct ockam_authorities *authorities;
	struct ockam_owner owner;
	struct ockam_channel_life life;
	const u8 *name;
	u8 name_len;
	void (*charge)(void *arg, u32 checks);
	void (*done)(void *arg, struct ockam_channel *ch);
	void *arg;
};

/*
 * Responder: @skb is a first message, return route included; takes it. On
 * error neither @charge nor @done is called.
 */
int ockam_handshake_respond(struct ockam_node *node,
			    const struct ockam_accept *how,
			    struct sk_buff *skb, struct ockam_ctx *ctx);

#endif /* OCKAM_HANDSHAKE_H */
