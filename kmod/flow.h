/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Flows: producers, consumers, spawners; the tables behind the verdict. */
#ifndef OCKAM_FLOW_H
#define OCKAM_FLOW_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include "route.h"

struct ockam_endpoint;
struct ockam_node;

#define OCKAM_FLOW_ID_LEN	16	/* printed as 32 hex digits */

/**
 * struct ockam_flow - what producers and spawners give to their messages
 * @node:      its node (no reference: flows die before their node)
 * @ref:       one for each producer and spawner that uses it
 * @index:     number in messages and endpoints, never 0, never used twice
 * @id:        random; what users see
 * @consumers: list of its consumer entries, under the node's flow_lock
 * @others:    rules that name something else than the channel listener
 *
 * The node's consumer table maps (flow index, address) to an entry; looking up
 * is RCU. Two kinds of entries: rules name an address, whether it exists or
 * not, and live as long as the flow; dynamic ones belong to an endpoint and go
 * with it or with the flow.
 */
struct ockam_flow {
	struct ockam_node *node;
	struct kref ref;
	u32 index;
	u8 id[OCKAM_FLOW_ID_LEN];
	struct list_head consumers;
	u32 others;
};

struct ockam_flow *ockam_flow_create(struct ockam_node *node);
struct ockam_flow *ockam_flow_get(struct ockam_flow *flow);
/* By number, with a reference; NULL when it is gone. */
struct ockam_flow *ockam_flow_find(struct ockam_node *node, u32 index);
/* The last put removes all consumer entries. @flow may be NULL. */
void ockam_flow_put(struct ockam_flow *flow);

/* Rules. Adding twice is fine; removing what is not there is -ENOENT. */
int ockam_flow_expose(struct ockam_flow *flow, const u8 *name, size_t len);
int ockam_flow_expose_all(struct ockam_flow *flow,
			  const struct ockam_route *names);
int ockam_flow_unexpose(struct ockam_flow *flow, const u8 *name, size_t len);
/* Whether no rule names anything but the channel listener. */
bool ockam_flow_only_api(const struct ockam_flow *flow);
/* Dynamic: @ep becomes a consumer of the flow with this index (0: nothing). */
int ockam_flow_admit(struct ockam_node *node, u32 index,
		     struct ockam_endpoint *ep);
/* @ep becomes a consumer of every flow that the address @name consumes. */
int ockam_flow_copy(struct ockam_node *node, const u8 *name, size_t len,
		    struct ockam_endpoint *ep);
void ockam_flow_forget(struct ockam_endpoint *ep);
bool ockam_flow_admits(struct ockam_node *node, u32 index, const u8 *name,
		       size_t len);
/* For dumps: calls @fn for each consumer of a flow, under a lock. */
int ockam_flow_for_each(struct ockam_flow *flow,
			int (*fn)(void *arg, const u8 *name, size_t len,
				  bool rule), void *arg);

#endif /* OCKAM_FLOW_H */
