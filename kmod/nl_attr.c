// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Attributes of netlink requests, read and judged. */

#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <net/genetlink.h>
#include "../uapi/linux/ockam_genl.h"
#include "nl_attr.h"
#include "policy.h"
#include "route.h"

/**
 * ockam_nl_slice() - the bytes of an attribute
 * @nla: attribute
 *
 * Return: a slice of the request.
 */
struct ockam_slice ockam_nl_slice(const struct nlattr *nla)
{
	return (struct ockam_slice){ nla_data(nla), nla_len(nla) };
}

/**
 * ockam_nl_route() - a route, or a list of addresses
 * @info:   request
 * @attr:   its attribute
 * @needed: without one it is an error
 * @route:  set to a slice of the request; empty without one
 *
 * Return: 0; -EINVAL, with a text for the user.
 */
int ockam_nl_route(struct genl_info *info, int attr, bool needed,
		   struct ockam_route *route)
{
	struct nlattr *nla = info->attrs[attr];
	int err;

	*route = (struct ockam_route){};
	if (!nla) {
		if (needed)
			NL_SET_ERR_MSG(info->extack,
				       "a route or list of addresses is needed");
		return needed ? -EINVAL : 0;
	}
	err = ockam_route_parse(route, nla_data(nla), nla_len(nla));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "not a binary route, or more than 32 addresses");
	return err;
}

/**
 * ockam_nl_trust() - whom the request accepts as a peer
 * @info:  request
 * @trust: set, with a reference; NULL: anyone
 *
 * Return: 0; -EINVAL, with a text for the user; -ENOMEM.
 */
int ockam_nl_trust(struct genl_info *info, struct ockam_trust **trust)
{
	struct nlattr *nla = info->attrs[OCKAM_A_IDENTIFIERS];

	*trust = NULL;
	if (!nla)
		return 0;
	if (nla_len(nla) % OCKAM_IDENTIFIER_LEN) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "an identifier has 32 bytes");
		return -EINVAL;
	}
	*trust = ockam_trust_create(nla_data(nla),
				    nla_len(nla) / OCKAM_IDENTIFIER_LEN);
	return PTR_ERR_OR_ZERO(*trust);
}

/**
 * ockam_nl_read_addr() - a transport address of its parts
 * @info: request
 * @ip:   4 or 16 bytes
 * @port: port, NULL for any
 * @addr: set
 *
 * Return: 0; -EINVAL, with a text for the user.
 */
int ockam_nl_read_addr(struct genl_info *info, struct nlattr *ip,
		       struct nlattr *port,
		       struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *in = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	if (nla_len(ip) == 4) {
		in->sin_family = AF_INET;
		in->sin_port = port ? htons(nla_get_u16(port)) : 0;
		memcpy(&in->sin_addr, nla_data(ip), 4);
	} else if (nla_len(ip) == 16) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = port ? htons(nla_get_u16(port)) : 0;
		memcpy(&in6->sin6_addr, nla_data(ip), 16);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, ip,
				    "an IP address has 4 or 16 bytes");
		return -EINVAL;
	}
	return 0;
}

/**
 * ockam_nl_addr() - the transport address that the request must have
 * @info: request
 * @addr: set
 *
 * Return: 0; -EINVAL, with a text for the user.
 */
int ockam_nl_addr(struct genl_info *info, struct sockaddr_storage *addr)
{
	struct nlattr *ip = info->attrs[OCKAM_A_IP];
	struct nlattr *port = info->attrs[OCKAM_A_PORT];

	if (ip && port)
		return ockam_nl_read_addr(info, ip, port, addr);
	NL_SET_ERR_MSG(info->extack, "an IP address and a port are needed");
	return -EINVAL;
}

/**
 * ockam_nl_device() - number of a device of the namespace
 * @info: request
 *
 * Return: the number; 0 when none is named.
 */
int ockam_nl_device(struct genl_info *info)
{
	struct nlattr *nla = info->attrs[OCKAM_A_DEVICE];

	return nla ? nla_get_u32(nla) : 0;
}

/**
 * ockam_nl_owner() - who owns what the request makes
 * @info: request
 *
 * Return: the administrator who asks.
 */
struct ockam_owner ockam_nl_owner(const struct genl_info *info)
{
	return (struct ockam_owner){
		.uid = current_uid(),
		.admin = true,
		.shared = info->attrs[OCKAM_A_SHARED],
	};
}

/**
 * ockam_nl_label() - the name for users that the request must have
 * @info:  request
 * @label: set to a text in the request
 *
 * Return: 0; -EINVAL, with a text for the user.
 */
int ockam_nl_label(struct genl_info *info, const char **label)
{
	struct nlattr *nla = info->attrs[OCKAM_A_LABEL];

	if (!nla || !nla_len(nla) || !*(char *)nla_data(nla)) {
		NL_SET_ERR_MSG(info->extack, "a label is needed");
		return -EINVAL;
	}
	*label = nla_data(nla);
	return 0;
}
