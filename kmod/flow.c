// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows: producers, consumers, spawners; the tables behind the verdict. */

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "endpoint.h"
#include "flow.h"
#include "node.h"

/**
 * struct ockam_consumer - an address that consumes a flow
 * @hash:      in the node's consumer table, RCU
 * @rcu:       for freeing
 * @flow_link: in the flow's list
 * @ep_link:   in the endpoint's list, when @ep is set
 * @rule_link: in the node's list of rules, when @rule
 * @ep:        a dynamic entry of this endpoint, or NULL; no reference: the
 *             endpoint forgets its entries before it goes
 * @rule:      the address was exposed by name
 * @flow:      index of the flow
 * @len:       bytes of the address
 * @name:      address
 *
 * Lives while it is a rule or has an endpoint. All lists are under the node's
 * flow_lock.
 */
struct ockam_consumer {
	struct rhash_head hash;
	struct rcu_head rcu;
	struct list_head flow_link;
	struct list_head ep_link;
	struct list_head rule_link;
	struct ockam_endpoint *ep;
	bool rule;
	u32 flow;
	u8 len;
	u8 name[];
};

struct ockam_consumer_key {
	u32 flow;
	const u8 *name;
	size_t len;
};

static u32 ockam_consumer_hash_key(const void *data, u32 len, u32 seed)
{
	const struct ockam_consumer_key *key = data;

	return jhash(key->name, key->len, seed ^ key->flow);
}

static u32 ockam_consumer_hash_obj(const void *data, u32 len, u32 seed)
{
	const struct ockam_consumer *entry = data;

	return jhash(entry->name, entry->len, seed ^ entry->flow);
}

static int ockam_consumer_cmp(struct rhashtable_compare_arg *arg,
			      const void *obj)
{
	const struct ockam_consumer_key *key = arg->key;
	const struct ockam_consumer *entry = obj;

	return entry->flow != key->flow || entry->len != key->len ||
	       memcmp(entry->name, key->name, key->len);
}

const struct rhashtable_params ockam_consumer_params = {
	.head_offset = offsetof(struct ockam_consumer, hash),
	.hashfn = ockam_consumer_hash_key,
	.obj_hashfn = ockam_consumer_hash_obj,
	.obj_cmpfn = ockam_consumer_cmp,
	.automatic_shrinking = true,
};

/**
 * ockam_flow_create() - a new flow
 * @node: node
 *
 * Return: the flow with one reference, or an ERR_PTR.
 */
struct ockam_flow *ockam_flow_create(struct ockam_node *node)
{
	struct ockam_flow *flow;
	int err = -ENOSPC;

	flow = kzalloc(sizeof(*flow), GFP_KERNEL_ACCOUNT);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	kref_init(&flow->ref);
	flow->node = node;
	INIT_LIST_HEAD(&flow->consumers);
	get_random_bytes(flow->id, sizeof(flow->id));
	mutex_lock(&node->flow_lock);
	if (node->next_flow != U32_MAX) {
		flow->index = ++node->next_flow;
		err = xa_insert(&node->flows, flow->index, flow, GFP_KERNEL);
	}
	mutex_unlock(&node->flow_lock);
	if (err) {
		kfree(flow);
		return ERR_PTR(err);
	}
	ockam_ledger_created(OCKAM_OBJ_FLOW);
	return flow;
}

/**
 * ockam_flow_get() - take another reference
 * @flow: flow
 *
 * Return: @flow.
 */
struct ockam_flow *ockam_flow_get(struct ockam_flow *flow)
{
	kref_get(&flow->ref);
	return flow;
}

/**
 * ockam_flow_find() - find a flow by its number
 * @node:  node
 * @index: number
 *
 * Return: the flow with a reference, or NULL.
 */
struct ockam_flow *ockam_flow_find(struct ockam_node *node, u32 index)
{
	struct ockam_flow *flow;

	mutex_lock(&node->flow_lock);
	flow = xa_load(&node->flows, index);
	if (flow && !kref_get_unless_zero(&flow->ref))
		flow = NULL;
	mutex_unlock(&node->flow_lock);
	return flow;
}

/* Free an entry that is neither a rule nor an endpoint's. */
static void ockam_consumer_check(struct ockam_node *node,
				 struct ockam_consumer *entry)
{
	if (entry->rule || entry->ep)
		return;
	rhashtable_remove_fast(&node->consumers, &entry->hash,
			       ockam_consumer_params);
	list_del(&entry->flow_link);
	ockam_ledger_destroyed(OCKAM_OBJ_CONSUMER);
	kfree_rcu(entry, rcu);
}

static void ockam_consumer_clear_rule(struct ockam_consumer *entry)
{
	if (entry->rule)
		list_del(&entry->rule_link);
	entry->rule = false;
}

static void ockam_consumer_clear_ep(struct ockam_consumer *entry)
{
	if (entry->ep)
		list_del(&entry->ep_link);
	entry->ep = NULL;
}

static void ockam_flow_release(struct kref *ref)
{
	struct ockam_flow *flow = container_of(ref, struct ockam_flow, ref);
	struct ockam_consumer *entry, *next;
	struct ockam_node *node = flow->node;

	mutex_lock(&node->flow_lock);
	xa_erase(&node->flows, flow->index);
	list_for_each_entry_safe(entry, next, &flow->consumers, flow_link) {
		ockam_consumer_clear_rule(entry);
		ockam_consumer_clear_ep(entry);
		ockam_consumer_check(node, entry);
	}
	mutex_unlock(&node->flow_lock);
	ockam_ledger_destroyed(OCKAM_OBJ_FLOW);
	kfree(flow);
}

/**
 * ockam_flow_put() - drop a reference
 * @flow: flow or NULL
 *
 * Context: process; may sleep.
 */
void ockam_flow_put(struct ockam_flow *flow)
{
	if (flow)
		kref_put(&flow->ref, ockam_flow_release);
}

/* The entry of an address, made when it is missing. Under flow_lock. */
static struct ockam_consumer *ockam_consumer_make(struct ockam_flow *flow,
						  const u8 *name, size_t len)
{
	struct ockam_consumer_key key = { flow->index, name, len };
	struct ockam_node *node = flow->node;
	struct ockam_consumer *entry;
	int err;

	entry = rhashtable_lookup_fast(&node->consumers, &key,
				       ockam_consumer_params);
	if (entry)
		return entry;
	entry = kzalloc(struct_size(entry, name, len), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	entry->flow = flow->index;
	entry->len = len;
	memcpy(entry->name, name, len);
	err = rhashtable_insert_fast(&node->consumers, &entry->hash,
				     ockam_consumer_params);
	if (err) {
		kfree(entry);
		return ERR_PTR(err);
	}
	list_add_tail(&entry->flow_link, &flow->consumers);
	ockam_ledger_created(OCKAM_OBJ_CONSUMER);
	return entry;
}

static bool ockam_flow_is_api(const u8 *name, size_t len)
{
	static const char api[] = "api";

	return len == sizeof(api) - 1 && !memcmp(name, api, len);
}

/**
 * ockam_flow_only_api() - whether only handshakes are expected
 * @flow: flow
 *
 * Return: true when no rule names anything but the channel listener.
 */
bool ockam_flow_only_api(const struct ockam_flow *flow)
{
	return !READ_ONCE(flow->others);
}

/**
 * ockam_flow_expose() - make an address a consumer of a flow, by name
 * @flow: flow
 * @name: address, whether it exists or not
 * @len:  its bytes
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int ockam_flow_expose(struct ockam_flow *flow, const u8 *name, size_t len)
{
	struct ockam_node *node = flow->node;
	struct ockam_consumer *entry;
	int err;

	if (!len || len > OCKAM_EP_NAME_MAX)
		return -EINVAL;
	mutex_lock(&node->flow_lock);
	entry = ockam_consumer_make(flow, name, len);
	err = PTR_ERR_OR_ZERO(entry);
	if (!err && !entry->rule) {
		list_add_tail(&entry->rule_link, &node->rules);
		entry->rule = true;
		if (!ockam_flow_is_api(name, len))
			WRITE_ONCE(flow->others, flow->others + 1);
	}
	mutex_unlock(&node->flow_lock);
	return err;
}

/**
 * ockam_flow_expose_all() - ockam_flow_expose() for a list of addresses
 * @flow:  flow
 * @names: the addresses, as a route
 *
 * Return: 0, -EINVAL (an address of another type too), -ENOMEM.
 */
int ockam_flow_expose_all(struct ockam_flow *flow,
			  const struct ockam_route *names)
{
	struct ockam_route rest = *names;
	struct ockam_addr addr;
	int err = 0;

	while (!err && ockam_route_pop(&rest, &addr))
		err = addr.type == OCKAM_TYPE_LOCAL ?
		      ockam_flow_expose(flow, addr.value, addr.len) : -EINVAL;
	return err;
}

/**
 * ockam_flow_unexpose() - take a rule back
 * @flow: flow
 * @name: address
 * @len:  its bytes
 *
 * Return: 0, -ENOENT there is no such rule.
 */
int ockam_flow_unexpose(struct ockam_flow *flow, const u8 *name, size_t len)
{
	struct ockam_consumer_key key = { flow->index, name, len };
	struct ockam_node *node = flow->node;
	struct ockam_consumer *entry;
	int err = -ENOENT;

	mutex_lock(&node->flow_lock);
	entry = rhashtable_lookup_fast(&node->consumers, &key,
				       ockam_consumer_params);
	if (entry && entry->rule) {
		if (!ockam_flow_is_api(name, len))
			WRITE_ONCE(flow->others, flow->others - 1);
		ockam_consumer_clear_rule(entry);
		ockam_consumer_check(node, entry);
		err = 0;
	}
	mutex_unlock(&node->flow_lock);
	return err;
}

static int ockam_flow_admit_locked(struct ockam_node *node, u32 index,
				   struct ockam_endpoint *ep)
{
	struct ockam_consumer *entry;
	struct ockam_flow *flow;

	flow = xa_load(&node->flows, index);
	/* The last reference may be gone while it waits for our lock. */
	if (!flow || !kref_read(&flow->ref))
		return -ENOENT;
	if (READ_ONCE(ep->dead))
		return -ESHUTDOWN;
	entry = ockam_consumer_make(flow, ep->name, ep->name_len);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	if (entry->ep != ep) {
		/* A name that was bound again: the new owner's entry now. */
		ockam_consumer_clear_ep(entry);
		entry->ep = ep;
		list_add_tail(&entry->ep_link, &ep->consumers);
	}
	return 0;
}

/**
 * ockam_flow_admit() - make an endpoint a consumer of a flow
 * @node:  node
 * @index: number of the flow; 0 for none, which is nothing to do
 * @ep:    endpoint; forgotten when it is unpublished
 *
 * Return: 0, -ENOENT the flow is gone, -ESHUTDOWN the endpoint is, -ENOMEM.
 */
int ockam_flow_admit(struct ockam_node *node, u32 index,
		     struct ockam_endpoint *ep)
{
	int err;

	if (!index || ockam_flow_admits(node, index, ep->name, ep->name_len))
		return 0;
	mutex_lock(&node->flow_lock);
	err = ockam_flow_admit_locked(node, index, ep);
	mutex_unlock(&node->flow_lock);
	return err;
}

/**
 * ockam_flow_copy() - admit an endpoint to what an address is exposed to
 * @node: node
 * @name: address
 * @len:  its bytes
 * @ep:   endpoint
 *
 * Return: 0, -ENOMEM.
 */
int ockam_flow_copy(struct ockam_node *node, const u8 *name, size_t len,
		    struct ockam_endpoint *ep)
{
	struct ockam_consumer *entry;
	int err = 0;

	mutex_lock(&node->flow_lock);
	list_for_each_entry(entry, &node->rules, rule_link) {
		if (entry->len != len || memcmp(entry->name, name, len))
			continue;
		err = ockam_flow_admit_locked(node, entry->flow, ep);
		if (err == -ENOMEM)
			break;
		err = 0;
	}
	mutex_unlock(&node->flow_lock);
	return err;
}

/**
 * ockam_flow_forget() - an endpoint goes: drop its dynamic entries
 * @ep: endpoint, marked dead
 */
void ockam_flow_forget(struct ockam_endpoint *ep)
{
	struct ockam_node *node = ep->node;
	struct ockam_consumer *entry, *next;

	mutex_lock(&node->flow_lock);
	list_for_each_entry_safe(entry, next, &ep->consumers, ep_link) {
		ockam_consumer_clear_ep(entry);
		ockam_consumer_check(node, entry);
	}
	mutex_unlock(&node->flow_lock);
}

/**
 * ockam_flow_admits() - whether an address consumes a flow
 * @node:  node
 * @index: number of the flow
 * @name:  address
 * @len:   its bytes
 *
 * Return: true when it does. Context: any; RCU inside.
 */
bool ockam_flow_admits(struct ockam_node *node, u32 index, const u8 *name,
		       size_t len)
{
	struct ockam_consumer_key key = { index, name, len };
	bool found;

	if (!index)
		return false;
	rcu_read_lock();
	found = rhashtable_lookup(&node->consumers, &key,
				  ockam_consumer_params);
	rcu_read_unlock();
	return found;
}

/**
 * ockam_flow_for_each() - walk the consumers of a flow
 * @flow: flow
 * @fn:   called for each, under the node's flow_lock; non-zero ends the walk
 * @arg:  for @fn
 *
 * Return: what @fn returned last, or 0.
 */
int ockam_flow_for_each(struct ockam_flow *flow,
			int (*fn)(void *arg, const u8 *name, size_t len,
				  bool rule), void *arg)
{
	struct ockam_consumer *entry;
	int err = 0;

	mutex_lock(&flow->node->flow_lock);
	list_for_each_entry(entry, &flow->consumers, flow_link) {
		err = fn(arg, entry->name, entry->len, entry->rule);
		if (err)
			break;
	}
	mutex_unlock(&flow->node->flow_lock);
	return err;
}
