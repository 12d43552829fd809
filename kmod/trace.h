/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Tracepoints of the message path. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ockam

#if !defined(OCKAM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define OCKAM_TRACE_H

#include <linux/tracepoint.h>
#include "endpoint.h"
#include "msg.h"
#include "node.h"

#define OCKAM_TRACE_BYTES	256	/* of a payload, in ockam_payload */

DECLARE_EVENT_CLASS(ockam_hop,
	TP_PROTO(const struct ockam_node *node,
		 const struct ockam_endpoint *ep, const struct sk_buff *skb),
	TP_ARGS(node, ep, skb),
	TP_STRUCT__entry(
		__array(char, node, OCKAM_NODE_NAME_MAX + 1)
		__array(char, hop, OCKAM_EP_NAME_MAX + 1)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		memcpy(__entry->node, node->name, sizeof(__entry->node));
		memcpy(__entry->hop, ep->name, ep->name_len);
		__entry->hop[ep->name_len] = '\0';
		__entry->len = skb->len;
	),
	TP_printk("node=%s hop=%s len=%u", __entry->node, __entry->hop,
		  __entry->len)
);

/* A message reached an address, which will deliver or forward it. */
DEFINE_EVENT(ockam_hop, ockam_rcv,
	TP_PROTO(const struct ockam_node *node,
		 const struct ockam_endpoint *ep, const struct sk_buff *skb),
	TP_ARGS(node, ep, skb)
);

/* An address handed it back for its next hop. */
DEFINE_EVENT(ockam_hop, ockam_forward,
	TP_PROTO(const struct ockam_node *node,
		 const struct ockam_endpoint *ep, const struct sk_buff *skb),
	TP_ARGS(node, ep, skb)
);

/* The first bytes of what an address gets: what a relay could read. */
TRACE_EVENT(ockam_payload,
	TP_PROTO(const struct ockam_node *node,
		 const struct ockam_endpoint *ep, const struct sk_buff *skb),
	TP_ARGS(node, ep, skb),
	TP_STRUCT__entry(
		__array(char, node, OCKAM_NODE_NAME_MAX + 1)
		__array(char, hop, OCKAM_EP_NAME_MAX + 1)
		__field(unsigned int, len)
		__dynamic_array(u8, data, min_t(unsigned int, skb->len,
						OCKAM_TRACE_BYTES))
	),
	TP_fast_assign(
		memcpy(__entry->node, node->name, sizeof(__entry->node));
		memcpy(__entry->hop, ep->name, ep->name_len);
		__entry->hop[ep->name_len] = '\0';
		__entry->len = skb->len;
		if (skb_copy_bits(skb, 0, __get_dynamic_array(data),
				  __get_dynamic_array_len(data)))
			memset(__get_dynamic_array(data), 0,
			       __get_dynamic_array_len(data));
	),
	TP_printk("node=%s hop=%s len=%u data=%s", __entry->node, __entry->hop,
		  __entry->len,
		  __print_hex_str(__get_dynamic_array(data),
				  __get_dynamic_array_len(data)))
);

TRACE_EVENT(ockam_drop,
	TP_PROTO(const struct ockam_node *node, const struct sk_buff *skb,
		 unsigned int reason),
	TP_ARGS(node, skb, reason),
	TP_STRUCT__entry(
		__array(char, node, OCKAM_NODE_NAME_MAX + 1)
		__field(unsigned int, len)
		__field(unsigned int, reason)
		__field(const char *, name)
	),
	TP_fast_assign(
		memcpy(__entry->node, node->name, sizeof(__entry->node));
		__entry->len = skb ? skb->len : 0;
		__entry->reason = reason;
		__entry->name = ockam_drop_name(reason);
	),
	TP_printk("node=%s len=%u reason=%s", __entry->node, __entry->len,
		  __entry->name)
);

#endif /* OCKAM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
