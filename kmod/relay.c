// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Relays: the service that takes registrations, and the addresses it makes. */

#include <linux/slab.h>
#include "dispatch.h"
#include "flow.h"
#include "holder.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "relay.h"
#include "wire.h"

static const char ockam_relay_any[] = "register";
static const char ockam_relay_ephemeral[] = "forwarding_service";

/**
 * struct ockam_relay_service - takes registrations
 * @ep:    address and ops
 * @trust: identities that may register; NULL: see relay.h
 * @owner: of the relays
 */
struct ockam_relay_service {
	struct ockam_endpoint ep;
	struct ockam_trust *trust;
	struct ockam_owner owner;
};

/**
 * struct ockam_relay - an address that forwards along a stored route
 * @ep:       address and ops
 * @has_peer: an identity registered it
 * @peer:     that identity
 * @holder:   on whose account it goes
 * @created:  seconds, wall clock
 * @msgs:     messages forwarded
 * @bytes:    their payload bytes
 * @first:    watch on the first hop of the forward route
 * @first_ep: that hop, with a reference
 * @work:     removes the relay when the hop is gone
 * @target:   route to put in front: the forward route without its last hop
 * @forward:  the whole forward route, where the confirmation goes
 * @hops:     memory of both
 *
 * Never changes: a new registration replaces the whole relay.
 */
struct ockam_relay {
	struct ockam_endpoint ep;
	bool has_peer;
	u8 peer[OCKAM_IDENTIFIER_LEN];
	struct ockam_holder *holder;
	u64 created;
	atomic64_t msgs;
	atomic64_t bytes;
	struct ockam_watch first;
	struct ockam_endpoint *first_ep;
	struct work_struct work;
	struct ockam_route target;
	struct ockam_route forward;
	u8 hops[];
};

static struct ockam_relay *ockam_relay(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_relay, ep);
}

/*
 * Answers to a relayed message pass the two transports directly: each may
 * reach the other. The first hop of the return route is what the message came
 * in by, since that put it there; what follows was chosen by the sender and
 * opens nothing.
 */
static int ockam_relay_open_flows(struct ockam_relay *relay,
				  struct sk_buff *skb)
{
	const struct ockam_meta *meta = ockam_meta(skb);
	struct ockam_route ret = ockam_msg_return(skb);
	struct ockam_endpoint *out = relay->first_ep, *in;
	struct ockam_node *node = relay->ep.node;
	struct ockam_addr back;
	int err = 0;

	if (meta->origin != OCKAM_ORIGIN_PRODUCER || !out ||
	    !ockam_route_next(&ret, &back) || back.type)
		return 0;
	in = ockam_endpoint_lookup(node, back.value, back.len);
	if (!in)
		return 0;
	if (in->flow && in->flow == meta->flow) {
		err = ockam_flow_admit(node, out->flow, in);
		if (!err)
			err = ockam_flow_admit(node, in->flow, out);
	}
	ockam_endpoint_put(in);
	return err == -ENOMEM ? err : 0;
}

static struct sk_buff *ockam_relay_rcv(struct ockam_endpoint *ep,
				       struct sk_buff *skb,
				       struct ockam_ctx *ctx)
{
	struct ockam_relay *relay = ockam_relay(ep);
	int err;

	err = ockam_relay_open_flows(relay, skb);
	if (!err)
		err = ockam_msg_push_onward(skb, &relay->target);
	if (err)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      ockam_drop_route(err));
	atomic64_inc(&relay->msgs);
	atomic64_add(skb->len, &relay->bytes);
	ockam_msg_fresh(skb);
	return skb;
}

static void ockam_relay_shutdown(struct ockam_endpoint *ep)
{
	struct ockam_relay *relay = ockam_relay(ep);

	if (!ockam_endpoint_unpublish(ep))
		return;
	if (relay->first_ep)
		ockam_endpoint_unwatch(relay->first_ep, &relay->first);
	ockam_notify_peer(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE,
			  relay->has_peer ? relay->peer : NULL);
}

static void ockam_relay_work(struct work_struct *work)
{
	struct ockam_relay *relay = container_of(work, struct ockam_relay,
						 work);

	ockam_relay_shutdown(&relay->ep);
	ockam_endpoint_put(&relay->ep);
}

static void ockam_relay_first_hop(struct ockam_watch *watch,
				  enum ockam_watch_event event)
{
	struct ockam_relay *relay = container_of(watch, struct ockam_relay,
						 first);

	if (event != OCKAM_WATCH_GONE || !ockam_endpoint_tryget(&relay->ep))
		return;
	if (!queue_work(ockam_wq, &relay->work))
		ockam_endpoint_put(&relay->ep);
}

static void ockam_relay_release(struct ockam_endpoint *ep)
{
	struct ockam_relay *relay = ockam_relay(ep);

	if (relay->first_ep) {
		/* Who shut it down may have come before the watch did. */
		ockam_endpoint_unwatch(relay->first_ep, &relay->first);
		ockam_endpoint_put(relay->first_ep);
	}
	atomic_dec(&ep->node->onet->relays);
	ockam_holder_uncharge(ep->node->onet, relay->holder);
	ockam_endpoint_fini(ep);
	ockam_ledger_destroyed(OCKAM_OBJ_RELAY);
	kfree_rcu(relay, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_relay_ops = {
	.kind = OCKAM_EP_RELAY,
	.rcv = ockam_relay_rcv,
	.shutdown = ockam_relay_shutdown,
	.release = ockam_relay_release,
};

/* The relay's address from the name that was asked for; its length, or 0. */
static size_t ockam_relay_address(u8 *dst, const struct ockam_endpoint *service,
				  const u8 *name, size_t len)
{
	const size_t prefix = sizeof(OCKAM_RELAY_PREFIX) - 1;
	bool full = len > prefix && !memcmp(name, OCKAM_RELAY_PREFIX, prefix) &&
		    service->name_len == sizeof(ockam_relay_ephemeral) - 1 &&
		    !memcmp(service->name, ockam_relay_ephemeral,
			    service->name_len);
	size_t i;

	if (!len || len > OCKAM_RELAY_NAME_MAX)
		return 0;
	for (i = 0; i < len; i++)
		if (name[i] <= 32 || name[i] > 126 || name[i] == '#' ||
		    name[i] == '/')
			return 0;
	if (full) {
		memcpy(dst, name, len);
		return len;
	}
	memcpy(dst, OCKAM_RELAY_PREFIX, prefix);
	if (len == sizeof(ockam_relay_any) - 1 &&
	    !memcmp(name, ockam_relay_any, len)) {
		ockam_random_name(dst + prefix);
		return prefix + OCKAM_RANDOM_ADDR_LEN;
	}
	memcpy(dst + prefix, name, len);
	return prefix + len;
}

/* May this sender register at all? */
static bool ockam_relay_may_register(const struct ockam_relay_service *service,
				     const struct ockam_meta *meta)
{
	if (meta->has_peer)
		return ockam_trust_accepts(service->trust, meta->peer);
	if (service->trust)
		return false;
	return meta->plain || meta->origin == OCKAM_ORIGIN_WORKER ||
	       (meta->origin == OCKAM_ORIGIN_SOCKET && meta->admin);
}

/* May it take the place of a relay that has the name? */
static bool ockam_relay_may_replace(const struct ockam_relay *old,
				    const struct ockam_meta *meta,
				    const struct ockam_endpoint *first)
{
	if (old->has_peer)
		return meta->has_peer && !memcmp(old->peer, meta->peer,
						 OCKAM_IDENTIFIER_LEN);
	return !meta->has_peer &&
	       (old->first_ep == first || READ_ONCE(old->first_ep->dead));
}

/* Is there room for one more; or for this one, in the place of @old? */
static enum ockam_drop ockam_relay_charge(struct ockam_net *onet,
					  const struct ockam_meta *meta,
					  const struct ockam_endpoint *first,
					  const struct ockam_endpoint *old,
					  struct ockam_holder **holder)
{
	struct ockam_holder_id id = { .has_peer = meta->has_peer };

	if (old && (old->ops != &ockam_relay_ops ||
		    !ockam_relay_may_replace(container_of(old,
							  struct ockam_relay,
							  ep), meta, first)))
		return OCKAM_DROP_RELAY_TAKEN;
	if (!old && atomic_read(&onet->relays) >= (int)onet->limits.relays)
		return OCKAM_DROP_RELAY_LIMIT;
	if (meta->has_peer)
		memcpy(id.id, meta->peer, sizeof(id.id));
	else
		memcpy(id.id, first->name, min_t(size_t, first->name_len,
						 sizeof(id.id)));
	return ockam_holder_charge(onet, &id, old, holder);
}

static struct ockam_relay *ockam_relay_alloc(struct ockam_relay_service *service,
					     const struct sk_buff *skb,
					     const u8 *name, size_t len,
					     struct ockam_holder *holder)
{
	const struct ockam_meta *meta = ockam_meta((struct sk_buff *)skb);
	struct ockam_route forward = ockam_msg_return(skb);
	struct ockam_node *node = service->ep.node;
	struct ockam_relay *relay;
	int err;

	relay = kzalloc(sizeof(*relay) + forward.len, GFP_KERNEL_ACCOUNT);
	if (!relay)
		return NULL;
	err = ockam_endpoint_init(&relay->ep, node, &ockam_relay_ops, name, len,
				  &service->owner);
	if (err) {
		kfree(relay);
		return NULL;
	}
	atomic_inc(&node->onet->relays);
	ockam_ledger_created(OCKAM_OBJ_RELAY);
	memcpy(relay->hops, forward.hops, forward.len);
	relay->forward = forward;
	relay->forward.hops = relay->hops;
	relay->target = forward.count > 1 ?
			ockam_route_but_last(&relay->forward) : relay->forward;
	relay->holder = holder;
	relay->has_peer = meta->has_peer;
	memcpy(relay->peer, meta->peer, sizeof(relay->peer));
	relay->created = ktime_get_real_seconds();
	relay->first.event = ockam_relay_first_hop;
	INIT_LIST_HEAD(&relay->first.entry);
	INIT_WORK(&relay->work, ockam_relay_work);
	return relay;
}

/* Publish a relay whose first hop is alive. Drops the references on error. */
static enum ockam_drop ockam_relay_publish(struct ockam_relay_service *service,
					   struct ockam_relay *relay,
					   struct ockam_endpoint *first)
{
	struct ockam_endpoint *ep = &relay->ep;
	int err;

	ockam_endpoint_get(first);
	relay->first_ep = first;
	/* Where the answers to who sends through it from this node come from. */
	ep->flow = first->flow;
	err = ockam_endpoint_publish(ep);
	if (!err)
		err = ockam_flow_copy(ep->node, service->ep.name,
				      service->ep.name_len, ep);
	if (!err)
		err = ockam_endpoint_watch(first, &relay->first);
	if (!err) {
		ockam_notify_peer(ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE,
				  relay->has_peer ? relay->peer : NULL);
		return OCKAM_DROP_NONE;
	}
	ockam_endpoint_unpublish(ep);
	return err == -EADDRINUSE ? OCKAM_DROP_RELAY_TAKEN :
	       err == -ENOMEM ? OCKAM_DROP_NO_MEMORY : OCKAM_DROP_CLOSED;
}

/* All that can be checked has been; @old, if any, makes way. */
static enum ockam_drop ockam_relay_make(struct ockam_relay_service *service,
					const struct sk_buff *skb,
					const u8 *name, size_t len,
					struct ockam_endpoint *first,
					struct ockam_endpoint *old,
					struct ockam_holder *holder,
					struct ockam_relay **out)
{
	struct ockam_relay *relay;
	enum ockam_drop why;

	relay = ockam_relay_alloc(service, skb, name, len, holder);
	if (!relay) {
		ockam_holder_uncharge(service->ep.node->onet, holder);
		return OCKAM_DROP_NO_MEMORY;
	}
	if (old)
		ockam_relay_shutdown(old);
	why = ockam_relay_publish(service, relay, first);
	if (why)
		ockam_endpoint_put(&relay->ep);
	else
		*out = relay;
	return why;
}

static enum ockam_drop ockam_relay_register(struct ockam_relay_service *service,
					    struct sk_buff *skb, const u8 *name,
					    size_t len,
					    struct ockam_relay **out)
{
	const struct ockam_meta *meta = ockam_meta(skb);
	struct ockam_route forward = ockam_msg_return(skb);
	struct ockam_node *node = service->ep.node;
	struct ockam_endpoint *first, *old;
	struct ockam_holder *holder;
	struct ockam_addr hop;
	enum ockam_drop why;

	if (!ockam_relay_may_register(service, meta))
		return OCKAM_DROP_RELAY_NOT_AUTHORIZED;
	if (!ockam_route_next(&forward, &hop) || hop.type)
		return OCKAM_DROP_EMPTY_ROUTE;
	first = ockam_endpoint_lookup(node, hop.value, hop.len);
	if (!first)
		return OCKAM_DROP_NO_ROUTE;
	old = ockam_endpoint_lookup(node, name, len);
	why = ockam_relay_charge(node->onet, meta, first, old, &holder);
	if (!why)
		why = ockam_relay_make(service, skb, name, len, first, old,
				       holder, out);
	if (old)
		ockam_endpoint_put(old);
	ockam_endpoint_put(first);
	return why;
}

/* The confirmation: the registration itself, along the forward route. */
static struct sk_buff *ockam_relay_confirm(struct ockam_relay *relay,
					   struct sk_buff *skb,
					   struct ockam_ctx *ctx)
{
	struct ockam_addr own = ockam_endpoint_addr(&relay->ep);
	const struct ockam_route none = {};
	int err;

	ockam_msg_fresh(skb);
	err = ockam_msg_set_return(skb, &none);
	if (!err)
		err = ockam_msg_set_onward(skb, &relay->forward);
	if (!err)
		err = ockam_msg_push_return(skb, &own);
	if (err)
		skb = ockam_ctx_drop(ctx, relay->ep.node, skb,
				     OCKAM_DROP_NO_MEMORY);
	return skb;
}

static struct sk_buff *ockam_relay_service_rcv(struct ockam_endpoint *ep,
					       struct sk_buff *skb,
					       struct ockam_ctx *ctx)
{
	struct ockam_relay_service *service =
		container_of(ep, struct ockam_relay_service, ep);
	u8 address[sizeof(OCKAM_RELAY_PREFIX) + OCKAM_RELAY_NAME_MAX];
	enum ockam_drop why = OCKAM_DROP_RELAY_NAME;
	struct ockam_relay *relay = NULL;
	size_t len;
	u8 *data;
	int off;

	data = skb->len <= OCKAM_BARE_LEN_MAX + OCKAM_RELAY_NAME_MAX ?
	       ockam_msg_linear(skb, skb->len) : NULL;
	off = data ? ockam_bare_get(data, skb->len, &len) : -EBADMSG;
	if (off > 0)
		len = ockam_relay_address(address, ep, data + off, len);
	if (off > 0 && len)
		why = ockam_relay_register(service, skb, address, len, &relay);
	if (!relay) {
		ockam_notify_peer(ep, OCKAM_EVENT_REFUSED, why,
				  ockam_meta(skb)->has_peer ?
				  ockam_meta(skb)->peer : NULL);
		return ockam_ctx_drop(ctx, ep->node, skb, why);
	}
	skb = ockam_relay_confirm(relay, skb, ctx);
	ockam_endpoint_put(&relay->ep);
	return skb;
}

static void ockam_relay_service_shutdown(struct ockam_endpoint *ep)
{
	if (ockam_endpoint_unpublish(ep))
		ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_relay_service_release(struct ockam_endpoint *ep)
{
	struct ockam_relay_service *service =
		container_of(ep, struct ockam_relay_service, ep);

	ockam_trust_put(service->trust);
	ockam_endpoint_fini(ep);
	kfree_rcu(service, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_relay_service_ops = {
	.kind = OCKAM_EP_SERVICE,
	.type = "relay",
	.rcv = ockam_relay_service_rcv,
	.shutdown = ockam_relay_service_shutdown,
	.release = ockam_relay_service_release,
};

/**
 * ockam_relay_service_start() - take registrations at an address
 * @node:     node
 * @name:     address
 * @name_len: its bytes
 * @trust:    identities that may register; NULL: see relay.h
 * @owner:    of the relays
 *
 * Return: 0, -EADDRINUSE, -EINVAL, -ENOMEM, -ESHUTDOWN.
 */
int ockam_relay_service_start(struct ockam_node *node, const u8 *name,
			      size_t name_len, struct ockam_trust *trust,
			      const struct ockam_owner *owner)
{
	struct ockam_relay_service *service;
	int err;

	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service)
		return -ENOMEM;
	err = ockam_endpoint_init(&service->ep, node, &ockam_relay_service_ops,
				  name, name_len, owner);
	if (err) {
		kfree(service);
		return err;
	}
	service->trust = ockam_trust_get(trust);
	service->owner = *owner;
	err = ockam_endpoint_publish(&service->ep);
	if (!err)
		ockam_notify(&service->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	ockam_endpoint_put(&service->ep);
	return err;
}

/**
 * ockam_relay_info() - what users want to know of a relay
 * @ep:     its endpoint
 * @info:   filled in
 * @target: memory for the forward route
 * @size:   its bytes
 *
 * Return: 0, -ENOSPC.
 */
int ockam_relay_info(struct ockam_endpoint *ep, struct ockam_relay_info *info,
		     u8 *target, size_t size)
{
	struct ockam_relay *relay = ockam_relay(ep);

	if (relay->forward.len > size)
		return -ENOSPC;
	info->has_peer = relay->has_peer;
	memcpy(info->peer, relay->peer, sizeof(info->peer));
	info->created = relay->created;
	info->msgs = atomic64_read(&relay->msgs);
	info->bytes = atomic64_read(&relay->bytes);
	memcpy(target, relay->hops, relay->forward.len);
	return ockam_route_parse(&info->target, target, relay->forward.len);
}
