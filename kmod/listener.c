// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Channel listeners and admission. */

#include <linux/ktime.h>
#include <linux/slab.h>
#include "handshake.h"
#include "listener.h"
#include "msg.h"
#include "node.h"
#include "noise.h"
#include "notify.h"

#define OCKAM_LISTENER_RATE	200	/* signature checks a second */
#define OCKAM_LISTENER_BURST	400
#define OCKAM_LISTENER_COST	2	/* checks of an ordinary peer */

/**
 * struct ockam_listener - an address that answers first messages
 * @ep:        address and ops
 * @flow:      spawner's flow of its channels
 * @trust:     acceptable peers
 * @authorities: whose credentials count, or NULL
 * @owner:     of its channels' addresses
 * @life:      when they close by themselves
 * @accept:    see struct ockam_listener_config
 * @release:   the same
 * @arg:       the same
 * @lock:      protects the fields below
 * @half_open: list of struct ockam_half_open
 * @count:     entries in it
 * @tokens:    signature checks that may still be spent; below 0: that were spent
 *             ahead, because a peer had a long history
 * @refilled:  when @tokens was computed, nanoseconds
 * @accepted:  channels opened
 * @refused:   handshakes that failed or were not admitted
 */
struct ockam_listener {
	struct ockam_endpoint ep;
	struct ockam_flow *flow;
	struct ockam_trust *trust;
	struct ockam_authorities *authorities;
	struct ockam_owner owner;
	struct ockam_channel_life life;
	bool (*accept)(void *arg, struct ockam_channel *ch);
	void (*release)(void *arg);
	void *arg;
	spinlock_t lock;
	struct list_head half_open;
	u32 count;
	int tokens;
	u64 refilled;
	u64 accepted;
	u64 refused;
};

/**
 * struct ockam_half_open - a handshake under way
 * @entry:    in the listener's list
 * @listener: with a reference
 * @first:    bytes of @peer that are the first hop
 * @len:      bytes of @peer
 * @peer:     first two hops of the return route: who it is, as far as we know
 */
struct ockam_half_open {
	struct list_head entry;
	struct ockam_listener *listener;
	u16 first;
	u16 len;
	u8 peer[];
};

static struct ockam_listener *ockam_listener(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_listener, ep);
}

static void ockam_listener_refill(struct ockam_listener *listener)
{
	const u64 each = NSEC_PER_SEC / OCKAM_LISTENER_RATE;
	u64 more = div_u64(ktime_get_ns() - listener->refilled, each);

	listener->refilled += more * each;
	listener->tokens = min_t(s64, listener->tokens + (s64)more,
				 OCKAM_LISTENER_BURST);
}

/* Room for one more handshake of this peer? */
static bool ockam_listener_admit(struct ockam_listener *listener,
				 struct ockam_half_open *half)
{
	const struct ockam_limits *limits = &listener->ep.node->onet->limits;
	struct ockam_half_open *other;
	u32 same = 0, near = 0;
	bool ok;

	spin_lock_bh(&listener->lock);
	ockam_listener_refill(listener);
	list_for_each_entry(other, &listener->half_open, entry) {
		if (other->first != half->first ||
		    memcmp(other->peer, half->peer, half->first))
			continue;
		near++;
		if (other->len == half->len &&
		    !memcmp(other->peer, half->peer, half->len))
			same++;
	}
	/* Only the first hop is ours: who lies about the second gains little. */
	ok = listener->count < limits->half_open &&
	     same < limits->half_open_peer &&
	     near < max(limits->half_open / 4, limits->half_open_peer) &&
	     listener->tokens >= OCKAM_LISTENER_COST;
	if (ok) {
		listener->tokens -= OCKAM_LISTENER_COST;
		listener->count++;
		list_add_tail(&half->entry, &listener->half_open);
	} else {
		listener->refused++;
	}
	spin_unlock_bh(&listener->lock);
	return ok;
}

static void ockam_listener_forget(struct ockam_half_open *half, bool accepted)
{
	struct ockam_listener *listener = half->listener;

	spin_lock_bh(&listener->lock);
	list_del(&half->entry);
	listener->count--;
	if (accepted)
		listener->accepted++;
	else
		listener->refused++;
	spin_unlock_bh(&listener->lock);
	ockam_endpoint_put(&listener->ep);
	kfree(half);
}

/* A peer cost more than what its admission took. */
static void ockam_listener_charge(void *arg, u32 checks)
{
	struct ockam_half_open *half = arg;
	struct ockam_listener *listener = half->listener;

	spin_lock_bh(&listener->lock);
	listener->tokens = max_t(int, listener->tokens - (int)checks,
				 -OCKAM_LISTENER_BURST);
	spin_unlock_bh(&listener->lock);
}

static void ockam_listener_done(void *arg, struct ockam_channel *ch)
{
	struct ockam_half_open *half = arg;
	struct ockam_listener *listener = half->listener;
	bool accepted = ch;

	if (ch && (READ_ONCE(listener->ep.dead) ||
		   (listener->accept && !listener->accept(listener->arg, ch)))) {
		ockam_channel_close(ch, OCKAM_DROP_BACKLOG_FULL);
		accepted = false;
	}
	ockam_listener_forget(half, accepted);
}

static struct ockam_half_open *
ockam_listener_half_open(struct ockam_listener *listener,
			 const struct sk_buff *skb)
{
	struct ockam_route ret = ockam_msg_return(skb), rest = ret;
	struct ockam_half_open *half;
	struct ockam_addr addr;

	ockam_route_pop(&rest, &addr);
	ockam_route_pop(&rest, &addr);
	/* A peer without a relay has its own decryptor second: one hop then. */
	if (ret.count <= 2) {
		rest = ret;
		ockam_route_pop(&rest, &addr);
	}
	half = kmalloc(struct_size(half, peer, ret.len - rest.len),
		       GFP_KERNEL_ACCOUNT);
	if (!half)
		return NULL;
	half->listener = listener;
	ockam_route_next(&ret, &addr);
	half->first = 2 + addr.len;
	half->len = ret.len - rest.len;
	memcpy(half->peer, ret.hops, half->len);
	ockam_endpoint_get(&listener->ep);
	return half;
}

static struct sk_buff *ockam_listener_rcv(struct ockam_endpoint *ep,
					  struct sk_buff *skb,
					  struct ockam_ctx *ctx)
{
	struct ockam_listener *listener = ockam_listener(ep);
	struct ockam_accept how = {
		.flow = listener->flow,
		.trust = listener->trust,
		.authorities = listener->authorities,
		.owner = listener->owner,
		.life = listener->life,
		.name = ep->name,
		.name_len = ep->name_len,
		.charge = ockam_listener_charge,
		.done = ockam_listener_done,
	};
	struct ockam_half_open *half;

	if (skb->len < OCKAM_NOISE_MSG1_LEN || skb->len > OCKAM_NOISE_MSG_MAX)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_HS_MALFORMED);
	if (!ockam_msg_return(skb).count)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_EMPTY_ROUTE);
	half = ockam_listener_half_open(listener, skb);
	if (!half)
		return ockam_ctx_drop(ctx, ep->node, skb, OCKAM_DROP_NO_MEMORY);
	if (!ockam_listener_admit(listener, half)) {
		ockam_endpoint_put(ep);
		kfree(half);
		return ockam_ctx_drop(ctx, ep->node, skb, OCKAM_DROP_HS_LIMIT);
	}
	how.arg = half;
	if (ockam_handshake_respond(ep->node, &how, skb, ctx))
		ockam_listener_forget(half, false);
	return NULL;
}

static void ockam_listener_shutdown(struct ockam_endpoint *ep)
{
	if (ockam_endpoint_unpublish(ep))
		ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_listener_release(struct ockam_endpoint *ep)
{
	struct ockam_listener *listener = ockam_listener(ep);

	if (listener->release)
		listener->release(listener->arg);
	ockam_flow_put(listener->flow);
	ockam_trust_put(listener->trust);
	ockam_authorities_put(listener->authorities);
	ockam_endpoint_fini(ep);
	ockam_ledger_destroyed(OCKAM_OBJ_LISTENER);
	kfree_rcu(listener, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_listener_ops = {
	.kind = OCKAM_EP_LISTENER,
	.rcv = ockam_listener_rcv,
	.shutdown = ockam_listener_shutdown,
	.release = ockam_listener_release,
};

/**
 * ockam_listener_create() - accept channels at an address
 * @node:   node
 * @config: how; copied
 *
 * When it fails, @config->release is not called.
 *
 * Return: its endpoint with a reference; ERR_PTR: -ENOKEY the node has no
 * identity, -EADDRINUSE, -EINVAL, -ENAMETOOLONG, -ENOMEM, -ESHUTDOWN.
 */
struct ockam_endpoint *
ockam_listener_create(struct ockam_node *node,
		      const struct ockam_listener_config *config)
{
	struct ockam_listener *listener;
	int err;

	if (!rcu_access_pointer(node->identity))
		return ERR_PTR(-ENOKEY);
	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&listener->lock);
	INIT_LIST_HEAD(&listener->half_open);
	listener->tokens = OCKAM_LISTENER_BURST;
	listener->refilled = ktime_get_ns();
	listener->owner = config->owner;
	listener->life = config->life;
	listener->flow = ockam_flow_create(node);
	err = PTR_ERR_OR_ZERO(listener->flow);
	if (err)
		goto err_free;
	err = ockam_flow_expose_all(listener->flow, &config->expose);
	if (!err)
		err = ockam_endpoint_init(&listener->ep, node,
					  &ockam_listener_ops, config->name,
					  config->name_len, &config->owner);
	if (err)
		goto err_flow;
	ockam_ledger_created(OCKAM_OBJ_LISTENER);
	listener->trust = ockam_trust_get(config->trust);
	listener->authorities = ockam_authorities_get(config->authorities);
	listener->accept = config->accept;
	listener->arg = config->arg;
	err = ockam_endpoint_publish(&listener->ep);
	if (err) {
		ockam_endpoint_put(&listener->ep);
		return ERR_PTR(err);
	}
	listener->release = config->release;
	ockam_notify(&listener->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	return &listener->ep;

err_flow:
	ockam_flow_put(listener->flow);
err_free:
	kfree(listener);
	return ERR_PTR(err);
}

/**
 * ockam_listener_info() - how a listener is doing
 * @ep:   its endpoint
 * @info: filled in
 */
void ockam_listener_info(struct ockam_endpoint *ep,
			 struct ockam_listener_info *info)
{
	struct ockam_listener *listener = ockam_listener(ep);

	info->flow = listener->flow;
	info->trust = listener->trust;
	info->life = listener->life;
	info->authorities = listener->authorities;
	spin_lock_bh(&listener->lock);
	info->half_open = listener->count;
	info->accepted = listener->accepted;
	info->refused = listener->refused;
	spin_unlock_bh(&listener->lock);
}
