/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The delivery loop. */
#ifndef OCKAM_DISPATCH_H
#define OCKAM_DISPATCH_H

#include "endpoint.h"

#define OCKAM_NEST_MAX	4	/* drainers inside drainers on one stack */

/*
 * Deliver a message to the first hop of its onward route, and on as long as
 * endpoints hand it back. Always takes the skb. Context: process, no lock
 * held. Returns 0, or the errno of the reason why it was dropped.
 */
int ockam_dispatch(struct ockam_node *node, struct sk_buff *skb,
		   struct ockam_ctx *ctx);

#endif /* OCKAM_DISPATCH_H */
