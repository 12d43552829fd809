// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A message: one skb with its payload, its routes and where it came from. */

#include <linux/slab.h>
#include <linux/uio.h>
#include "msg.h"
#include "wire.h"

/*
 * Layout of the linear part:
 *
 *	head  [ meta | gaps and the two routes, in any order ]  data  payload
 *
 * A route that grows is extended downwards into the gap before it, else moved
 * to another gap, else the headroom is enlarged.
 */
#define OCKAM_MSG_LO		ALIGN(sizeof(struct ockam_meta), 8)
#define OCKAM_MSG_HEADROOM	768	/* routes, two channels, one transport */
#define OCKAM_MSG_TAILROOM	64	/* tags and tails of those */
#define OCKAM_MSG_LINEAR	1024	/* larger payloads lie in pages */
#define OCKAM_MSG_SLACK		128	/* spare room when something is moved */
#define OCKAM_MSG_TAIL_MAX	4096	/* what may follow a received payload */

static void ockam_msg_set_slices(struct sk_buff *skb)
{
	struct ockam_cb *cb = ockam_cb(skb);

	memset(cb, 0, sizeof(*cb));
	cb->onward_off = OCKAM_MSG_LO;
	cb->return_off = OCKAM_MSG_LO;
	cb->budget = OCKAM_HOP_BUDGET;
}

/**
 * ockam_msg_alloc_head() - an empty message
 * @linear: bytes that the caller will skb_put()
 * @gfp:    flags
 *
 * Return: the message or NULL.
 */
struct sk_buff *ockam_msg_alloc_head(size_t linear, gfp_t gfp)
{
	struct sk_buff *skb;

	skb = alloc_skb(OCKAM_MSG_HEADROOM + linear + OCKAM_MSG_TAILROOM, gfp);
	if (!skb)
		return NULL;
	skb_reserve(skb, OCKAM_MSG_HEADROOM);
	memset(skb->head, 0, OCKAM_MSG_LO);
	ockam_msg_set_slices(skb);
	return skb;
}

/**
 * ockam_msg_alloc() - a message with room for a payload
 * @len: bytes of payload, left uninitialised
 * @gfp: flags
 *
 * Return: the message or NULL.
 */
struct sk_buff *ockam_msg_alloc(size_t len, gfp_t gfp)
{
	struct sk_buff *skb;

	skb = ockam_msg_alloc_head(len <= OCKAM_MSG_LINEAR ? len : 0, gfp);
	if (!skb)
		return NULL;
	if (len <= OCKAM_MSG_LINEAR) {
		skb_put(skb, len);
	} else if (ockam_msg_grow(skb, len, gfp)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/**
 * ockam_msg_from_bytes() - a message with a payload
 * @data: payload
 * @len:  its bytes
 * @gfp:  flags
 *
 * Return: the message or NULL.
 */
struct sk_buff *ockam_msg_from_bytes(const void *data, size_t len, gfp_t gfp)
{
	struct sk_buff *skb = ockam_msg_alloc(len, gfp);

	if (skb && len && skb_store_bits(skb, 0, data, len)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/**
 * ockam_msg_copy_from_iter() - fill the payload
 * @skb:  message
 * @from: where from; must hold skb->len bytes
 *
 * Return: 0, -EFAULT.
 */
int ockam_msg_copy_from_iter(struct sk_buff *skb, struct iov_iter *from)
{
	return skb_copy_datagram_from_iter(skb, 0, from, skb->len);
}

/**
 * ockam_msg_fresh() - forget peer, flow and owner of a message
 * @skb: message
 */
void ockam_msg_fresh(struct sk_buff *skb)
{
	memset(ockam_meta(skb), 0, sizeof(struct ockam_meta));
}

/**
 * ockam_msg_onward() - the onward route
 * @skb: message
 *
 * Return: a slice that is valid until the message is changed.
 */
struct ockam_route ockam_msg_onward(const struct sk_buff *skb)
{
	const struct ockam_cb *cb = ockam_cb((struct sk_buff *)skb);

	return (struct ockam_route){ .hops = skb->head + cb->onward_off,
				     .len = cb->onward_len,
				     .count = cb->onward_count };
}

/**
 * ockam_msg_return() - the return route
 * @skb: message
 *
 * Return: a slice that is valid until the message is changed.
 */
struct ockam_route ockam_msg_return(const struct sk_buff *skb)
{
	const struct ockam_cb *cb = ockam_cb((struct sk_buff *)skb);

	return (struct ockam_route){ .hops = skb->head + cb->return_off,
				     .len = cb->return_len,
				     .count = cb->return_count };
}

/* More headroom; offsets and the meta block follow. */
static int ockam_msg_expand(struct sk_buff *skb, unsigned int more)
{
	struct ockam_cb *cb = ockam_cb(skb);

	more = ALIGN(more + OCKAM_MSG_SLACK, 64);
	if (pskb_expand_head(skb, more, 0, GFP_KERNEL))
		return -ENOMEM;
	memmove(skb->head, skb->head + more, OCKAM_MSG_LO);
	cb->onward_off += more;
	cb->return_off += more;
	return 0;
}

/**
 * struct ockam_msg_slot - a route of a message, by reference
 * @off:   first byte, from head
 * @len:   bytes
 * @count: addresses
 * @other_off: of the other route
 * @other_len: of the other route
 */
struct ockam_msg_slot {
	u32 *off;
	u16 *len;
	u8 *count;
	u32 *other_off;
	u16 *other_len;
};

static struct ockam_msg_slot ockam_msg_onward_slot(struct sk_buff *skb)
{
	struct ockam_cb *cb = ockam_cb(skb);

	return (struct ockam_msg_slot){ &cb->onward_off, &cb->onward_len,
					&cb->onward_count, &cb->return_off,
					&cb->return_len };
}

static struct ockam_msg_slot ockam_msg_return_slot(struct sk_buff *skb)
{
	struct ockam_cb *cb = ockam_cb(skb);

	return (struct ockam_msg_slot){ &cb->return_off, &cb->return_len,
					&cb->return_count, &cb->onward_off,
					&cb->onward_len };
}

/*
 * Where a route of @need bytes can lie: the new offset, or 0. An empty other
 * route is nowhere. The end of a gap is taken, to leave room to grow.
 */
static u32 ockam_msg_find_gap(const struct sk_buff *skb,
			      const struct ockam_msg_slot *slot, u32 need)
{
	u32 hi = skb_headroom(skb), lo = OCKAM_MSG_LO;
	u32 other = *slot->other_off, behind = other + *slot->other_len;

	if (!*slot->other_len)
		return hi >= lo + need ? hi - need : 0;
	if (other >= lo + need)
		return other - need;
	return hi >= behind + need ? hi - need : 0;
}

/* Put @len bytes with @count addresses in front of a route. */
static int ockam_msg_prefix(struct sk_buff *skb, struct ockam_msg_slot slot,
			    const u8 *hops, u16 len, u8 count)
{
	u32 lo = OCKAM_MSG_LO, to;

	if (*slot.count + count > OCKAM_HOPS_MAX)
		return -EMSGSIZE;
	if (!len)
		return 0;
	if (*slot.other_len && *slot.other_off < *slot.off)
		lo = *slot.other_off + *slot.other_len;
	if (*slot.len && *slot.off >= lo + len) {
		to = *slot.off - len;
	} else {
		to = ockam_msg_find_gap(skb, &slot, len + *slot.len);
		if (!to) {
			if (ockam_msg_expand(skb, len + *slot.len))
				return -ENOMEM;
			to = ockam_msg_find_gap(skb, &slot, len + *slot.len);
		}
		memmove(skb->head + to + len, skb->head + *slot.off, *slot.len);
	}
	memcpy(skb->head + to, hops, len);
	*slot.off = to;
	*slot.len += len;
	*slot.count += count;
	return 0;
}

/**
 * ockam_msg_push_onward() - put a route in front of the onward route
 * @skb:   message
 * @route: route; not a slice of this message
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int ockam_msg_push_onward(struct sk_buff *skb, const struct ockam_route *route)
{
	return ockam_msg_prefix(skb, ockam_msg_onward_slot(skb), route->hops,
				route->len, route->count);
}

/**
 * ockam_msg_push_return() - put an address in front of the return route
 * @skb:  message
 * @addr: address; not a slice of this message
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int ockam_msg_push_return(struct sk_buff *skb, const struct ockam_addr *addr)
{
	u8 hop[2 + OCKAM_ADDR_MAX];
	size_t len = ockam_addr_put(hop, sizeof(hop), addr);

	return ockam_msg_prefix(skb, ockam_msg_return_slot(skb), hop, len, 1);
}

static int ockam_msg_replace(struct sk_buff *skb, struct ockam_msg_slot slot,
			     const struct ockam_route *route)
{
	u16 len = *slot.len;
	u8 count = *slot.count;
	int err;

	*slot.len = 0;
	*slot.count = 0;
	err = ockam_msg_prefix(skb, slot, route->hops, route->len,
			       route->count);
	if (err) {
		*slot.len = len;
		*slot.count = count;
	}
	return err;
}

/**
 * ockam_msg_set_onward() - replace the onward route
 * @skb:   message
 * @route: route; not a slice of this message
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int ockam_msg_set_onward(struct sk_buff *skb, const struct ockam_route *route)
{
	return ockam_msg_replace(skb, ockam_msg_onward_slot(skb), route);
}

/**
 * ockam_msg_set_return() - replace the return route
 * @skb:   message
 * @route: route; not a slice of this message
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int ockam_msg_set_return(struct sk_buff *skb, const struct ockam_route *route)
{
	return ockam_msg_replace(skb, ockam_msg_return_slot(skb), route);
}

/**
 * ockam_msg_pop_onward() - take the first hop off the onward route
 * @skb:  message
 * @addr: set to it; valid until the message is changed
 *
 * Return: false when the route is empty.
 */
bool ockam_msg_pop_onward(struct sk_buff *skb, struct ockam_addr *addr)
{
	struct ockam_route onward = ockam_msg_onward(skb);
	struct ockam_cb *cb = ockam_cb(skb);

	if (!ockam_route_pop(&onward, addr))
		return false;
	cb->onward_off = onward.hops - skb->head;
	cb->onward_len = onward.len;
	cb->onward_count = onward.count;
	return true;
}

/**
 * ockam_msg_answer() - turn a message around
 * @skb:  message
 * @from: address that answers
 *
 * Return: 0, -ENOMEM.
 */
int ockam_msg_answer(struct sk_buff *skb, const struct ockam_addr *from)
{
	struct ockam_cb *cb = ockam_cb(skb);

	cb->onward_off = cb->return_off;
	cb->onward_len = cb->return_len;
	cb->onward_count = cb->return_count;
	cb->return_len = 0;
	cb->return_count = 0;
	return ockam_msg_push_return(skb, from);
}

/* Free @len bytes directly before the payload; the routes move down. */
static int ockam_msg_make_room(struct sk_buff *skb, u32 len)
{
	struct ockam_cb *cb = ockam_cb(skb);
	u32 low = U32_MAX, high = OCKAM_MSG_LO, by;

	if (cb->onward_len) {
		low = cb->onward_off;
		high = cb->onward_off + cb->onward_len;
	}
	if (cb->return_len) {
		low = min(low, cb->return_off);
		high = max(high, cb->return_off + cb->return_len);
	}
	if (skb_headroom(skb) >= high + len)
		return 0;
	by = high + len - skb_headroom(skb);
	if (low == U32_MAX)
		return ockam_msg_expand(skb, by);
	if (low < OCKAM_MSG_LO + by) {
		u32 before = skb_headroom(skb);

		if (ockam_msg_expand(skb, by))
			return -ENOMEM;
		low += skb_headroom(skb) - before;
		high += skb_headroom(skb) - before;
	}
	memmove(skb->head + low - by, skb->head + low, high - low);
	cb->onward_off -= by;
	cb->return_off -= by;
	return 0;
}

/**
 * ockam_msg_push() - grow the payload in front
 * @skb: message; its routes are kept
 * @len: bytes
 *
 * Return: the new first byte, or NULL without memory.
 */
u8 *ockam_msg_push(struct sk_buff *skb, size_t len)
{
	if (ockam_msg_make_room(skb, len))
		return NULL;
	return skb_push(skb, len);
}

/**
 * ockam_msg_append() - grow the payload behind
 * @skb:  message
 * @data: bytes to copy, NULL to leave them uninitialised
 * @len:  how many
 *
 * Return: 0, -ENOMEM.
 */
int ockam_msg_append(struct sk_buff *skb, const void *data, size_t len)
{
	unsigned int off = skb->len;
	int err;

	err = ockam_msg_grow(skb, len, GFP_KERNEL);
	if (!err && data)
		err = skb_store_bits(skb, off, data, len);
	return err;
}

/**
 * ockam_msg_pull() - cut the payload in front
 * @skb: message
 * @len: bytes
 *
 * Return: 0; -EBADMSG it has fewer; -ENOMEM.
 */
int ockam_msg_pull(struct sk_buff *skb, size_t len)
{
	if (len > skb->len)
		return -EBADMSG;
	return pskb_pull(skb, len) ? 0 : -ENOMEM;
}

/**
 * ockam_msg_trim() - cut the payload behind
 * @skb:     message
 * @new_len: bytes that stay
 *
 * Return: 0; -EBADMSG it has fewer; -ENOMEM.
 */
int ockam_msg_trim(struct sk_buff *skb, size_t new_len)
{
	if (new_len > skb->len)
		return -EBADMSG;
	return pskb_trim(skb, new_len);
}

/**
 * ockam_msg_linear() - the first bytes of the payload in one piece
 * @skb: message
 * @len: how many
 *
 * Return: them; NULL when there are fewer or no memory.
 */
u8 *ockam_msg_linear(struct sk_buff *skb, size_t len)
{
	return pskb_may_pull(skb, len) ? skb->data : NULL;
}

/**
 * ockam_msg_is_ours() - whether the payload may be overwritten
 * @skb: message
 *
 * All memory of a message comes from this module; it stays ours alone unless
 * somebody cloned the skb or holds on to its pages.
 *
 * Return: true when nobody else can see it.
 */
bool ockam_msg_is_ours(const struct sk_buff *skb)
{
	const struct sk_buff *frag;

	if (skb_cloned(skb) || skb_shared(skb) || skb_has_shared_frag(skb))
		return false;
	skb_walk_frags(skb, frag) {
		if (skb_cloned(frag) || skb_shared(frag) ||
		    skb_has_shared_frag(frag))
			return false;
	}
	return true;
}

static int ockam_msg_copy_bits(struct sk_buff *to, const struct sk_buff *from)
{
	unsigned int off, part;
	u8 *page;
	int err = 0;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (off = 0; !err && off < from->len; off += part) {
		part = min_t(unsigned int, from->len - off, PAGE_SIZE);
		err = skb_copy_bits(from, off, page, part);
		if (!err)
			err = skb_store_bits(to, off, page, part);
	}
	kfree_sensitive(page);
	return err;
}

/**
 * ockam_msg_make_ours() - make sure that the payload may be overwritten
 * @skb: message; replaced by a copy when it is not
 *
 * Return: 0; -ENOMEM: *@skb is as it was.
 */
int ockam_msg_make_ours(struct sk_buff **skb)
{
	struct ockam_route onward, ret;
	struct sk_buff *copy;
	int err;

	if (ockam_msg_is_ours(*skb))
		return 0;
	copy = ockam_msg_alloc((*skb)->len, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	onward = ockam_msg_onward(*skb);
	ret = ockam_msg_return(*skb);
	err = ockam_msg_copy_bits(copy, *skb);
	if (!err)
		err = ockam_msg_set_onward(copy, &onward);
	if (!err)
		err = ockam_msg_set_return(copy, &ret);
	if (err) {
		kfree_skb(copy);
		return -ENOMEM;
	}
	*ockam_meta(copy) = *ockam_meta(*skb);
	ockam_cb(copy)->budget = ockam_cb(*skb)->budget;
	consume_skb(*skb);
	*skb = copy;
	return 0;
}

/* Copy both routes of a scanned envelope into the headroom. */
static int ockam_msg_take_routes(struct sk_buff *skb,
				 const struct ockam_wire_head *head)
{
	u32 need = head->onward.bytes + head->ret.bytes + OCKAM_MSG_SLACK;
	struct ockam_cb *cb = ockam_cb(skb);
	struct ockam_route route;
	u32 hi;
	int err;

	cb->onward_len = 0;
	cb->onward_count = 0;
	cb->return_len = 0;
	cb->return_count = 0;
	if (skb_headroom(skb) < OCKAM_MSG_LO + need &&
	    ockam_msg_expand(skb, need))
		return -ENOMEM;
	/* The slack lies before the return route, which grows first. */
	hi = skb_headroom(skb) - head->ret.bytes;
	err = ockam_wire_get_route(&route, skb->head + hi, head->ret.bytes,
				   skb->data, &head->ret);
	if (err)
		return err;
	cb->return_off = hi;
	cb->return_len = route.len;
	cb->return_count = route.count;
	hi -= head->onward.bytes + OCKAM_MSG_SLACK;
	err = ockam_wire_get_route(&route, skb->head + hi, head->onward.bytes,
				   skb->data, &head->onward);
	if (err)
		return err;
	cb->onward_off = hi;
	cb->onward_len = route.len;
	cb->onward_count = route.count;
	return 0;
}

static int ockam_msg_check_tail(struct sk_buff *skb,
				const struct ockam_wire_head *head)
{
	unsigned int off = head->payload_off + head->payload_len;
	unsigned int total = skb->len - off;
	unsigned int have;
	u8 small[64], *more;
	int err;

	have = min_t(unsigned int, total, sizeof(small));
	if (skb_copy_bits(skb, off, small, have))
		return -EBADMSG;
	err = ockam_wire_check_tail(head, small, have, total);
	if (err != -ENODATA)
		return err;
	have = min_t(unsigned int, total, OCKAM_MSG_TAIL_MAX);
	more = kmalloc(have, GFP_KERNEL);
	if (!more)
		return -ENOMEM;
	err = skb_copy_bits(skb, off, more, have);
	if (!err)
		err = ockam_wire_check_tail(head, more, have, total);
	kfree(more);
	return err == -ENODATA ? -EBADMSG : err;
}

typedef int (*ockam_msg_scanner)(struct ockam_wire_head *out, const u8 *head,
				 size_t have, size_t total);

/* Scan with as much of the message in one piece as it takes. */
static int ockam_msg_scan_head(struct sk_buff *skb, ockam_msg_scanner scan,
			       struct ockam_wire_head *head)
{
	unsigned int most = min_t(unsigned int, skb->len,
				  3 * OCKAM_ROUTE_MAX);
	unsigned int have;
	int err;

	if (!skb->len)
		return -EBADMSG;
	have = min_t(unsigned int, most, max(skb_headlen(skb), 256u));
	for (;;) {
		if (!ockam_msg_linear(skb, have))
			return -ENOMEM;
		have = max(have, skb_headlen(skb));
		err = scan(head, skb->data, have, skb->len);
		if (err != -ENODATA)
			return err;
		if (have >= most)
			return -EMSGSIZE;
		have = min(have * 4, most);
	}
}

static int ockam_msg_unwrap(struct sk_buff *skb,
			    const struct ockam_wire_head *head)
{
	int err;

	if (head->kind == OCKAM_INNER_PAYLOAD) {
		err = ockam_msg_check_tail(skb, head);
		if (!err)
			err = ockam_msg_take_routes(skb, head);
		if (err)
			return err;
	}
	err = ockam_msg_trim(skb, head->payload_off + head->payload_len);
	return err ?: ockam_msg_pull(skb, head->payload_off);
}

/**
 * ockam_msg_scan_transport() - a received body becomes a message
 * @skb: payload = body
 *
 * Return: 0, -EBADMSG, -EMSGSIZE over the limits for routes, -ENOMEM.
 */
int ockam_msg_scan_transport(struct sk_buff *skb)
{
	struct ockam_wire_head head;
	int err;

	err = ockam_msg_scan_head(skb, ockam_wire_scan_transport, &head);
	return err ?: ockam_msg_unwrap(skb, &head);
}

/**
 * ockam_msg_scan_inner() - a plaintext becomes a message
 * @skb:  payload = plaintext
 * @kind: set to enum ockam_inner_kind
 *
 * Return: 0, -EBADMSG, -EMSGSIZE, -ENOMEM.
 */
int ockam_msg_scan_inner(struct sk_buff *skb, int *kind)
{
	struct ockam_wire_head head;
	int err;

	err = ockam_msg_scan_head(skb, ockam_wire_scan_inner, &head);
	if (err)
		return err;
	*kind = head.kind;
	return ockam_msg_unwrap(skb, &head);
}

typedef int (*ockam_msg_putter)(u8 *dst, size_t size,
				const struct ockam_route *onward,
				const struct ockam_route *ret,
				size_t payload_len);

static int ockam_msg_wrap(struct sk_buff *skb, ockam_msg_putter put, u8 tail)
{
	struct ockam_route onward = ockam_msg_onward(skb);
	struct ockam_route ret = ockam_msg_return(skb);
	struct ockam_cb *cb = ockam_cb(skb);
	u8 small[384], *head = small;
	int len, err;

	len = put(NULL, 0, &onward, &ret, skb->len);
	if (len < 0)
		return len;
	if (len > (int)sizeof(small)) {
		head = kmalloc(len, GFP_KERNEL);
		if (!head)
			return -ENOMEM;
	}
	put(head, len, &onward, &ret, skb->len);
	err = ockam_msg_append(skb, &tail, 1);
	if (!err) {
		cb->onward_len = 0;
		cb->onward_count = 0;
		cb->return_len = 0;
		cb->return_count = 0;
		err = ockam_msg_push(skb, len) ? 0 : -ENOMEM;
	}
	if (!err)
		memcpy(skb->data, head, len);
	if (head != small)
		kfree(head);
	return err;
}

/**
 * ockam_msg_wrap_transport() - a message becomes a frame
 * @skb: message
 *
 * Return: 0; -EMSGSIZE the frame would be too large; -ENOMEM: the message is
 * only fit to be freed.
 */
int ockam_msg_wrap_transport(struct sk_buff *skb)
{
	return ockam_msg_wrap(skb, ockam_wire_put_transport,
			      OCKAM_TRANSPORT_TAIL);
}

/**
 * ockam_msg_wrap_inner() - a message becomes a plaintext
 * @skb: message
 *
 * Return: as ockam_msg_wrap_transport().
 */
int ockam_msg_wrap_inner(struct sk_buff *skb)
{
	return ockam_msg_wrap(skb, ockam_wire_put_inner, OCKAM_INNER_TAIL);
}
