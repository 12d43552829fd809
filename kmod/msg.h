/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A message: one skb with its payload, its routes and where it came from. */
#ifndef OCKAM_MSG_H
#define OCKAM_MSG_H

#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include "ident.h"
#include "route.h"
#include "wire.h"

struct bio_vec;
struct iov_iter;
struct msghdr;

#define OCKAM_HOP_BUDGET	64	/* hops of a message inside one node */
#define OCKAM_PAYLOAD_MAX	(OCKAM_FRAME_MAX - 2048)

/* Who made or last rewrote a message: what policy decides on. */
enum ockam_origin {
	OCKAM_ORIGIN_WORKER,	/* a service, relay or other code of ours */
	OCKAM_ORIGIN_SOCKET,	/* a local socket: @uid and @admin are set */
	OCKAM_ORIGIN_PRODUCER,	/* connection or channel: @flow is set */
};

/**
 * struct ockam_meta - what is known about a message; at the skb's head
 * @origin:   enum ockam_origin
 * @admin:    the sending socket's opener had CAP_NET_ADMIN
 * @has_peer: @peer is set
 * @plain:    came over a transport that a loopback-bound listener accepted,
 *            without a channel
 * @flow:     flow of the producer, else 0
 * @spawner:  flow of the listener that spawned it, else 0
 * @uid:      owner of the sending socket
 * @peer:     identifier that a channel authenticated
 *
 * Lies in memory that only this module writes; never set from the wire or by a
 * sender. ockam_msg_fresh() clears it.
 */
struct ockam_meta {
	u8 origin;
	bool admin;
	bool has_peer;
	bool plain;
	u32 flow;
	u32 spawner;
	kuid_t uid;
	u8 peer[OCKAM_IDENTIFIER_LEN];
};

/**
 * struct ockam_cb - control block: where the routes lie, as offsets from head
 * @onward_off:   first byte of the onward route
 * @return_off:   first byte of the return route
 * @onward_len:   its bytes
 * @return_len:   its bytes
 * @onward_count: its addresses
 * @return_count: its addresses
 * @budget:       hops left inside this node
 *
 * skb->data is the first payload byte and skb->len the payload's length. The
 * routes lie between the meta block and skb->data; they move when they grow.
 */
struct ockam_cb {
	u32 onward_off;
	u32 return_off;
	u16 onward_len;
	u16 return_len;
	u8 onward_count;
	u8 return_count;
	u8 budget;
};

static inline struct ockam_cb *ockam_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ockam_cb) > 44);
	return (struct ockam_cb *)skb->cb;
}

static inline struct ockam_meta *ockam_meta(struct sk_buff *skb)
{
	return (struct ockam_meta *)skb->head;
}

/*
 * All functions: process context, may sleep. Those that return int leave the
 * message unchanged when they fail (-ENOMEM, -EMSGSIZE) and never free it.
 */

/* @len payload bytes, uninitialised: linear when small, else in pages. */
struct sk_buff *ockam_msg_alloc(size_t len, gfp_t gfp);
/* An skb without payload whose linear part takes @linear bytes with skb_put. */
struct sk_buff *ockam_msg_alloc_head(size_t linear, gfp_t gfp);
/* Room for @len more bytes behind the payload, in memory that is ours alone. */
int ockam_msg_grow(struct sk_buff *skb, size_t len, gfp_t gfp);
struct sk_buff *ockam_msg_from_bytes(const void *data, size_t len, gfp_t gfp);
int ockam_msg_copy_from_iter(struct sk_buff *skb, struct iov_iter *from);

/* Forget peer, flow and owner; routes, payload and budget stay. */
void ockam_msg_fresh(struct sk_buff *skb);

struct ockam_route ockam_msg_onward(const struct sk_buff *skb);
struct ockam_route ockam_msg_return(const struct sk_buff *skb);
int ockam_msg_set_onward(struct sk_buff *skb, const struct ockam_route *route);
int ockam_msg_set_return(struct sk_buff *skb, const struct ockam_route *route);
/* Put a whole route in front. */
int ockam_msg_push_onward(struct sk_buff *skb, const struct ockam_route *route);
int ockam_msg_push_return(struct sk_buff *skb, const struct ockam_addr *addr);
/* False when empty; *addr stays valid until the message is changed. */
bool ockam_msg_pop_onward(struct sk_buff *skb, struct ockam_addr *addr);
/* onward := return, return := [addr]: what a service does to answer. */
int ockam_msg_answer(struct sk_buff *skb, const struct ockam_addr *from);

/* Grow the payload in front by @len bytes (routes are kept) and return it. */
u8 *ockam_msg_push(struct sk_buff *skb, size_t len);
/* Grow the payload behind; the bytes are copied from @data or left as is. */
int ockam_msg_append(struct sk_buff *skb, const void *data, size_t len);
/* Cut the payload in front or behind; -EBADMSG when it is too short. */
int ockam_msg_pull(struct sk_buff *skb, size_t len);
int ockam_msg_trim(struct sk_buff *skb, size_t new_len);
/* The first @len payload bytes, linear; NULL when there are fewer or no memory. */
u8 *ockam_msg_linear(struct sk_buff *skb, size_t len);
/* The pieces of memory behind the linear part, from @off on; how many. */
int ockam_msg_page_vecs(const struct sk_buff *skb, u32 off,
			struct bio_vec *vecs, int most, size_t *bytes);
/* Whether the payload's memory is ours alone, so that it may be overwritten. */
bool ockam_msg_is_ours(const struct sk_buff *skb);
/* Make it so, by a copy when needed; the new skb replaces *skb. */
int ockam_msg_make_ours(struct sk_buff **skb);

/*
 * Envelopes. scan_* turn a received body (payload = the whole body) into a
 * message: routes set, payload cut to the payload proper. -EBADMSG, -EMSGSIZE
 * as in wire.h, -ENOMEM. wrap_* do the reverse: the payload becomes the whole
 * frame or plaintext; the routes are then empty.
 */
int ockam_msg_scan_transport(struct sk_buff *skb);
/* kind: enum ockam_inner_kind; routes and payload only for a payload message */
int ockam_msg_scan_inner(struct sk_buff *skb, int *kind);
int ockam_msg_wrap_transport(struct sk_buff *skb);
int ockam_msg_wrap_inner(struct sk_buff *skb);

#endif /* OCKAM_MSG_H */
