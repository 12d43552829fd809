// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The delivery loop. */

#include "dispatch.h"
#include "msg.h"
#include "node.h"
#include "policy.h"
#include "trace.h"

/* The endpoint that the first hop names, which is popped; or NULL and why. */
static struct ockam_endpoint *ockam_dispatch_next(struct ockam_node *node,
						  struct sk_buff *skb,
						  enum ockam_drop *why)
{
	struct ockam_endpoint *ep;
	struct ockam_addr addr;

	*why = OCKAM_DROP_HOP_BUDGET;
	if (!ockam_cb(skb)->budget)
		return NULL;
	ockam_cb(skb)->budget--;
	*why = OCKAM_DROP_EMPTY_ROUTE;
	if (!ockam_msg_pop_onward(skb, &addr))
		return NULL;
	*why = OCKAM_DROP_NOT_LOCAL;
	if (addr.type != OCKAM_TYPE_LOCAL)
		return NULL;
	*why = OCKAM_DROP_NO_ROUTE;
	ep = ockam_endpoint_lookup(node, addr.value, addr.len);
	if (!ep)
		return NULL;
	*why = ockam_policy_check(ep, skb);
	if (*why == OCKAM_DROP_NONE)
		return ep;
	ockam_endpoint_put(ep);
	return NULL;
}

/**
 * ockam_dispatch() - deliver a message along its onward route
 * @node: node
 * @skb:  message; taken
 * @ctx:  who sends it; @ctx->drop is set
 *
 * Context: process, no lock held.
 *
 * Return: 0, or the errno of the reason why it was dropped.
 */
int ockam_dispatch(struct ockam_node *node, struct sk_buff *skb,
		   struct ockam_ctx *ctx)
{
	struct ockam_endpoint *ep;
	enum ockam_drop why;

	might_sleep();
	ctx->drop = OCKAM_DROP_NONE;
	while (skb) {
		ep = ockam_dispatch_next(node, skb, &why);
		if (!ep) {
			skb = ockam_ctx_drop(ctx, node, skb, why);
			break;
		}
		trace_ockam_rcv(node, ep, skb);
		trace_ockam_payload(node, ep, skb);
		skb = ep->ops->rcv(ep, skb, ctx);
		if (skb) {
			trace_ockam_forward(node, ep, skb);
			this_cpu_inc(node->stats->forwarded);
		} else if (ctx->drop == OCKAM_DROP_NONE) {
			this_cpu_inc(node->stats->delivered);
		}
		ockam_endpoint_put(ep);
	}
	return ockam_drop_errno(ctx->drop);
}
