// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Credentials and authorities in netlink requests. */

#include <net/genetlink.h>
#include "../uapi/linux/ockam_genl.h"
#include "channel.h"
#include "credential.h"
#include "nl_attr.h"
#include "nl_credential.h"
#include "nl_policy.h"
#include "node.h"

static int ockam_nl_explain_authorities(struct genl_info *info, int err)
{
	struct nlattr *nla = info->attrs[OCKAM_A_AUTHORITIES];

	if (err == -EKEYREJECTED)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "the change history of an authority is not valid");
	else if (err == -EKEYREVOKED)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "an authority has shown a newer change history than this one");
	else if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "1 to 4 change histories of authorities are needed");
	return err;
}

/* The histories in the nest; how many, or an errno. */
static int ockam_nl_histories(struct genl_info *info,
			      struct ockam_slice histories[OCKAM_AUTHORITIES_MAX])
{
	struct nlattr *nla = info->attrs[OCKAM_A_AUTHORITIES], *nested;
	int left, err, count = 0;

	err = nla_validate_nested(nla, OCKAM_A_MAX, ockam_nl_policy,
				  info->extack);
	if (err)
		return err;
	nla_for_each_nested(nested, nla, left) {
		if (nla_type(nested) != OCKAM_A_HISTORY ||
		    count == OCKAM_AUTHORITIES_MAX)
			return -EINVAL;
		histories[count++] = ockam_nl_slice(nested);
	}
	return count;
}

/**
 * ockam_nl_authorities() - what a request says of authorities
 * @info:        request
 * @onet:        namespace state
 * @authorities: set to them, with a reference; NULL when none are named
 *
 * Return: 0; -EINVAL, -EKEYREJECTED, -EKEYREVOKED, -ENOSPC, -ENOMEM.
 */
int ockam_nl_authorities(struct genl_info *info, struct ockam_net *onet,
			 struct ockam_authorities **authorities)
{
	struct nlattr *required = info->attrs[OCKAM_A_REQUIRE_CREDENTIAL];
	struct ockam_slice histories[OCKAM_AUTHORITIES_MAX];
	int count;

	*authorities = NULL;
	if (!info->attrs[OCKAM_A_AUTHORITIES]) {
		if (!required)
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack, required,
				    "to require a credential, name an authority");
		return -EINVAL;
	}
	count = ockam_nl_histories(info, histories);
	if (count < 0)
		return ockam_nl_explain_authorities(info, count);
	*authorities = ockam_authorities_create(&onet->known, histories, count,
						required);
	if (!IS_ERR(*authorities))
		return 0;
	count = PTR_ERR(*authorities);
	*authorities = NULL;
	return ockam_nl_explain_authorities(info, count);
}

/**
 * ockam_nl_set_credential() - the credential that a node presents
 * @info: request
 * @node: node, under nl_mutex
 *
 * The peers of its open channels are told.
 *
 * Return: 0; -ENOKEY, -EBADMSG, -EKEYREJECTED, -ENOMEM.
 */
int ockam_nl_set_credential(struct genl_info *info, struct ockam_node *node)
{
	struct nlattr *nla = info->attrs[OCKAM_A_CREDENTIAL];
	struct ockam_slice credential;
	int err;

	if (!nla)
		return 0;
	credential = ockam_nl_slice(nla);
	err = ockam_node_set_credential(node, &credential);
	if (err == -ENOKEY)
		NL_SET_ERR_MSG(info->extack, "the node has no identity yet");
	else if (err == -EBADMSG)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "the credential is malformed");
	else if (err == -EKEYREJECTED)
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "the credential is about another identity than the node's");
	if (!err)
		ockam_channel_present_all(node);
	return err;
}
