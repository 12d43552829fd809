// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Generic netlink family "ockam": configuration, dumps, events. */

#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "channel.h"
#include "flow.h"
#include "handshake.h"
#include "listener.h"
#include "netlink.h"
#include "nl_attr.h"
#include "nl_credential.h"
#include "nl_fill.h"
#include "nl_policy.h"
#include "node.h"
#include "notify.h"
#include "relay.h"
#include "relay_client.h"
#include "service.h"
#include "tcp.h"

/*
 * A handler parses, calls one object function and answers; it never waits for
 * a peer: what takes time is in state "connecting" and raises an event. All
 * changes are made under the namespace's nl_mutex.
 */

static struct genl_family ockam_nl_family;

enum {
	OCKAM_NL_GROUP_EVENTS,
};

static struct ockam_net *ockam_nl_net(struct genl_info *info)
{
	return ockam_net(genl_info_net(info));
}

/* The largest object: identifiers, routes, attributes, and the rest. */
#define OCKAM_NL_OBJECT_MAX	(OCKAM_TRUST_MAX * OCKAM_IDENTIFIER_LEN + \
				 2 * OCKAM_ROUTE_MAX + OCKAM_ATTRIBUTES_LEN + 2048)

/* A message of ours to answer with. */
static struct sk_buff *ockam_nl_answer(struct genl_info *info, void **head,
				       u8 cmd)
{
	struct sk_buff *msg = genlmsg_new(OCKAM_NL_OBJECT_MAX, GFP_KERNEL);

	if (!msg)
		return NULL;
	*head = genlmsg_put_reply(msg, info, &ockam_nl_family, 0, cmd);
	if (*head)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int ockam_nl_send(struct genl_info *info, struct sk_buff *msg,
			 void *head, int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

static int ockam_nl_reply_endpoint(struct genl_info *info,
				   struct ockam_endpoint *ep)
{
	struct sk_buff *msg;
	void *head;

	msg = ockam_nl_answer(info, &head, info->genlhdr->cmd);
	if (!msg)
		return -ENOMEM;
	return ockam_nl_send(info, msg, head, ockam_nl_fill_endpoint(msg, ep));
}

static int ockam_nl_reply_node(struct genl_info *info, struct ockam_node *node)
{
	struct sk_buff *msg;
	void *head;

	msg = ockam_nl_answer(info, &head, info->genlhdr->cmd);
	if (!msg)
		return -ENOMEM;
	return ockam_nl_send(info, msg, head, ockam_nl_fill_node(msg, node));
}

/* Objects that a request names */

static struct ockam_node *ockam_nl_node(struct genl_info *info)
{
	struct nlattr *name = info->attrs[OCKAM_A_NODE_NAME];
	struct ockam_node *node;

	if (name)
		node = ockam_node_by_name(ockam_nl_net(info), nla_data(name));
	else
		node = ockam_node_by_index(ockam_nl_net(info), 0);
	if (node)
		return node;
	if (name)
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "there is no node with this name");
	else
		NL_SET_ERR_MSG(info->extack, "there is no node yet");
	return ERR_PTR(-ENOENT);
}

static struct ockam_endpoint *ockam_nl_endpoint(struct genl_info *info,
						struct ockam_node *node)
{
	struct nlattr *nla = info->attrs[OCKAM_A_ADDRESS];
	struct ockam_endpoint *ep;

	if (!nla) {
		NL_SET_ERR_MSG(info->extack, "an address is needed");
		return ERR_PTR(-EINVAL);
	}
	ep = ockam_endpoint_lookup(node, nla_data(nla), nla_len(nla));
	if (ep)
		return ep;
	NL_SET_ERR_MSG_ATTR(info->extack, nla,
			    "the node has nothing with this address");
	return ERR_PTR(-ENOENT);
}

/* What went wrong in an object, for a user who sees only an errno else. */
static int ockam_nl_explain(struct genl_info *info, int err)
{
	switch (err) {
	case -EADDRINUSE:
		NL_SET_ERR_MSG(info->extack, "the address is taken");
		break;
	case -EADDRNOTAVAIL:
		NL_SET_ERR_MSG(info->extack, "this machine has no such IP address");
		break;
	case -ENOKEY:
		NL_SET_ERR_MSG(info->extack, "the node has no identity yet");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG(info->extack, "a limit of sysctl net.ockam is reached");
		break;
	case -EHOSTUNREACH:
		NL_SET_ERR_MSG(info->extack,
			       "the route's first address is not one of the node");
		break;
	case -ECONNREFUSED:
		NL_SET_ERR_MSG(info->extack,
			       "the node has nothing with the route's next address");
		break;
	case -ENAMETOOLONG:
		NL_SET_ERR_MSG(info->extack, "the address is too long");
		break;
	case -ESHUTDOWN:
		NL_SET_ERR_MSG(info->extack, "the node is being deleted");
		break;
	case -ENOTCONN:
		NL_SET_ERR_MSG(info->extack, "the channel is not open");
		break;
	case -EDESTADDRREQ:
		NL_SET_ERR_MSG(info->extack, "the route has no address");
		break;
	case -EMSGSIZE:
		NL_SET_ERR_MSG(info->extack, "the route is too long");
		break;
	}
	return err;
}

/*
 * Answer a NEW with what was made. Drops the reference. When the answer cannot
 * be sent, the object goes again: nothing is left that nobody knows of.
 */
static int ockam_nl_made(struct genl_info *info, struct ockam_endpoint *ep)
{
	int err;

	if (IS_ERR(ep))
		return ockam_nl_explain(info, PTR_ERR(ep));
	err = ockam_nl_reply_endpoint(info, ep);
	if (err)
		ep->ops->shutdown(ep);
	ockam_endpoint_put(ep);
	return err;
}

/* Nodes */

static int ockam_nl_info_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *head;

	msg = ockam_nl_answer(info, &head, OCKAM_CMD_INFO_GET);
	if (!msg)
		return -ENOMEM;
	return ockam_nl_send(info, msg, head,
			     ockam_nl_fill_info(msg, ockam_nl_net(info)));
}

static int ockam_nl_node_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *name = info->attrs[OCKAM_A_NODE_NAME];
	struct ockam_net *onet = ockam_nl_net(info);
	struct ockam_node *node;
	int err;

	if (!name) {
		NL_SET_ERR_MSG(info->extack, "a name is needed");
		return -EINVAL;
	}
	mutex_lock(&onet->nl_mutex);
	node = ockam_node_create(onet, nla_data(name));
	mutex_unlock(&onet->nl_mutex);
	err = PTR_ERR_OR_ZERO(node);
	if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "a name has 1 to 64 of: letters, digits, . _ -");
	else if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "a node with this name exists");
	if (err)
		return err == -EEXIST ? err : ockam_nl_explain(info, err);
	err = ockam_nl_reply_node(info, node);
	if (err) {
		mutex_lock(&onet->nl_mutex);
		ockam_node_delete(node);
		mutex_unlock(&onet->nl_mutex);
	}
	ockam_node_put(node);
	return err;
}

static int ockam_nl_node_del(struct sk_buff *skb, struct genl_info *info)
{
	struct ockam_net *onet = ockam_nl_net(info);
	struct ockam_node *node;

	if (!info->attrs[OCKAM_A_NODE_NAME]) {
		NL_SET_ERR_MSG(info->extack, "a name is needed");
		return -EINVAL;
	}
	mutex_lock(&onet->nl_mutex);
	node = ockam_nl_node(info);
	if (!IS_ERR(node))
		ockam_node_delete(node);
	mutex_unlock(&onet->nl_mutex);
	if (IS_ERR(node))
		return PTR_ERR(node);
	ockam_node_put(node);
	return 0;
}

static int ockam_nl_node_get(struct sk_buff *skb, struct genl_info *info)
{
	struct ockam_node *node = ockam_nl_node(info);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	err = ockam_nl_reply_node(info, node);
	ockam_node_put(node);
	return err;
}

static int ockam_nl_set_group(struct genl_info *info, struct ockam_node *node)
{
	struct user_namespace *ns = genl_info_net(info)->user_ns;
	kgid_t low, high;

	if (!info->attrs[OCKAM_A_GROUP_LOW] || !info->attrs[OCKAM_A_GROUP_HIGH])
		return 0;
	low = make_kgid(ns, nla_get_u32(info->attrs[OCKAM_A_GROUP_LOW]));
	high = make_kgid(ns, nla_get_u32(info->attrs[OCKAM_A_GROUP_HIGH]));
	if (!gid_valid(low) || !gid_valid(high)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[OCKAM_A_GROUP_LOW],
				    "no such group in the namespace");
		return -EINVAL;
	}
	WRITE_ONCE(node->group_low, low);
	WRITE_ONCE(node->group_high, high);
	return 0;
}

static int ockam_nl_set_identity(struct genl_info *info,
				 struct ockam_node *node)
{
	struct nlattr *attestation = info->attrs[OCKAM_A_ATTESTATION];
	struct nlattr *history = info->attrs[OCKAM_A_HISTORY];
	struct nlattr *name = info->attrs[OCKAM_A_IDENTITY_NAME];
	struct nlattr *secret = info->attrs[OCKAM_A_SECRET];
	struct ockam_slice slices[2];
	enum ockam_ident_reason reason;
	int err;

	if (!history && !attestation && !secret)
		return 0;
	if (!history || !attestation || !secret || !name) {
		NL_SET_ERR_MSG(info->extack,
			       "an identity needs name, history, attestation and secret");
		return -EINVAL;
	}
	slices[0] = ockam_nl_slice(history);
	slices[1] = ockam_nl_slice(attestation);
	err = ockam_node_set_identity(node, nla_data(name), &slices[0],
				      &slices[1], nla_data(secret), &reason);
	if (err == -EKEYREJECTED && reason == OCKAM_IDENT_EXPIRED)
		NL_SET_ERR_MSG(info->extack,
			       "the attestation of the channel key has expired");
	else if (err == -EKEYREJECTED && reason == OCKAM_IDENT_STATIC_KEY)
		NL_SET_ERR_MSG(info->extack,
			       "the secret is not that of the attested key");
	else if (err == -EKEYREJECTED)
		NL_SET_ERR_MSG(info->extack,
			       "history and attestation are not valid together");
	return err;
}

static int ockam_nl_node_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *secret = info->attrs[OCKAM_A_SECRET];
	struct ockam_net *onet = ockam_nl_net(info);
	struct ockam_node *node;
	int err;

	mutex_lock(&onet->nl_mutex);
	node = ockam_nl_node(info);
	err = PTR_ERR_OR_ZERO(node);
	if (!err)
		err = ockam_nl_set_identity(info, node);
	if (!err)
		err = ockam_nl_set_credential(info, node);
	if (!err)
		err = ockam_nl_set_group(info, node);
	if (!err && info->attrs[OCKAM_A_DEFAULT])
		WRITE_ONCE(onet->default_node, node->index);
	mutex_unlock(&onet->nl_mutex);
	if (secret)
		memzero_explicit(nla_data(secret), nla_len(secret));
	if (!IS_ERR(node))
		ockam_node_put(node);
	return err;
}

/* The node at or behind *index, with a reference. */
static struct ockam_node *ockam_nl_next_node(struct ockam_net *onet, u32 *index)
{
	unsigned long at = *index;
	struct ockam_node *node;

	rcu_read_lock();
	node = xa_find(&onet->nodes, &at, ULONG_MAX, XA_PRESENT);
	while (node && !kref_get_unless_zero(&node->ref))
		node = xa_find_after(&onet->nodes, &at, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	*index = at;
	return node;
}

typedef int (*ockam_nl_node_filler)(struct sk_buff *msg,
				    struct ockam_node *node);

/* Whatever comes fits into an empty buffer: a dump always gets on. */
static int ockam_nl_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = OCKAM_NL_OBJECT_MAX;
	return 0;
}

/* One message for each node; cb->args[0] is the next index. */
static int ockam_nl_dump_nodes(struct sk_buff *msg, struct netlink_callback *cb,
			       u8 cmd, ockam_nl_node_filler fill)
{
	struct ockam_net *onet = ockam_net(sock_net(msg->sk));
	struct ockam_node *node;
	u32 index = cb->args[0];
	void *head;
	int err = 0;

	for (; (node = ockam_nl_next_node(onet, &index)); index++) {
		err = -EMSGSIZE;
		head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &ockam_nl_family,
				   NLM_F_MULTI, cmd);
		if (head)
			err = fill(msg, node);
		ockam_node_put(node);
		if (err) {
			if (head)
				genlmsg_cancel(msg, head);
			break;
		}
		genlmsg_end(msg, head);
		err = 0;
	}
	cb->args[0] = index;
	return msg->len ?: err;
}

static int ockam_nl_node_dump(struct sk_buff *msg, struct netlink_callback *cb)
{
	return ockam_nl_dump_nodes(msg, cb, OCKAM_CMD_NODE_GET,
				   ockam_nl_fill_node);
}

static int ockam_nl_stats_dump(struct sk_buff *msg, struct netlink_callback *cb)
{
	return ockam_nl_dump_nodes(msg, cb, OCKAM_CMD_STATS_GET,
				   ockam_nl_fill_stats);
}

/* Endpoints */

static int ockam_nl_endpoint_get(struct sk_buff *skb, struct genl_info *info)
{
	struct ockam_node *node = ockam_nl_node(info);
	struct ockam_endpoint *ep;
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	ep = ockam_nl_endpoint(info, node);
	err = PTR_ERR_OR_ZERO(ep);
	if (!err) {
		err = ockam_nl_reply_endpoint(info, ep);
		ockam_endpoint_put(ep);
	}
	ockam_node_put(node);
	return err;
}

static int ockam_nl_endpoint_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *kind = info->attrs[OCKAM_A_KIND];
	struct ockam_net *onet = ockam_nl_net(info);
	struct ockam_endpoint *ep = NULL;
	struct ockam_node *node;
	int err;

	mutex_lock(&onet->nl_mutex);
	node = ockam_nl_node(info);
	err = PTR_ERR_OR_ZERO(node);
	if (!err) {
		ep = ockam_nl_endpoint(info, node);
		err = PTR_ERR_OR_ZERO(ep);
	}
	if (!err && kind && nla_get_u32(kind) != ockam_nl_kind(ep)) {
		NL_SET_ERR_MSG_ATTR(info->extack, kind,
				    "the address belongs to something else");
		err = -ENOENT;
	}
	if (!err)
		ep->ops->shutdown(ep);
	mutex_unlock(&onet->nl_mutex);
	if (!IS_ERR_OR_NULL(ep))
		ockam_endpoint_put(ep);
	if (!IS_ERR(node))
		ockam_node_put(node);
	return err;
}

/* The endpoints of one node, from *id on; 0 when all were put. */
static int ockam_nl_dump_node(struct sk_buff *msg, struct netlink_callback *cb,
			      struct ockam_node *node, struct nlattr *kind,
			      u32 *id)
{
	struct ockam_endpoint *ep;
	void *head;
	int err;

	for (; (ep = ockam_endpoint_next(node, id)); (*id)++) {
		if (kind && ockam_nl_kind(ep) != nla_get_u32(kind)) {
			ockam_endpoint_put(ep);
			continue;
		}
		err = -EMSGSIZE;
		head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &ockam_nl_family,
				   NLM_F_MULTI, OCKAM_CMD_ENDPOINT_GET);
		if (head)
			err = ockam_nl_fill_endpoint(msg, ep);
		ockam_endpoint_put(ep);
		if (err) {
			if (head)
				genlmsg_cancel(msg, head);
			return err;
		}
		genlmsg_end(msg, head);
	}
	return 0;
}

/* cb->args: index of the node, number of the endpoint in it. */
static int ockam_nl_endpoint_dump(struct sk_buff *msg,
				  struct netlink_callback *cb)
{
	struct ockam_net *onet = ockam_net(sock_net(msg->sk));
	struct nlattr **attrs = OCKAM_GENL_DUMP_ATTRS(cb);
	struct nlattr *name = attrs[OCKAM_A_NODE_NAME];
	u32 index = cb->args[0], id = cb->args[1];
	struct ockam_node *node;
	int err = 0;

	for (; (node = ockam_nl_next_node(onet, &index)); index++, id = 0) {
		/* The node where we were may be gone. */
		if (index != (u32)cb->args[0])
			id = 0;
		cb->args[0] = index;
		if (!name || !strcmp(node->name, nla_data(name)))
			err = ockam_nl_dump_node(msg, cb, node,
						 attrs[OCKAM_A_KIND], &id);
		ockam_node_put(node);
		if (err)
			break;
	}
	cb->args[0] = index;
	cb->args[1] = id;
	return msg->len ?: err;
}

/* Making things. Each is given the node, under nl_mutex. */

static int ockam_nl_make(struct genl_info *info,
			 int (*make)(struct genl_info *info,
				     struct ockam_node *node))
{
	struct ockam_net *onet = ockam_nl_net(info);
	struct ockam_node *node;
	int err;

	mutex_lock(&onet->nl_mutex);
	node = ockam_nl_node(info);
	err = PTR_ERR_OR_ZERO(node);
	if (!err)
		err = make(info, node);
	mutex_unlock(&onet->nl_mutex);
	if (!IS_ERR(node))
		ockam_node_put(node);
	return err;
}

static int ockam_nl_start_relay(struct genl_info *info,
				struct ockam_node *node, struct nlattr *name,
				const struct ockam_owner *owner)
{
	struct ockam_trust *trust;
	int err;

	if (!name) {
		NL_SET_ERR_MSG(info->extack, "a relay service needs an address");
		return -EINVAL;
	}
	err = ockam_nl_trust(info, &trust);
	if (!err) {
		err = ockam_relay_service_start(node, nla_data(name),
						nla_len(name), trust, owner);
		ockam_trust_put(trust);
	}
	return err;
}

static int ockam_nl_start_service(struct genl_info *info,
				  struct ockam_node *node)
{
	struct nlattr *name = info->attrs[OCKAM_A_ADDRESS];
	struct nlattr *type = info->attrs[OCKAM_A_TYPE];
	struct ockam_owner owner = ockam_nl_owner(info);
	int service, err;

	if (type && !strcmp(nla_data(type), "relay")) {
		err = ockam_nl_start_relay(info, node, name, &owner);
		return ockam_nl_explain(info, err);
	}
	service = type ? ockam_service_type(nla_data(type)) : -EINVAL;
	if (service < 0) {
		NL_SET_ERR_MSG(info->extack,
			       "the type of a service is echo, uppercase, hop or relay");
		return service;
	}
	err = ockam_service_start(node, service, name ? nla_data(name) : NULL,
				  name ? nla_len(name) : 0, &owner);
	return ockam_nl_explain(info, err);
}

static int ockam_nl_service_new(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_start_service);
}

static int ockam_nl_listen_tcp(struct genl_info *info, struct ockam_node *node)
{
	struct ockam_owner owner = ockam_nl_owner(info);
	struct sockaddr_storage addr;
	struct ockam_route expose;
	int err;

	err = ockam_nl_addr(info, &addr);
	if (!err)
		err = ockam_nl_route(info, OCKAM_A_EXPOSE, false, &expose);
	if (err)
		return err;
	return ockam_nl_made(info, ockam_tcp_listen(node, &addr,
						    ockam_nl_device(info),
						    &expose, &owner));
}

static int ockam_nl_tcp_listener_new(struct sk_buff *skb,
				     struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_listen_tcp);
}

static int ockam_nl_connect_tcp(struct genl_info *info, struct ockam_node *node)
{
	struct ockam_tcp_source source = { .ifindex = ockam_nl_device(info) };
	struct nlattr *local = info->attrs[OCKAM_A_LOCAL_IP];
	struct ockam_owner owner = ockam_nl_owner(info);
	struct sockaddr_storage addr;
	struct ockam_route expose;
	struct ockam_conn *conn;
	int err;

	err = ockam_nl_addr(info, &addr);
	if (!err && local)
		err = ockam_nl_read_addr(info, local,
					 info->attrs[OCKAM_A_LOCAL_PORT],
					 &source.addr);
	if (!err)
		err = ockam_nl_route(info, OCKAM_A_EXPOSE, false, &expose);
	if (err)
		return err;
	conn = ockam_tcp_connect(node, &addr, &source, &expose, &owner);
	return ockam_nl_made(info, IS_ERR(conn) ? ERR_CAST(conn) : &conn->ep);
}

static int ockam_nl_tcp_connection_new(struct sk_buff *skb,
				       struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_connect_tcp);
}

/* When a channel closes by itself. */
static struct ockam_channel_life ockam_nl_life(struct genl_info *info)
{
	struct nlattr *linger = info->attrs[OCKAM_A_LINGER_MS];
	struct nlattr *idle = info->attrs[OCKAM_A_IDLE_MS];

	return (struct ockam_channel_life){
		.linger_ms = linger ? nla_get_u32(linger) :
			     ockam_nl_net(info)->limits.linger_ms,
		.idle_ms = idle ? nla_get_u32(idle) : 0,
	};
}

static int ockam_nl_listen_channel(struct genl_info *info,
				   struct ockam_node *node)
{
	struct nlattr *name = info->attrs[OCKAM_A_ADDRESS];
	struct ockam_listener_config config = {};
	struct ockam_endpoint *ep;
	int err;

	if (!name) {
		NL_SET_ERR_MSG(info->extack, "a channel listener needs an address");
		return -EINVAL;
	}
	config.name = nla_data(name);
	config.name_len = nla_len(name);
	config.owner = ockam_nl_owner(info);
	config.life = ockam_nl_life(info);
	err = ockam_nl_route(info, OCKAM_A_EXPOSE, false, &config.expose);
	if (!err)
		err = ockam_nl_authorities(info, node->onet,
					   &config.authorities);
	if (!err)
		err = ockam_nl_trust(info, &config.trust);
	if (!err) {
		ep = ockam_listener_create(node, &config);
		ockam_trust_put(config.trust);
		err = ockam_nl_made(info, ep);
	}
	ockam_authorities_put(config.authorities);
	return err;
}

static int ockam_nl_channel_listener_new(struct sk_buff *skb,
					 struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_listen_channel);
}

static int ockam_nl_open_channel(struct genl_info *info,
				 struct ockam_node *node)
{
	struct nlattr *timeout = info->attrs[OCKAM_A_TIMEOUT_MS];
	struct ockam_connect how = { .owner = ockam_nl_owner(info) };
	struct ockam_channel *ch;
	int err;

	err = ockam_nl_route(info, OCKAM_A_ROUTE, true, &how.route);
	if (!err)
		err = ockam_nl_route(info, OCKAM_A_EXPOSE, false, &how.expose);
	if (!err)
		err = ockam_nl_authorities(info, node->onet, &how.authorities);
	if (!err)
		err = ockam_nl_trust(info, &how.trust);
	if (!err) {
		how.life = ockam_nl_life(info);
		how.timeout_ms = timeout ? clamp_t(u32, nla_get_u32(timeout),
						   1, 600000) : 0;
		ch = ockam_handshake_start(node, &how);
		ockam_trust_put(how.trust);
		err = ockam_nl_made(info, IS_ERR(ch) ? ERR_CAST(ch) : &ch->enc);
	}
	ockam_authorities_put(how.authorities);
	return err;
}

static int ockam_nl_channel_new(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_open_channel);
}

/* The channel at an address, with a reference. */
static struct ockam_channel *ockam_nl_find_channel(struct genl_info *info,
						   struct ockam_node *node)
{
	struct ockam_endpoint *ep = ockam_nl_endpoint(info, node);
	struct ockam_channel *ch;

	if (IS_ERR(ep))
		return ERR_CAST(ep);
	ch = ockam_channel_of(ep);
	if (ch)
		return ch;
	ockam_endpoint_put(ep);
	NL_SET_ERR_MSG(info->extack, "the address is not that of a channel");
	return ERR_PTR(-ENOENT);
}

static int ockam_nl_set_channel(struct genl_info *info, struct ockam_node *node)
{
	struct ockam_channel *ch;
	struct ockam_route route;
	int err;

	err = ockam_nl_route(info, OCKAM_A_ROUTE, true, &route);
	if (err)
		return err;
	ch = ockam_nl_find_channel(info, node);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	err = ockam_nl_explain(info, ockam_channel_set_route(ch, &route));
	ockam_channel_put(ch);
	return err;
}

static int ockam_nl_channel_set(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_set_channel);
}

static int ockam_nl_rekey_channel(struct genl_info *info,
				  struct ockam_node *node)
{
	struct ockam_channel *ch = ockam_nl_find_channel(info, node);
	int err;

	if (IS_ERR(ch))
		return PTR_ERR(ch);
	err = ockam_nl_explain(info, ockam_channel_rekey(ch));
	ockam_channel_put(ch);
	return err;
}

static int ockam_nl_channel_rekey(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_rekey_channel);
}

/* Common to links and relay clients; @config->trust gets a reference. */
static int ockam_nl_link_config(struct genl_info *info,
				struct ockam_link_config *config)
{
	struct nlattr *host = info->attrs[OCKAM_A_HOST];
	int err;

	config->owner = ockam_nl_owner(info);
	config->project = info->attrs[OCKAM_A_PROJECT];
	config->host = host ? nla_data(host) : "";
	err = ockam_nl_label(info, &config->label);
	if (!err)
		err = ockam_nl_addr(info, &config->addr);
	if (!err)
		err = ockam_nl_route(info, OCKAM_A_ROUTE, false, &config->route);
	if (!err)
		err = ockam_nl_route(info, OCKAM_A_EXPOSE, false,
				     &config->expose);
	if (!err && info->attrs[OCKAM_A_IDENTIFIERS] && !config->route.count) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[OCKAM_A_IDENTIFIERS],
				    "nobody is authenticated without a channel: a route to its listener is needed");
		err = -EINVAL;
	}
	return err ?: ockam_nl_trust(info, &config->trust);
}

static int ockam_nl_make_link(struct genl_info *info, struct ockam_node *node)
{
	struct ockam_link_config *config;
	struct ockam_endpoint *ep;
	int err;

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	err = ockam_nl_link_config(info, config);
	if (!err) {
		ep = ockam_link_create(node, config);
		ockam_trust_put(config->trust);
		err = ockam_nl_made(info, ep);
	}
	kfree(config);
	return err;
}

static int ockam_nl_link_new(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_make_link);
}

static int ockam_nl_set_link(struct genl_info *info, struct ockam_node *node)
{
	struct ockam_endpoint *ep = ockam_nl_endpoint(info, node);
	struct sockaddr_storage addr;
	int err;

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	err = ockam_nl_addr(info, &addr);
	if (!err && ep->ops->kind != OCKAM_EP_LINK) {
		NL_SET_ERR_MSG(info->extack, "the address is not that of a link");
		err = -ENOENT;
	}
	if (!err)
		ockam_link_set_addr(ep, &addr);
	ockam_endpoint_put(ep);
	return err;
}

static int ockam_nl_link_set(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_set_link);
}

static int ockam_nl_make_relay_client(struct genl_info *info,
				      struct ockam_node *node)
{
	struct nlattr *name = info->attrs[OCKAM_A_ADDRESS];
	struct ockam_relay_client_config *config;
	struct ockam_endpoint *ep;
	int err;

	if (!name || !nla_len(name) || nla_len(name) > OCKAM_RELAY_NAME_MAX) {
		NL_SET_ERR_MSG(info->extack,
			       "the name of a relay has 1 to 128 bytes");
		return -EINVAL;
	}
	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	err = ockam_nl_link_config(info, &config->link);
	if (!err) {
		config->name = nla_data(name);
		config->name_len = nla_len(name);
		config->alias = config->link.label;
		ep = ockam_relay_client_create(node, config);
		ockam_trust_put(config->link.trust);
		err = ockam_nl_made(info, ep);
	}
	kfree(config);
	return err;
}

static int ockam_nl_relay_client_new(struct sk_buff *skb,
				     struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_make_relay_client);
}

/* Exposures: of what has a flow, named by its address. */

static struct ockam_flow *ockam_nl_flow(struct genl_info *info,
					struct ockam_node *node)
{
	struct ockam_endpoint *ep = ockam_nl_endpoint(info, node);
	struct ockam_listener_info listener;
	struct ockam_flow *flow = NULL;
	struct sockaddr_storage addr;
	u32 accepted;

	if (IS_ERR(ep))
		return ERR_CAST(ep);
	if (ep->ops->kind == OCKAM_EP_TCP_LISTENER) {
		ockam_tcp_listener_info(ep, &addr, &flow, &accepted);
		flow = ockam_flow_get(flow);
	} else if (ep->ops->kind == OCKAM_EP_LISTENER) {
		ockam_listener_info(ep, &listener);
		flow = ockam_flow_get(listener.flow);
	} else if (ep->flow) {
		flow = ockam_flow_find(node, ep->flow);
	}
	ockam_endpoint_put(ep);
	if (flow)
		return flow;
	NL_SET_ERR_MSG(info->extack,
		       "only a listener, a connection or a channel has exposures");
	return ERR_PTR(-EINVAL);
}

static int ockam_nl_change_exposure(struct genl_info *info,
				    struct ockam_node *node, bool expose)
{
	struct ockam_route names;
	struct ockam_flow *flow;
	struct ockam_addr addr;
	int err;

	err = ockam_nl_route(info, OCKAM_A_EXPOSE, true, &names);
	if (err)
		return err;
	flow = ockam_nl_flow(info, node);
	if (IS_ERR(flow))
		return PTR_ERR(flow);
	if (expose)
		err = ockam_flow_expose_all(flow, &names);
	while (!expose && !err && ockam_route_pop(&names, &addr))
		err = ockam_flow_unexpose(flow, addr.value, addr.len);
	ockam_flow_put(flow);
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "the address was not exposed");
	return err;
}

static int ockam_nl_expose(struct genl_info *info, struct ockam_node *node)
{
	return ockam_nl_change_exposure(info, node, true);
}

static int ockam_nl_unexpose(struct genl_info *info, struct ockam_node *node)
{
	return ockam_nl_change_exposure(info, node, false);
}

static int ockam_nl_exposure_new(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_expose);
}

static int ockam_nl_exposure_del(struct sk_buff *skb, struct genl_info *info)
{
	return ockam_nl_make(info, ockam_nl_unexpose);
}

/* The rules of a flow, as one binary route. */
static int ockam_nl_put_rule(void *arg, const u8 *name, size_t len, bool rule)
{
	struct ockam_addr addr = { .len = len, .value = name };
	u8 hop[2 + OCKAM_EP_NAME_MAX];

	if (!rule)
		return 0;
	return nla_append(arg, ockam_addr_put(hop, sizeof(hop), &addr), hop);
}

static int ockam_nl_fill_exposures(struct sk_buff *msg, struct ockam_flow *flow)
{
	struct nlattr *nla = nla_reserve(msg, OCKAM_A_EXPOSE, 0);
	int err, pad;

	if (!nla)
		return -EMSGSIZE;
	err = ockam_flow_for_each(flow, ockam_nl_put_rule, msg);
	nla->nla_len = skb_tail_pointer(msg) - (unsigned char *)nla;
	pad = nla_padlen(nla_len(nla));
	if (!err && skb_tailroom(msg) < pad)
		err = -EMSGSIZE;
	if (err)
		return err;
	skb_put_zero(msg, pad);
	return nla_put(msg, OCKAM_A_FLOW, OCKAM_FLOW_ID_LEN, flow->id);
}

static int ockam_nl_exposure_get(struct sk_buff *skb, struct genl_info *info)
{
	struct ockam_node *node = ockam_nl_node(info);
	struct ockam_flow *flow;
	struct sk_buff *msg;
	void *head;
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	flow = ockam_nl_flow(info, node);
	err = PTR_ERR_OR_ZERO(flow);
	if (err)
		goto out;
	err = -ENOMEM;
	msg = ockam_nl_answer(info, &head, OCKAM_CMD_EXPOSURE_GET);
	if (msg)
		err = ockam_nl_send(info, msg, head,
				    ockam_nl_fill_exposures(msg, flow));
	ockam_flow_put(flow);
out:
	ockam_node_put(node);
	return err;
}

#define OCKAM_NL_OP(id, handler, ...)		\
	{ .cmd = OCKAM_CMD_##id, .doit = handler,	\
	  .flags = GENL_UNS_ADMIN_PERM, ##__VA_ARGS__ }

static const struct genl_ops ockam_nl_ops[] = {
	OCKAM_NL_OP(INFO_GET, ockam_nl_info_get),
	OCKAM_NL_OP(NODE_NEW, ockam_nl_node_new),
	OCKAM_NL_OP(NODE_DEL, ockam_nl_node_del),
	OCKAM_NL_OP(NODE_GET, ockam_nl_node_get, .dumpit = ockam_nl_node_dump),
	OCKAM_NL_OP(NODE_SET, ockam_nl_node_set),
	OCKAM_NL_OP(ENDPOINT_GET, ockam_nl_endpoint_get,
		    .start = ockam_nl_dump_start,
		    .dumpit = ockam_nl_endpoint_dump),
	OCKAM_NL_OP(ENDPOINT_DEL, ockam_nl_endpoint_del),
	OCKAM_NL_OP(SERVICE_NEW, ockam_nl_service_new),
	OCKAM_NL_OP(TCP_LISTENER_NEW, ockam_nl_tcp_listener_new),
	OCKAM_NL_OP(TCP_CONNECTION_NEW, ockam_nl_tcp_connection_new),
	OCKAM_NL_OP(CHANNEL_LISTENER_NEW, ockam_nl_channel_listener_new),
	OCKAM_NL_OP(CHANNEL_NEW, ockam_nl_channel_new),
	OCKAM_NL_OP(CHANNEL_SET, ockam_nl_channel_set),
	OCKAM_NL_OP(CHANNEL_REKEY, ockam_nl_channel_rekey),
	OCKAM_NL_OP(LINK_NEW, ockam_nl_link_new),
	OCKAM_NL_OP(RELAY_CLIENT_NEW, ockam_nl_relay_client_new),
	OCKAM_NL_OP(EXPOSURE_NEW, ockam_nl_exposure_new),
	OCKAM_NL_OP(EXPOSURE_DEL, ockam_nl_exposure_del),
	OCKAM_NL_OP(EXPOSURE_GET, ockam_nl_exposure_get),
	OCKAM_NL_OP(LINK_SET, ockam_nl_link_set),
	{ .cmd = OCKAM_CMD_STATS_GET, .start = ockam_nl_dump_start,
	  .dumpit = ockam_nl_stats_dump, .flags = GENL_UNS_ADMIN_PERM },
};

static const struct genl_multicast_group ockam_nl_groups[] = {
	[OCKAM_NL_GROUP_EVENTS] = { .name = OCKAM_MCGRP_EVENTS,
				    .flags = GENL_UNS_ADMIN_PERM },
};

static struct genl_family ockam_nl_family __ro_after_init = {
	.name = OCKAM_GENL_NAME,
	.version = OCKAM_GENL_VERSION,
	.maxattr = OCKAM_A_MAX,
	.policy = ockam_nl_policy,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ockam_nl_ops,
	.n_ops = ARRAY_SIZE(ockam_nl_ops),
	.resv_start_op = OCKAM_CMD_EVENT_NTF + 1,
	.mcgrps = ockam_nl_groups,
	.n_mcgrps = ARRAY_SIZE(ockam_nl_groups),
};

/* Events */

static const u32 ockam_nl_events[] = {
	[OCKAM_EVENT_NEW] = OCKAM_NTF_NEW,
	[OCKAM_EVENT_UP] = OCKAM_NTF_UP,
	[OCKAM_EVENT_DOWN] = OCKAM_NTF_DOWN,
	[OCKAM_EVENT_REFUSED] = OCKAM_NTF_REFUSED,
	[OCKAM_EVENT_CLOSED] = OCKAM_NTF_CLOSED,
	[OCKAM_EVENT_REFRESHED] = OCKAM_NTF_REFRESHED,
	[OCKAM_EVENT_EXPIRED] = OCKAM_NTF_EXPIRED,
};

static int ockam_nl_fill_event(struct sk_buff *msg, struct ockam_node *node,
			       struct ockam_endpoint *ep,
			       enum ockam_event event, enum ockam_drop reason,
			       const u8 *peer)
{
	int err;

	err = nla_put_u32(msg, OCKAM_A_EVENT, ockam_nl_events[event]) ?:
	      nla_put_string(msg, OCKAM_A_NODE_NAME, node->name);
	if (!err && ep)
		err = nla_put_u32(msg, OCKAM_A_KIND, ockam_nl_kind(ep)) ?:
		      nla_put(msg, OCKAM_A_ADDRESS, ep->name_len, ep->name) ?:
		      ockam_nl_fill_place(msg, ep);
	if (!err && reason)
		err = nla_put_string(msg, OCKAM_A_REASON,
				     ockam_drop_name(reason));
	if (!err && peer)
		err = nla_put(msg, OCKAM_A_PEER, OCKAM_IDENTIFIER_LEN, peer);
	return err;
}

/* Send it with the next number; without a message there is a gap to see. */
static void ockam_nl_send_event(struct ockam_net *onet, struct sk_buff *msg,
				void *head)
{
	u32 seq;

	spin_lock_bh(&onet->event_lock);
	seq = ++onet->event_seq;
	if (msg && !nla_put_u32(msg, OCKAM_A_SEQ, seq) &&
	    !nla_put_u64_64bit(msg, OCKAM_A_TIME, ktime_get_real_ns(),
			       OCKAM_A_PAD)) {
		genlmsg_end(msg, head);
		genlmsg_multicast_netns(&ockam_nl_family, onet->net, msg, 0,
					OCKAM_NL_GROUP_EVENTS, GFP_ATOMIC);
		msg = NULL;
	}
	spin_unlock_bh(&onet->event_lock);
	nlmsg_free(msg);
}

static void ockam_nl_notify(struct ockam_node *node, struct ockam_endpoint *ep,
			    enum ockam_event event, enum ockam_drop reason,
			    const u8 *peer)
{
	struct ockam_net *onet = node->onet;
	struct sk_buff *msg = NULL;
	void *head = NULL;

	if (genl_has_listeners(&ockam_nl_family, onet->net,
			       OCKAM_NL_GROUP_EVENTS))
		msg = genlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC);
	if (msg)
		head = genlmsg_put(msg, 0, 0, &ockam_nl_family, 0,
				   OCKAM_CMD_EVENT_NTF);
	if (!head ||
	    ockam_nl_fill_event(msg, node, ep, event, reason, peer)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	ockam_nl_send_event(onet, msg, head);
}

/**
 * ockam_notify() - tell listeners what happened to an endpoint
 * @ep:     endpoint
 * @event:  what
 * @reason: why, or OCKAM_DROP_NONE
 */
void ockam_notify(struct ockam_endpoint *ep, enum ockam_event event,
		  enum ockam_drop reason)
{
	ockam_nl_notify(ep->node, ep, event, reason, NULL);
}

/**
 * ockam_notify_peer() - the same, with the identifier of a peer
 * @ep:     endpoint
 * @event:  what
 * @reason: why, or OCKAM_DROP_NONE
 * @peer:   identifier or NULL
 */
void ockam_notify_peer(struct ockam_endpoint *ep, enum ockam_event event,
		       enum ockam_drop reason, const u8 *peer)
{
	ockam_nl_notify(ep->node, ep, event, reason, peer);
}

/**
 * ockam_notify_node() - tell listeners what happened to a node
 * @node:  node
 * @event: what
 */
void ockam_notify_node(struct ockam_node *node, enum ockam_event event)
{
	ockam_nl_notify(node, NULL, event, OCKAM_DROP_NONE, NULL);
}

/**
 * ockam_netlink_init() - register the family
 *
 * Return: 0 or an errno.
 */
int __init ockam_netlink_init(void)
{
	return genl_register_family(&ockam_nl_family);
}

/**
 * ockam_netlink_exit() - unregister the family
 */
void ockam_netlink_exit(void)
{
	genl_unregister_family(&ockam_nl_family);
}
