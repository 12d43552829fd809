/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What is accepted in netlink requests. */
#ifndef OCKAM_NL_POLICY_H
#define OCKAM_NL_POLICY_H

#include <net/netlink.h>
#include "../uapi/linux/ockam_genl.h"

extern const struct nla_policy ockam_nl_policy[OCKAM_A_MAX + 1];

#endif /* OCKAM_NL_POLICY_H */
