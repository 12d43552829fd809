/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Credentials and authorities in netlink requests. */
#ifndef OCKAM_NL_CREDENTIAL_H
#define OCKAM_NL_CREDENTIAL_H

struct genl_info;
struct ockam_authorities;
struct ockam_net;
struct ockam_node;

/* What the request says of authorities; NULL: nothing. With a reference. */
int ockam_nl_authorities(struct genl_info *info, struct ockam_net *onet,
			 struct ockam_authorities **authorities);
/* The credential that the node presents from now on, if the request has one. */
int ockam_nl_set_credential(struct genl_info *info, struct ockam_node *node);

#endif /* OCKAM_NL_CREDENTIAL_H */
