// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Endpoints: everything in a node that has an address. */

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "endpoint.h"
#include "flow.h"
#include "node.h"

/**
 * struct ockam_endpoint_key - what the address table is searched with
 * @name: address
 * @len:  its bytes
 */
struct ockam_endpoint_key {
	const u8 *name;
	size_t len;
};

static u32 ockam_endpoint_hash_key(const void *data, u32 len, u32 seed)
{
	const struct ockam_endpoint_key *key = data;

	return jhash(key->name, key->len, seed);
}

static u32 ockam_endpoint_hash_obj(const void *data, u32 len, u32 seed)
{
	const struct ockam_endpoint *ep = data;

	return jhash(ep->name, ep->name_len, seed);
}

static int ockam_endpoint_cmp(struct rhashtable_compare_arg *arg,
			      const void *obj)
{
	const struct ockam_endpoint_key *key = arg->key;
	const struct ockam_endpoint *ep = obj;

	return ep->name_len != key->len ||
	       memcmp(ep->name, key->name, key->len);
}

const struct rhashtable_params ockam_endpoint_params = {
	.head_offset = offsetof(struct ockam_endpoint, hash),
	.hashfn = ockam_endpoint_hash_key,
	.obj_hashfn = ockam_endpoint_hash_obj,
	.obj_cmpfn = ockam_endpoint_cmp,
	.automatic_shrinking = true,
};

/**
 * ockam_random_name() - an address that nobody can guess
 * @name: set to 32 lower-case hex digits
 */
void ockam_random_name(u8 name[OCKAM_RANDOM_ADDR_LEN])
{
	static const char digits[] = "0123456789abcdef";
	u8 bytes[OCKAM_RANDOM_ADDR_LEN / 2];
	size_t i;

	get_random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++) {
		name[2 * i] = digits[bytes[i] >> 4];
		name[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static void ockam_endpoint_release_work(struct work_struct *work)
{
	struct ockam_endpoint *ep = container_of(work, struct ockam_endpoint,
						 release_work);

	ep->ops->release(ep);
}

/**
 * ockam_endpoint_init() - prepare an endpoint
 * @ep:       memory
 * @node:     its node; a reference is taken
 * @ops:      what it does
 * @name:     address, NULL for a random one
 * @name_len: its bytes
 * @owner:    who may send through it
 *
 * Return: 0; -EINVAL an empty name; -ENAMETOOLONG. On error there is nothing
 * to undo.
 */
int ockam_endpoint_init(struct ockam_endpoint *ep, struct ockam_node *node,
			const struct ockam_endpoint_ops *ops, const u8 *name,
			size_t name_len, const struct ockam_owner *owner)
{
	if (name && !name_len)
		return -EINVAL;
	if (name && name_len > OCKAM_EP_NAME_MAX)
		return -ENAMETOOLONG;
	if (name) {
		memcpy(ep->name, name, name_len);
		ep->name_len = name_len;
	} else {
		ockam_random_name(ep->name);
		ep->name_len = OCKAM_RANDOM_ADDR_LEN;
	}
	ep->ops = ops;
	ep->owner = *owner;
	kref_init(&ep->ref);
	spin_lock_init(&ep->watch_lock);
	INIT_LIST_HEAD(&ep->watches);
	INIT_LIST_HEAD(&ep->consumers);
	INIT_WORK(&ep->release_work, ockam_endpoint_release_work);
	ockam_node_get(node);
	ep->node = node;
	ockam_ledger_created(OCKAM_OBJ_ENDPOINT);
	return 0;
}

/**
 * ockam_endpoint_fini() - undo ockam_endpoint_init()
 * @ep: endpoint that nobody can find any more
 *
 * The memory may still be seen by RCU readers.
 */
void ockam_endpoint_fini(struct ockam_endpoint *ep)
{
	struct ockam_node *node = ep->node;

	WARN_ON_ONCE(!list_empty(&ep->consumers));
	ockam_ledger_destroyed(OCKAM_OBJ_ENDPOINT);
	ockam_node_put(node);
}

/**
 * ockam_endpoint_publish() - let lookups find an endpoint
 * @ep: endpoint, fully set up
 *
 * Whoever comes second finds it done.
 *
 * Return: 0; -EADDRINUSE the address is taken; -ESHUTDOWN node or endpoint is
 * going; -ENOMEM.
 */
int ockam_endpoint_publish(struct ockam_endpoint *ep)
{
	struct ockam_endpoint_key key = { ep->name, ep->name_len };
	struct ockam_node *node = ep->node;
	int err;

	mutex_lock(&node->table_lock);
	err = -ESHUTDOWN;
	if (node->dead || ep->dead)
		goto out;
	err = 0;
	if (ep->published)
		goto out;
	err = xa_alloc_cyclic(&node->index_xa, &ep->id, NULL, xa_limit_31b,
			      &node->next_id, GFP_KERNEL);
	if (err < 0)
		goto out;
	kref_get(&ep->ref);
	err = rhashtable_lookup_insert_key(&node->table, &key, &ep->hash,
					   ockam_endpoint_params);
	if (err) {
		xa_erase(&node->index_xa, ep->id);
		refcount_dec(&ep->ref.refcount);
		if (err == -EEXIST)
			err = -EADDRINUSE;
		goto out;
	}
	/* The slot was reserved: this cannot fail. */
	xa_store(&node->index_xa, ep->id, ep, GFP_KERNEL);
	ep->published = true;
out:
	mutex_unlock(&node->table_lock);
	return err;
}

/**
 * ockam_endpoint_unpublish() - an endpoint ends
 * @ep: endpoint, published or not
 *
 * Afterwards no lookup finds it, its dynamic consumer entries are gone and its
 * watchers have been told. Context: process, no lock held.
 *
 * Return: false when it was dead already.
 */
bool ockam_endpoint_unpublish(struct ockam_endpoint *ep)
{
	struct ockam_node *node = ep->node;
	bool was_published;

	mutex_lock(&node->table_lock);
	if (ep->dead) {
		mutex_unlock(&node->table_lock);
		return false;
	}
	WRITE_ONCE(ep->dead, true);
	was_published = ep->published;
	if (was_published) {
		rhashtable_remove_fast(&node->table, &ep->hash,
				       ockam_endpoint_params);
		xa_erase(&node->index_xa, ep->id);
	}
	mutex_unlock(&node->table_lock);
	ockam_flow_forget(ep);
	ockam_endpoint_tell(ep, OCKAM_WATCH_GONE);
	if (was_published)
		ockam_endpoint_put(ep);
	return true;
}

/**
 * ockam_endpoint_lookup() - find an address
 * @node: node
 * @name: address
 * @len:  its bytes
 *
 * Return: the endpoint with a reference, or NULL.
 */
struct ockam_endpoint *ockam_endpoint_lookup(struct ockam_node *node,
					     const u8 *name, size_t len)
{
	struct ockam_endpoint_key key = { name, len };
	struct ockam_endpoint *ep;

	rcu_read_lock();
	ep = rhashtable_lookup(&node->table, &key, ockam_endpoint_params);
	if (ep && !ockam_endpoint_tryget(ep))
		ep = NULL;
	rcu_read_unlock();
	return ep;
}

/**
 * ockam_endpoint_next() - walk the endpoints of a node
 * @node: node
 * @id:   where to begin; set to the number of what is returned
 *
 * Return: the first endpoint at or behind *@id with a reference, or NULL.
 */
struct ockam_endpoint *ockam_endpoint_next(struct ockam_node *node, u32 *id)
{
	unsigned long index = *id;
	struct ockam_endpoint *ep;

	rcu_read_lock();
	ep = xa_find(&node->index_xa, &index, ULONG_MAX, XA_PRESENT);
	while (ep && !ockam_endpoint_tryget(ep))
		ep = xa_find_after(&node->index_xa, &index, ULONG_MAX,
				   XA_PRESENT);
	rcu_read_unlock();
	*id = index;
	return ep;
}

/**
 * ockam_endpoint_get() - take another reference
 * @ep: endpoint
 */
void ockam_endpoint_get(struct ockam_endpoint *ep)
{
	kref_get(&ep->ref);
}

/**
 * ockam_endpoint_tryget() - take a reference unless the last one is gone
 * @ep: endpoint, under RCU
 *
 * Return: true when it was taken.
 */
bool ockam_endpoint_tryget(struct ockam_endpoint *ep)
{
	return kref_get_unless_zero(&ep->ref);
}

static void ockam_endpoint_last_put(struct kref *ref)
{
	struct ockam_endpoint *ep = container_of(ref, struct ockam_endpoint,
						 ref);

	queue_work(ockam_wq, &ep->release_work);
}

/**
 * ockam_endpoint_put() - drop a reference
 * @ep: endpoint
 *
 * Context: any; what the last put does is done in a work item.
 */
void ockam_endpoint_put(struct ockam_endpoint *ep)
{
	kref_put(&ep->ref, ockam_endpoint_last_put);
}

/**
 * ockam_endpoint_watch() - be told what becomes of an endpoint
 * @ep:    endpoint
 * @watch: with @event set; stays the caller's
 *
 * Return: 0; -ESHUTDOWN it is dead: no event will come.
 */
int ockam_endpoint_watch(struct ockam_endpoint *ep, struct ockam_watch *watch)
{
	int err = 0;

	spin_lock_bh(&ep->watch_lock);
	if (READ_ONCE(ep->dead)) {
		INIT_LIST_HEAD(&watch->entry);
		err = -ESHUTDOWN;
	} else {
		list_add_tail(&watch->entry, &ep->watches);
	}
	spin_unlock_bh(&ep->watch_lock);
	return err;
}

/**
 * ockam_endpoint_unwatch() - do not be told any more
 * @ep:    endpoint
 * @watch: watch, on the endpoint or taken off it already
 */
void ockam_endpoint_unwatch(struct ockam_endpoint *ep,
			    struct ockam_watch *watch)
{
	spin_lock_bh(&ep->watch_lock);
	list_del_init(&watch->entry);
	spin_unlock_bh(&ep->watch_lock);
}

/**
 * ockam_endpoint_tell() - tell the watchers of an endpoint
 * @ep:    endpoint
 * @event: what happened; after GONE nobody watches any more
 */
void ockam_endpoint_tell(struct ockam_endpoint *ep,
			 enum ockam_watch_event event)
{
	struct ockam_watch *watch, *next;

	spin_lock_bh(&ep->watch_lock);
	list_for_each_entry_safe(watch, next, &ep->watches, entry) {
		if (event == OCKAM_WATCH_GONE)
			list_del_init(&watch->entry);
		watch->event(watch, event);
	}
	spin_unlock_bh(&ep->watch_lock);
}

/**
 * ockam_ctx_drop() - drop a message and say why to who sends it
 * @ctx:    context
 * @node:   node
 * @skb:    message; freed
 * @reason: why
 *
 * Return: NULL.
 */
struct sk_buff *ockam_ctx_drop(struct ockam_ctx *ctx, struct ockam_node *node,
			       struct sk_buff *skb, enum ockam_drop reason)
{
	ctx->drop = reason;
	return ockam_drop(node, skb, reason);
}
