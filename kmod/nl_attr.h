/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Attributes of netlink requests, read and judged. */
#ifndef OCKAM_NL_ATTR_H
#define OCKAM_NL_ATTR_H

#include "endpoint.h"
#include "ident.h"

struct genl_info;
struct nlattr;
struct ockam_route;
struct ockam_trust;
struct sockaddr_storage;

struct ockam_slice ockam_nl_slice(const struct nlattr *nla);
int ockam_nl_route(struct genl_info *info, int attr, bool needed,
		   struct ockam_route *route);
int ockam_nl_trust(struct genl_info *info, struct ockam_trust **trust);
int ockam_nl_read_addr(struct genl_info *info, struct nlattr *ip,
		       struct nlattr *port, struct sockaddr_storage *addr);
int ockam_nl_addr(struct genl_info *info, struct sockaddr_storage *addr);
int ockam_nl_device(struct genl_info *info);
struct ockam_owner ockam_nl_owner(const struct genl_info *info);
int ockam_nl_label(struct genl_info *info, const char **label);

#endif /* OCKAM_NL_ATTR_H */
