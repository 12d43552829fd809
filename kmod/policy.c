// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Who may send to whom: one verdict function; and who is trusted as a peer. */

#include <linux/slab.h>
#include "endpoint.h"
#include "flow.h"
#include "msg.h"
#include "node.h"
#include "policy.h"

/**
 * ockam_trust_create() - a list of acceptable peers
 * @ids:   identifiers, one after the other; copied
 * @count: how many; 0 makes a list that accepts nobody
 *
 * Return: the list with one reference, or an ERR_PTR: -EINVAL, -ENOMEM.
 */
struct ockam_trust *ockam_trust_create(const u8 *ids, u32 count)
{
	struct ockam_trust *trust;

	if (count > OCKAM_TRUST_MAX)
		return ERR_PTR(-EINVAL);
	trust = kmalloc(struct_size(trust, ids, count), GFP_KERNEL_ACCOUNT);
	if (!trust)
		return ERR_PTR(-ENOMEM);
	kref_init(&trust->ref);
	trust->count = count;
	memcpy(trust->ids, ids, count * OCKAM_IDENTIFIER_LEN);
	return trust;
}

/**
 * ockam_trust_get() - take another reference
 * @trust: list or NULL
 *
 * Return: @trust.
 */
struct ockam_trust *ockam_trust_get(struct ockam_trust *trust)
{
	if (trust)
		kref_get(&trust->ref);
	return trust;
}

static void ockam_trust_release(struct kref *ref)
{
	kfree(container_of(ref, struct ockam_trust, ref));
}

/**
 * ockam_trust_put() - drop a reference
 * @trust: list or NULL
 */
void ockam_trust_put(struct ockam_trust *trust)
{
	if (trust)
		kref_put(&trust->ref, ockam_trust_release);
}

/**
 * ockam_trust_accepts() - whether a peer is acceptable
 * @trust: list; NULL accepts everybody
 * @id:    identifier of the peer
 *
 * Return: true when it is.
 */
bool ockam_trust_accepts(const struct ockam_trust *trust,
			 const u8 id[OCKAM_IDENTIFIER_LEN])
{
	u32 i;

	if (!trust)
		return true;
	for (i = 0; i < trust->count; i++)
		if (!memcmp(trust->ids[i], id, OCKAM_IDENTIFIER_LEN))
			return true;
	return false;
}

static enum ockam_drop ockam_policy_socket(const struct ockam_endpoint *ep,
					   const struct ockam_meta *meta)
{
	switch (ep->ops->kind) {
	case OCKAM_EP_SOCKET:
	case OCKAM_EP_SERVICE:
	case OCKAM_EP_LISTENER:
	case OCKAM_EP_DECRYPTOR:
		return OCKAM_DROP_NONE;
	default:
		break;
	}
	return ockam_owner_admits(&ep->owner, meta->uid, meta->admin) ?
	       OCKAM_DROP_NONE : OCKAM_DROP_NOT_OWNER;
}

/**
 * ockam_policy_check() - may this message be delivered to this endpoint?
 * @ep:  endpoint that the message's next hop names
 * @skb: message
 *
 * Return: OCKAM_DROP_NONE, or why not.
 */
enum ockam_drop ockam_policy_check(struct ockam_endpoint *ep,
				   struct sk_buff *skb)
{
	const struct ockam_meta *meta = ockam_meta(skb);

	switch (meta->origin) {
	case OCKAM_ORIGIN_WORKER:
		return OCKAM_DROP_NONE;
	case OCKAM_ORIGIN_SOCKET:
		return ockam_policy_socket(ep, meta);
	}
	if (ockam_flow_admits(ep->node, meta->flow, ep->name, ep->name_len) ||
	    ockam_flow_admits(ep->node, meta->spawner, ep->name, ep->name_len))
		return OCKAM_DROP_NONE;
	return OCKAM_DROP_NOT_EXPOSED;
}
