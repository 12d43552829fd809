/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Objects as netlink attributes. */
#ifndef OCKAM_NL_FILL_H
#define OCKAM_NL_FILL_H

#include <linux/skbuff.h>
#include "endpoint.h"

struct ockam_net;
struct ockam_node;

u32 ockam_nl_kind(const struct ockam_endpoint *ep);
/* All return 0 or -EMSGSIZE; @msg is left as it was by the caller's trim. */
int ockam_nl_fill_node(struct sk_buff *msg, struct ockam_node *node);
int ockam_nl_fill_endpoint(struct sk_buff *msg, struct ockam_endpoint *ep);
/* For events, in any context: where it is or what it is called. */
int ockam_nl_fill_place(struct sk_buff *msg, struct ockam_endpoint *ep);
int ockam_nl_fill_stats(struct sk_buff *msg, struct ockam_node *node);
int ockam_nl_fill_info(struct sk_buff *msg, struct ockam_net *onet);

#endif /* OCKAM_NL_FILL_H */
