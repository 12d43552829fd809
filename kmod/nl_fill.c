// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Objects as netlink attributes. */

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "../uapi/linux/ockam_genl.h"
#include "channel.h"
#include "listener.h"
#include "nl_fill.h"
#include "node.h"
#include "relay.h"
#include "relay_client.h"
#include "service.h"
#include "sock.h"
#include "tcp.h"

static int ockam_nl_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, OCKAM_A_PAD);
}

static int ockam_nl_addr(struct sk_buff *msg, int ip, int port,
			 const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	if (addr->ss_family == AF_INET6)
		return nla_put(msg, ip, 16, &in6->sin6_addr) ?:
		       nla_put_u16(msg, port, ntohs(in6->sin6_port));
	if (addr->ss_family == AF_INET)
		return nla_put(msg, ip, 4, &in->sin_addr) ?:
		       nla_put_u16(msg, port, ntohs(in->sin_port));
	return 0;
}

static int ockam_nl_trust(struct sk_buff *msg, const struct ockam_trust *trust)
{
	if (!trust)
		return 0;
	return nla_put(msg, OCKAM_A_IDENTIFIERS,
		       trust->count * OCKAM_IDENTIFIER_LEN, trust->ids);
}

static int ockam_nl_authorities(struct sk_buff *msg,
				const struct ockam_authorities *authorities)
{
	struct nlattr *nla;
	u32 i;

	if (!authorities)
		return 0;
	nla = nla_reserve(msg, OCKAM_A_AUTHORITY_IDS,
			  authorities->count * OCKAM_IDENTIFIER_LEN);
	if (!nla)
		return -EMSGSIZE;
	for (i = 0; i < authorities->count; i++)
		memcpy(nla_data(nla) + i * OCKAM_IDENTIFIER_LEN,
		       authorities->list[i].identity.identifier,
		       OCKAM_IDENTIFIER_LEN);
	if (!authorities->required)
		return 0;
	return nla_put_flag(msg, OCKAM_A_REQUIRE_CREDENTIAL);
}

static int ockam_nl_flow(struct sk_buff *msg, const struct ockam_flow *flow)
{
	return nla_put(msg, OCKAM_A_FLOW, OCKAM_FLOW_ID_LEN, flow->id);
}

static int ockam_nl_reason(struct sk_buff *msg, enum ockam_drop reason)
{
	if (!reason)
		return 0;
	return nla_put_string(msg, OCKAM_A_REASON, ockam_drop_name(reason));
}

static int ockam_nl_conn(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	static const u32 states[] = {
		[OCKAM_CONN_CONNECTING] = OCKAM_STATE_CONNECTING,
		[OCKAM_CONN_UP] = OCKAM_STATE_UP,
		[OCKAM_CONN_CLOSED] = OCKAM_STATE_CLOSED,
	};
	struct ockam_conn *conn = ockam_conn(ep);

	return nla_put_u32(msg, OCKAM_A_STATE, states[conn->state]) ?:
	       nla_put_u32(msg, OCKAM_A_QUEUE,
			   skb_queue_len_lockless(&conn->tx_queue)) ?:
	       nla_put_u32(msg, OCKAM_A_ROLE, conn->outgoing ?
			   OCKAM_ROLE_INITIATOR : OCKAM_ROLE_RESPONDER) ?:
	       ockam_nl_addr(msg, OCKAM_A_IP, OCKAM_A_PORT, &conn->peer) ?:
	       ockam_nl_addr(msg, OCKAM_A_LOCAL_IP, OCKAM_A_LOCAL_PORT,
			     &conn->local) ?:
	       ockam_nl_flow(msg, conn->flow) ?:
	       ockam_nl_reason(msg, conn->reason) ?:
	       nla_put_u32(msg, OCKAM_A_ERRNO, -conn->err) ?:
	       ockam_nl_u64(msg, OCKAM_A_RX_MSGS,
			    atomic64_read(&conn->rx_msgs)) ?:
	       ockam_nl_u64(msg, OCKAM_A_RX_BYTES,
			    atomic64_read(&conn->rx_bytes)) ?:
	       ockam_nl_u64(msg, OCKAM_A_TX_MSGS,
			    atomic64_read(&conn->tx_msgs)) ?:
	       ockam_nl_u64(msg, OCKAM_A_TX_BYTES,
			    atomic64_read(&conn->tx_sent));
}

static int ockam_nl_tcp_listener(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	struct sockaddr_storage addr;
	struct ockam_flow *flow;
	u32 accepted;

	ockam_tcp_listener_info(ep, &addr, &flow, &accepted);
	return ockam_nl_addr(msg, OCKAM_A_IP, OCKAM_A_PORT, &addr) ?:
	       ockam_nl_flow(msg, flow) ?:
	       ockam_nl_u64(msg, OCKAM_A_ACCEPTED, accepted);
}

static int ockam_nl_life(struct sk_buff *msg,
			 const struct ockam_channel_life *life)
{
	return nla_put_u32(msg, OCKAM_A_LINGER_MS, life->linger_ms) ?:
	       nla_put_u32(msg, OCKAM_A_IDLE_MS, life->idle_ms);
}

static int ockam_nl_listener(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	struct ockam_listener_info info;

	ockam_listener_info(ep, &info);
	return ockam_nl_flow(msg, info.flow) ?:
	       ockam_nl_trust(msg, info.trust) ?:
	       ockam_nl_life(msg, &info.life) ?:
	       ockam_nl_authorities(msg, info.authorities) ?:
	       nla_put_u32(msg, OCKAM_A_HALF_OPEN, info.half_open) ?:
	       ockam_nl_u64(msg, OCKAM_A_ACCEPTED, info.accepted) ?:
	       ockam_nl_u64(msg, OCKAM_A_REFUSED, info.refused);
}

static int ockam_nl_channel_counters(struct sk_buff *msg,
				     const struct ockam_channel *ch)
{
	return ockam_nl_u64(msg, OCKAM_A_RX_MSGS,
			    atomic64_read(&ch->rx_msgs)) ?:
	       ockam_nl_u64(msg, OCKAM_A_RX_BYTES,
			    atomic64_read(&ch->rx_total)) ?:
	       ockam_nl_u64(msg, OCKAM_A_TX_MSGS,
			    atomic64_read(&ch->tx_msgs)) ?:
	       ockam_nl_u64(msg, OCKAM_A_TX_BYTES,
			    atomic64_read(&ch->tx_total));
}

/* What vouches for the peer, if anything does. */
static int ockam_nl_credential(struct sk_buff *msg, struct ockam_channel *ch)
{
	struct ockam_credential *credential = ockam_channel_credential(ch);
	int err;

	if (!credential)
		return 0;
	err = nla_put(msg, OCKAM_A_ISSUER, OCKAM_IDENTIFIER_LEN,
		      credential->issuer) ?:
	      nla_put(msg, OCKAM_A_ATTRIBUTES, credential->len,
		      credential->attributes) ?:
	      ockam_nl_u64(msg, OCKAM_A_EXPIRES, credential->expires_at);
	ockam_credential_put(credential);
	return err;
}

/* What exists only once the channel is open. */
static int ockam_nl_channel_open(struct sk_buff *msg, struct ockam_channel *ch)
{
	struct ockam_session *session = ch->session;
	struct ockam_route route;
	u8 *buf;
	int err;

	buf = kmalloc(OCKAM_ROUTE_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	err = ockam_channel_remote(ch, &route, buf, OCKAM_ROUTE_MAX);
	if (!err)
		err = nla_put(msg, OCKAM_A_ROUTE, route.len, route.hops);
	kfree(buf);
	if (err == -ENOTCONN)
		err = 0;
	return err ?:
	       nla_put(msg, OCKAM_A_PEER, OCKAM_IDENTIFIER_LEN, ch->peer) ?:
	       ockam_nl_u64(msg, OCKAM_A_CREATED, ch->opened) ?:
	       ockam_nl_u64(msg, OCKAM_A_REKEYS,
			    READ_ONCE(session->tx.interval) +
			    READ_ONCE(session->rekeys)) ?:
	       ockam_nl_u64(msg, OCKAM_A_REPLAYS,
			    READ_ONCE(session->rx_replays)) ?:
	       ockam_nl_u64(msg, OCKAM_A_OUT_OF_WINDOW,
			    READ_ONCE(session->rx_outside)) ?:
	       ockam_nl_u64(msg, OCKAM_A_AUTH_FAILED,
			    READ_ONCE(session->rx_auth_failed)) ?:
	       nla_put(msg, OCKAM_A_SUITE, OCKAM_NOISE_NAME_LEN,
		       ockam_noise_name) ?:
	       nla_put_string(msg, OCKAM_A_DRIVER,
			      ockam_session_driver(session));
}

static int ockam_nl_channel(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	static const u32 states[] = {
		[OCKAM_CHANNEL_CONNECTING] = OCKAM_STATE_CONNECTING,
		[OCKAM_CHANNEL_OPEN] = OCKAM_STATE_UP,
		[OCKAM_CHANNEL_CLOSED] = OCKAM_STATE_CLOSED,
	};
	struct ockam_channel *ch = ockam_channel_of(ep);
	bool opened;
	u32 state;
	int err;

	spin_lock_bh(&ch->lock);
	opened = ch->session;
	state = states[ch->state];
	spin_unlock_bh(&ch->lock);
	if (state == OCKAM_STATE_UP && READ_ONCE(ch->lost))
		state = OCKAM_STATE_DOWN;
	err = nla_put_u32(msg, OCKAM_A_STATE, state) ?:
	      nla_put_u32(msg, OCKAM_A_QUEUE,
			  skb_queue_len_lockless(&ch->tx_queue)) ?:
	      nla_put_u32(msg, OCKAM_A_ROLE, ch->role == OCKAM_INITIATOR ?
			  OCKAM_ROLE_INITIATOR : OCKAM_ROLE_RESPONDER) ?:
	      ockam_nl_flow(msg, ch->flow) ?:
	      nla_put(msg, OCKAM_A_IDENTIFIER, OCKAM_IDENTIFIER_LEN, ch->own) ?:
	      ockam_nl_trust(msg, ch->trust) ?:
	      ockam_nl_life(msg, &ch->life) ?:
	      ockam_nl_authorities(msg, ch->authorities) ?:
	      ockam_nl_credential(msg, ch) ?:
	      ockam_nl_reason(msg, ch->reason) ?:
	      ockam_nl_channel_counters(msg, ch);
	if (!err && opened)
		err = ockam_nl_channel_open(msg, ch);
	return err;
}

static int ockam_nl_relay(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	struct ockam_relay_info info;
	u8 *buf;
	int err;

	buf = kmalloc(OCKAM_ROUTE_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	err = ockam_relay_info(ep, &info, buf, OCKAM_ROUTE_MAX) ?:
	      nla_put(msg, OCKAM_A_ROUTE, info.target.len, info.target.hops) ?:
	      ockam_nl_u64(msg, OCKAM_A_CREATED, info.created) ?:
	      ockam_nl_u64(msg, OCKAM_A_TX_MSGS, info.msgs) ?:
	      ockam_nl_u64(msg, OCKAM_A_TX_BYTES, info.bytes);
	if (!err && info.has_peer)
		err = nla_put(msg, OCKAM_A_PEER, sizeof(info.peer), info.peer);
	kfree(buf);
	return err;
}

static int ockam_nl_link_info(struct sk_buff *msg,
			      const struct ockam_link_info *info)
{
	int err;

	err = nla_put_string(msg, OCKAM_A_LABEL, info->label) ?:
	      ockam_nl_addr(msg, OCKAM_A_IP, OCKAM_A_PORT, &info->addr) ?:
	      nla_put(msg, OCKAM_A_ROUTE, info->route.len, info->route.hops) ?:
	      ockam_nl_trust(msg, info->trust) ?:
	      ockam_nl_reason(msg, info->reason) ?:
	      nla_put_u32(msg, OCKAM_A_ERRNO, -info->err) ?:
	      nla_put_u32(msg, OCKAM_A_TRIES, info->tries);
	if (!err && info->project)
		err = nla_put_flag(msg, OCKAM_A_PROJECT);
	if (!err && *info->host)
		err = nla_put_string(msg, OCKAM_A_HOST, info->host);
	if (!err && info->has_peer)
		err = nla_put(msg, OCKAM_A_PEER, sizeof(info->peer),
			      info->peer);
	if (!err && info->state == OCKAM_LINK_UP)
		err = nla_put(msg, OCKAM_A_HOP, sizeof(info->hop), info->hop);
	return err;
}

static int ockam_nl_link(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	static const u32 states[] = {
		[OCKAM_LINK_CONNECTING] = OCKAM_STATE_CONNECTING,
		[OCKAM_LINK_SECURING] = OCKAM_STATE_CONNECTING,
		[OCKAM_LINK_UP] = OCKAM_STATE_UP,
		[OCKAM_LINK_WAITING] = OCKAM_STATE_DOWN,
		[OCKAM_LINK_STOPPED] = OCKAM_STATE_CLOSED,
	};
	struct ockam_link_info info;

	ockam_link_info(ep, &info);
	return nla_put_u32(msg, OCKAM_A_STATE, states[info.state]) ?:
	       ockam_nl_link_info(msg, &info);
}

static int ockam_nl_relay_client(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	static const u32 states[] = {
		[OCKAM_RELAY_CLIENT_LINKING] = OCKAM_STATE_DOWN,
		[OCKAM_RELAY_CLIENT_REGISTERING] = OCKAM_STATE_CONNECTING,
		[OCKAM_RELAY_CLIENT_UP] = OCKAM_STATE_UP,
		[OCKAM_RELAY_CLIENT_STOPPED] = OCKAM_STATE_CLOSED,
	};
	struct ockam_relay_client_info *info;
	int err = -ENOMEM;

	info = kmalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return err;
	ockam_relay_client_info(ep, info);
	info->link.label = info->alias;
	err = nla_put_u32(msg, OCKAM_A_STATE, states[info->state]) ?:
	      ockam_nl_link_info(msg, &info->link);
	if (!err && info->remote_len)
		err = nla_put(msg, OCKAM_A_REMOTE, info->remote_len,
			      info->remote);
	kfree(info);
	return err;
}

static int ockam_nl_service(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	return nla_put_string(msg, OCKAM_A_TYPE, ep->ops->type);
}

static int ockam_nl_socket(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	return nla_put_u32(msg, OCKAM_A_QUEUE, ockam_sk_queue_len(ep));
}

static int ockam_nl_nothing(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	return 0;
}

static const struct {
	u32 kind;
	int (*fill)(struct sk_buff *msg, struct ockam_endpoint *ep);
} ockam_nl_kinds[] = {
	[OCKAM_EP_SOCKET] = { OCKAM_ENDPOINT_SOCKET, ockam_nl_socket },
	[OCKAM_EP_SERVICE] = { OCKAM_ENDPOINT_SERVICE, ockam_nl_service },
	[OCKAM_EP_TCP_LISTENER] = { OCKAM_ENDPOINT_TCP_LISTENER,
				    ockam_nl_tcp_listener },
	[OCKAM_EP_CONN] = { OCKAM_ENDPOINT_TCP_CONNECTION, ockam_nl_conn },
	[OCKAM_EP_LISTENER] = { OCKAM_ENDPOINT_CHANNEL_LISTENER,
				ockam_nl_listener },
	[OCKAM_EP_ENCRYPTOR] = { OCKAM_ENDPOINT_CHANNEL, ockam_nl_channel },
	[OCKAM_EP_DECRYPTOR] = { OCKAM_ENDPOINT_DECRYPTOR, ockam_nl_nothing },
	[OCKAM_EP_RELAY] = { OCKAM_ENDPOINT_RELAY, ockam_nl_relay },
	[OCKAM_EP_LINK] = { OCKAM_ENDPOINT_LINK, ockam_nl_link },
	[OCKAM_EP_RELAY_CLIENT] = { OCKAM_ENDPOINT_RELAY_CLIENT,
				    ockam_nl_relay_client },
};

/**
 * ockam_nl_kind() - what netlink calls a kind of endpoint
 * @ep: endpoint
 *
 * Return: enum ockam_genl_endpoint.
 */
u32 ockam_nl_kind(const struct ockam_endpoint *ep)
{
	return ockam_nl_kinds[ep->ops->kind].kind;
}

/**
 * ockam_nl_fill_endpoint() - describe what has an address
 * @msg: message
 * @ep:  endpoint
 *
 * Return: 0, -EMSGSIZE, -ENOMEM. Context: may sleep.
 */
int ockam_nl_fill_endpoint(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	int err;

	err = nla_put_string(msg, OCKAM_A_NODE_NAME, ep->node->name) ?:
	      nla_put_u32(msg, OCKAM_A_KIND, ockam_nl_kind(ep)) ?:
	      nla_put(msg, OCKAM_A_ADDRESS, ep->name_len, ep->name) ?:
	      nla_put_u32(msg, OCKAM_A_ID, ep->id);
	if (!err && !ep->owner.admin)
		err = nla_put_u32(msg, OCKAM_A_OWNER,
				  from_kuid_munged(current_user_ns(),
						   ep->owner.uid));
	if (!err && ep->owner.shared)
		err = nla_put_flag(msg, OCKAM_A_SHARED);
	return err ?: ockam_nl_kinds[ep->ops->kind].fill(msg, ep);
}

static int ockam_nl_relay_client_label(struct sk_buff *msg,
				       struct ockam_endpoint *ep)
{
	struct ockam_relay_client_info *info;
	int err;

	info = kmalloc(sizeof(*info), GFP_ATOMIC);
	if (!info)
		return -ENOMEM;
	ockam_relay_client_info(ep, info);
	err = nla_put_string(msg, OCKAM_A_LABEL, info->alias);
	kfree(info);
	return err;
}

/**
 * ockam_nl_fill_place() - what tells users which one it is
 * @msg: message
 * @ep:  endpoint
 *
 * The address at the other end of a connection, with its error; the address
 * that a listener listens at; the label of a link or relay client; nothing for
 * the others.
 *
 * Return: 0, -EMSGSIZE, -ENOMEM. Context: as ockam_notify().
 */
int ockam_nl_fill_place(struct sk_buff *msg, struct ockam_endpoint *ep)
{
	struct ockam_link_info link;
	struct sockaddr_storage addr;
	struct ockam_flow *flow;
	u32 accepted;

	switch (ep->ops->kind) {
	case OCKAM_EP_CONN:
		return ockam_nl_addr(msg, OCKAM_A_IP, OCKAM_A_PORT,
				     &ockam_conn(ep)->peer) ?:
		       nla_put_u32(msg, OCKAM_A_ERRNO, -ockam_conn(ep)->err);
	case OCKAM_EP_TCP_LISTENER:
		ockam_tcp_listener_info(ep, &addr, &flow, &accepted);
		return ockam_nl_addr(msg, OCKAM_A_IP, OCKAM_A_PORT, &addr);
	case OCKAM_EP_LINK:
		ockam_link_info(ep, &link);
		return nla_put_string(msg, OCKAM_A_LABEL, link.label);
	case OCKAM_EP_RELAY_CLIENT:
		return ockam_nl_relay_client_label(msg, ep);
	default:
		return 0;
	}
}

/**
 * ockam_nl_fill_node() - describe a node
 * @msg:  message
 * @node: node
 *
 * Return: 0, -EMSGSIZE.
 */
int ockam_nl_fill_node(struct sk_buff *msg, struct ockam_node *node)
{
	struct ockam_node_identity *identity = ockam_node_identity(node);
	struct user_namespace *ns = current_user_ns();
	int err;

	err = nla_put_string(msg, OCKAM_A_NODE_NAME, node->name) ?:
	      nla_put_u32(msg, OCKAM_A_NODE_INDEX, node->index) ?:
	      ockam_nl_u64(msg, OCKAM_A_CREATED, node->created);
	if (!err && node->index == node->onet->default_node)
		err = nla_put_flag(msg, OCKAM_A_DEFAULT);
	if (!err && identity)
		err = nla_put_string(msg, OCKAM_A_IDENTITY_NAME,
				     node->identity_name) ?:
		      nla_put(msg, OCKAM_A_IDENTIFIER, OCKAM_IDENTIFIER_LEN,
			      identity->identifier) ?:
		      ockam_nl_u64(msg, OCKAM_A_EXPIRES, identity->expires_at);
	if (identity)
		ockam_node_identity_put(identity);
	if (!err && gid_lte(node->group_low, node->group_high))
		err = nla_put_u32(msg, OCKAM_A_GROUP_LOW,
				  from_kgid_munged(ns, node->group_low)) ?:
		      nla_put_u32(msg, OCKAM_A_GROUP_HIGH,
				  from_kgid_munged(ns, node->group_high));
	return err;
}

static int ockam_nl_counted(struct sk_buff *msg, int attr, const char *name,
			    u64 count)
{
	struct nlattr *nest = nla_nest_start(msg, attr);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(msg, OCKAM_A_NAME, name) ||
	    ockam_nl_u64(msg, OCKAM_A_COUNT, count)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ockam_nl_fill_stats() - the counters of a node
 * @msg:  message
 * @node: node
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int ockam_nl_fill_stats(struct sk_buff *msg, struct ockam_node *node)
{
	struct ockam_stats *stats;
	int err, i;

	stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	ockam_stats_sum(node, stats);
	err = nla_put_string(msg, OCKAM_A_NODE_NAME, node->name) ?:
	      ockam_nl_u64(msg, OCKAM_A_DELIVERED, stats->delivered) ?:
	      ockam_nl_u64(msg, OCKAM_A_FORWARDED, stats->forwarded);
	for (i = 1; !err && i < OCKAM_DROP_COUNT; i++)
		err = ockam_nl_counted(msg, OCKAM_A_DROP, ockam_drop_name(i),
				       stats->drops[i]);
	kfree(stats);
	return err;
}

/**
 * ockam_nl_fill_info() - the module and what lives in it
 * @msg:  message
 * @onet: namespace state
 *
 * Return: 0, -EMSGSIZE.
 */
int ockam_nl_fill_info(struct sk_buff *msg, struct ockam_net *onet)
{
	int err, i;

	err = nla_put_string(msg, OCKAM_A_VERSION, THIS_MODULE->version) ?:
	      nla_put_u32(msg, OCKAM_A_FAMILY, ockam_sock_family()) ?:
	      nla_put_string(msg, OCKAM_A_DRIVER, ockam_crypto_driver());
	/* Those of the whole machine are not for everybody. */
	if (onet->net->user_ns != &init_user_ns)
		return err;
	for (i = 0; !err && i < OCKAM_OBJ_COUNT; i++)
		err = ockam_nl_counted(msg, OCKAM_A_OBJECT,
				       ockam_ledger_name(i),
				       ockam_ledger_alive(i));
	return err;
}
