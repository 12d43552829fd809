// SPDX-License-Identifier: GPL-2.0 OR MIT
/* AF_OCKAM: the family, its sockets' lives, names and options. */

#include <linux/module.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "channel.h"
#include "credential.h"
#include "flow.h"
#include "msg.h"
#include "node.h"
#include "sock.h"

/* Tried in this order when the number is left to us: of protocols that are gone. */
static const int ockam_sk_families[] = { 18, 22, 14, 13 };

static int ockam_sk_family __ro_after_init;

static void ockam_sk_ep_shutdown(struct ockam_endpoint *ep)
{
	struct ockam_sk_ep *sep = container_of(ep, struct ockam_sk_ep, ep);
	struct sock *sk = sep->sk;

	if (!ockam_endpoint_unpublish(ep))
		return;
	/* The node goes while the socket stays: reads end, writes fail. */
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_err = ENETDOWN;
		sk->sk_shutdown = SHUTDOWN_MASK;
		sk_error_report(sk);
		sk->sk_state_change(sk);
	}
}

static void ockam_sk_ep_release(struct ockam_endpoint *ep)
{
	struct ockam_sk_ep *sep = container_of(ep, struct ockam_sk_ep, ep);

	sock_put(sep->sk);
	ockam_endpoint_fini(ep);
	kfree_rcu(sep, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_sk_ep_ops = {
	.kind = OCKAM_EP_SOCKET,
	.rcv = ockam_sk_rcv,
	.sink = ockam_sk_sink,
	.shutdown = ockam_sk_ep_shutdown,
	.release = ockam_sk_ep_release,
};

/**
 * ockam_sk_owner() - as whom a socket makes endpoints
 * @os: the socket
 *
 * Return: the opener, never the administrator: what a socket makes belongs to
 * its user alone.
 */
struct ockam_owner ockam_sk_owner(const struct ockam_sock *os)
{
	return (struct ockam_owner){ .uid = os->sk.sk_uid };
}

/* Names that services and relays use; a member could pose as one of them. */
static bool ockam_sk_name_reserved(const struct ockam_sock *os, const u8 *name,
				   size_t len)
{
	static const char * const services[] = {
		"api", "echo", "uppercase", "hop", "udp", "outlet",
		"forwarding_service", "static_forwarding_service",
		"key_exchanger", "credential_issuer", "direct_authenticator",
		"enrollment_token_issuer", "enrollment_token_acceptor",
	};
	static const char relay[] = "forward_to_";
	size_t i;

	if (len >= sizeof(relay) - 1 && !memcmp(name, relay, sizeof(relay) - 1))
		return true;
	if (len && name[0] == '_')
		return true;
	for (i = 0; !os->admin && i < ARRAY_SIZE(services); i++)
		if (len == strlen(services[i]) && !memcmp(name, services[i], len))
			return true;
	return false;
}

/**
 * ockam_sk_bind_locked() - give a socket its address
 * @sk:   socket, locked or not yet visible to anybody
 * @node: node
 * @name: name, NULL for a random one
 * @len:  its bytes
 *
 * Return: 0, -EINVAL bound already, -EADDRINUSE, -EACCES the name is reserved,
 * -ENAMETOOLONG, -ENOMEM, -ESHUTDOWN.
 */
int ockam_sk_bind_locked(struct sock *sk, struct ockam_node *node,
			 const u8 *name, size_t len)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_owner owner = ockam_sk_owner(os);
	struct ockam_sk_ep *sep;
	int err;

	if (os->ep)
		return -EINVAL;
	if (name && len > OCKAM_NAME_LEN_MAX)
		return -ENAMETOOLONG;
	if (name && (!len || ockam_sk_name_reserved(os, name, len)))
		return len ? -EACCES : -EINVAL;
	sep = kzalloc(sizeof(*sep), GFP_KERNEL_ACCOUNT);
	if (!sep)
		return -ENOMEM;
	err = ockam_endpoint_init(&sep->ep, node, &ockam_sk_ep_ops, name, len,
				  &owner);
	if (err) {
		kfree(sep);
		return err;
	}
	sep->sk = sk;
	sock_hold(sk);
	err = ockam_endpoint_publish(&sep->ep);
	if (err) {
		ockam_endpoint_put(&sep->ep);
		return err;
	}
	os->named = name;
	WRITE_ONCE(os->ep, sep);
	return 0;
}

/* The node that a socket means; with a reference or an ERR_PTR. */
static struct ockam_node *ockam_sk_node(struct sock *sk, u32 index)
{
	struct ockam_net *onet = ockam_net(sock_net(sk));
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_node *node;

	if (!index && os->node_name[0])
		node = ockam_node_by_name(onet, os->node_name);
	else
		node = ockam_node_by_index(onet, index);
	if (!node)
		return ERR_PTR(-ENETUNREACH);
	if (!os->admin && !ockam_node_may_use(node)) {
		ockam_node_put(node);
		return ERR_PTR(-EACCES);
	}
	return node;
}

/**
 * ockam_sk_autobind() - give a socket a random address unless it has one
 * @sk:         socket, locked
 * @node_index: node it should be in; 0 for the chosen or default node
 *
 * Return: 0, -ENETUNREACH no such node, -EACCES it may not use the node,
 * -EADDRNOTAVAIL it is bound in another node, or a bind error.
 */
int ockam_sk_autobind(struct sock *sk, u32 node_index)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_node *node;
	int err;

	if (os->ep) {
		if (node_index && os->ep->ep.node->index != node_index)
			return -EADDRNOTAVAIL;
		return 0;
	}
	node = ockam_sk_node(sk, node_index);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = ockam_sk_bind_locked(sk, node, NULL, 0);
	ockam_node_put(node);
	return err;
}

/**
 * ockam_sk_check_addr() - judge an address from user space
 * @out:  copy, zero-filled behind what was given
 * @addr: as the kernel copied it in
 * @len:  its length
 *
 * Return: 0, -EINVAL (length, padding, kind), -EAFNOSUPPORT.
 */
int ockam_sk_check_addr(struct sockaddr_ockam *out, const void *addr, int len)
{
	const size_t head = offsetof(struct sockaddr_ockam, so_data);
	const u8 *bytes = addr;
	size_t used, i;

	if (len < (int)head || len > (int)sizeof(struct sockaddr_storage))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out, addr, min_t(size_t, len, sizeof(*out)));
	if (out->so_family != ockam_sk_family)
		return -EAFNOSUPPORT;
	used = head + out->so_len;
	if (out->so_len > OCKAM_SA_DATA || (size_t)len < used)
		return -EINVAL;
	for (i = used; i < (size_t)len; i++)
		if (bytes[i])
			return -EINVAL;
	return 0;
}

static int ockam_sk_bind(struct socket *sock, struct sockaddr_unsized *addr,
			 int len)
{
	struct sock *sk = sock->sk;
	struct sockaddr_ockam so;
	struct ockam_node *node;
	int err;

	err = ockam_sk_check_addr(&so, addr, len);
	if (err)
		return err;
	if (so.so_kind != OCKAM_KIND_ANY && so.so_kind != OCKAM_KIND_NAME)
		return -EINVAL;
	if (so.so_kind == OCKAM_KIND_ANY && so.so_len)
		return -EINVAL;
	node = ockam_sk_node(sk, so.so_node);
	if (IS_ERR(node))
		return PTR_ERR(node);
	lock_sock(sk);
	err = ockam_sk_bind_locked(sk, node,
				   so.so_kind == OCKAM_KIND_NAME ? so.so_data :
				   NULL, so.so_len);
	release_sock(sk);
	ockam_node_put(node);
	return err;
}

/**
 * ockam_sk_set_route() - remember where a socket sends to
 * @os:   socket, locked
 * @hops: binary route
 * @len:  its bytes; 0 forgets the route
 *
 * Return: 0, -EINVAL malformed, -ENOMEM.
 */
int ockam_sk_set_route(struct ockam_sock *os, const u8 *hops, size_t len)
{
	struct ockam_route route = {};
	u8 *copy = NULL;
	int err;

	if (len) {
		err = ockam_route_parse(&route, hops, len);
		if (err)
			return err;
		copy = kmemdup(hops, len, GFP_KERNEL_ACCOUNT);
		if (!copy)
			return -ENOMEM;
		route.hops = copy;
	}
	kfree(os->route.hops);
	os->route = route;
	return 0;
}

/* The route that a socket address names, as a binary route at @buf. */
static int ockam_sk_addr_route(struct ockam_sock *os,
			       const struct sockaddr_ockam *so,
			       struct ockam_route *route, u8 *buf)
{
	struct ockam_addr addr = { .len = so->so_len, .value = so->so_data };
	size_t len;

	switch (so->so_kind) {
	case OCKAM_KIND_NAME:
		if (!so->so_len)
			return -EINVAL;
		len = ockam_addr_put(buf, OCKAM_SA_DATA + 2, &addr);
		return ockam_route_parse(route, buf, len);
	case OCKAM_KIND_ROUTE:
	case OCKAM_KIND_CHANNEL:
		return ockam_route_parse(route, so->so_data, so->so_len);
	case OCKAM_KIND_USE_ROUTE:
		*route = os->route;
		return route->count ? 0 : -EDESTADDRREQ;
	}
	return -EINVAL;
}

/* A destination for datagrams, or a channel. */
static int ockam_sk_connect_route(struct sock *sk,
				  const struct sockaddr_ockam *so,
				  const struct ockam_route *route, int flags)
{
	struct ockam_sock *os = ockam_sk(sk);
	int err = 0;

	if (sk->sk_type == SOCK_SEQPACKET)
		return so->so_kind == OCKAM_KIND_CHANNEL ?
		       ockam_sk_use_channel(sk, route) :
		       ockam_sk_connect_channel(sk, route, flags);
	if (so->so_kind == OCKAM_KIND_CHANNEL)
		return -EINVAL;
	if (route->hops != os->route.hops)
		err = ockam_sk_set_route(os, route->hops, route->len);
	if (!err)
		sk->sk_state = TCP_ESTABLISHED;
	return err;
}

static int ockam_sk_connect(struct socket *sock, struct sockaddr_unsized *addr,
			    int len, int flags)
{
	u8 buf[OCKAM_SA_DATA + 2];
	struct sock *sk = sock->sk;
	struct sockaddr_ockam so;
	struct ockam_route route;
	int err;

	err = ockam_sk_check_addr(&so, addr, len);
	if (err)
		return err;
	lock_sock(sk);
	err = ockam_sk_addr_route(ockam_sk(sk), &so, &route, buf);
	if (!err && !route.count)
		err = -EDESTADDRREQ;
	if (!err)
		err = ockam_sk_autobind(sk, so.so_node);
	if (!err)
		err = ockam_sk_connect_route(sk, &so, &route, flags);
	if (!err)
		sock->state = SS_CONNECTED;
	release_sock(sk);
	return err;
}

static int ockam_sk_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct sockaddr_ockam *so = (struct sockaddr_ockam *)addr;
	struct sock *sk = sock->sk;
	struct ockam_sock *os = ockam_sk(sk);
	int err = 0;

	memset(so, 0, sizeof(*so));
	so->so_family = ockam_sk_family;
	lock_sock(sk);
	if (os->ep)
		so->so_node = os->ep->ep.node->index;
	if (!peer) {
		if (os->ep) {
			so->so_kind = OCKAM_KIND_NAME;
			so->so_len = os->ep->ep.name_len;
			memcpy(so->so_data, os->ep->ep.name, so->so_len);
		}
	} else if (sk->sk_state != TCP_ESTABLISHED) {
		err = -ENOTCONN;
	} else if (os->ch) {
		so->so_kind = OCKAM_KIND_IDENTIFIER;
		so->so_len = OCKAM_ID_LEN;
		memcpy(so->so_data, os->ch->peer, OCKAM_ID_LEN);
	} else if (os->route.len <= OCKAM_SA_DATA) {
		so->so_kind = OCKAM_KIND_ROUTE;
		so->so_len = os->route.len;
		memcpy(so->so_data, os->route.hops, os->route.len);
	} else {
		so->so_kind = OCKAM_KIND_USE_ROUTE;
	}
	release_sock(sk);
	return err ?: (int)sizeof(*so);
}

static int ockam_sk_set_authorized(struct ockam_sock *os, sockptr_t optval,
				   unsigned int len)
{
	struct ockam_trust *trust;
	u8 *ids;

	if (len % OCKAM_ID_LEN || len > OCKAM_TRUST_MAX * OCKAM_ID_LEN)
		return -EINVAL;
	if (os->ch || os->listener)
		return -EISCONN;
	ids = memdup_sockptr(optval, len);
	if (IS_ERR(ids))
		return PTR_ERR(ids);
	trust = ockam_trust_create(ids, len / OCKAM_ID_LEN);
	kfree(ids);
	if (IS_ERR_OR_NULL(trust))
		return trust ? PTR_ERR(trust) : -ENOMEM;
	ockam_trust_put(os->trust);
	os->trust = trust;
	return 0;
}

static int ockam_sk_set_node(struct ockam_sock *os, sockptr_t optval,
			     unsigned int len)
{
	char name[OCKAM_NODE_NAME_MAX + 1] = {};

	if (os->ep)
		return -EISCONN;
	if (!len || len > OCKAM_NODE_NAME_MAX + 1)
		return -EINVAL;
	if (copy_from_sockptr(name, optval, len))
		return -EFAULT;
	if (name[OCKAM_NODE_NAME_MAX])
		return -EINVAL;
	strscpy(os->node_name, name, sizeof(os->node_name));
	return 0;
}

static int ockam_sk_set_route_opt(struct ockam_sock *os, sockptr_t optval,
				  unsigned int len)
{
	u8 *hops;
	int err;

	if (len > OCKAM_ROUTE_MAX)
		return -EMSGSIZE;
	hops = memdup_sockptr(optval, len);
	if (IS_ERR(hops))
		return PTR_ERR(hops);
	err = ockam_sk_set_route(os, hops, len);
	kfree(hops);
	return err;
}

static int ockam_sk_set_int(struct ockam_sock *os, int optname,
			    sockptr_t optval, unsigned int len)
{
	int value;

	if (len != sizeof(value))
		return -EINVAL;
	if (copy_from_sockptr(&value, optval, sizeof(value)))
		return -EFAULT;
	switch (optname) {
	case OCKAM_RECV_ROUTE:
		os->recv_route = value;
		return 0;
	case OCKAM_RECV_PEER:
		os->recv_peer = value;
		return 0;
	case OCKAM_HANDSHAKE_TIMEOUT:
		if (value <= 0 || value > 600000)
			return -ERANGE;
		os->timeout_ms = value;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int ockam_sk_setsockopt(struct socket *sock, int level, int optname,
			       sockptr_t optval, unsigned int len)
{
	struct ockam_sock *os = ockam_sk(sock->sk);
	int err;

	if (level != SOL_OCKAM)
		return -ENOPROTOOPT;
	lock_sock(sock->sk);
	switch (optname) {
	case OCKAM_NODE:
		err = ockam_sk_set_node(os, optval, len);
		break;
	case OCKAM_ROUTE:
		err = ockam_sk_set_route_opt(os, optval, len);
		break;
	case OCKAM_AUTHORIZED:
		err = ockam_sk_set_authorized(os, optval, len);
		break;
	case OCKAM_RECV_ROUTE:
	case OCKAM_RECV_PEER:
	case OCKAM_HANDSHAKE_TIMEOUT:
		err = ockam_sk_set_int(os, optname, optval, len);
		break;
	default:
		err = -ENOPROTOOPT;
	}
	release_sock(sock->sk);
	return err;
}

static bool ockam_sk_has_peer(const struct ockam_sock *os)
{
	return os->ch && os->sk.sk_state == TCP_ESTABLISHED;
}

/* The value of an option: where it lies and how long it is. */
static int ockam_sk_option(struct ockam_sock *os, int optname,
			   const void **value, int *len, int *number)
{
	*value = number;
	*len = sizeof(*number);
	switch (optname) {
	case OCKAM_NODE:
		*value = os->ep ? os->ep->ep.node->name : os->node_name;
		*len = strlen(*value) + 1;
		return 0;
	case OCKAM_ROUTE:
		*value = os->route.hops;
		*len = os->route.len;
		return 0;
	case OCKAM_PEER_IDENTIFIER:
		if (!ockam_sk_has_peer(os))
			return -ENOTCONN;
		*value = os->ch->peer;
		*len = OCKAM_ID_LEN;
		return 0;
	case OCKAM_RECV_ROUTE:
		*number = os->recv_route;
		return 0;
	case OCKAM_RECV_PEER:
		*number = os->recv_peer;
		return 0;
	case OCKAM_HANDSHAKE_TIMEOUT:
		*number = os->timeout_ms;
		return 0;
	case OCKAM_MAX_MSG:
		*number = OCKAM_PAYLOAD_MAX;
		return 0;
	}
	return -ENOPROTOOPT;
}

/* What vouches for the peer; the caller frees it. */
static int ockam_sk_credential(struct ockam_sock *os,
			       struct ockam_peer_credential **out, int *len)
{
	struct ockam_credential *credential;
	struct ockam_peer_credential *value;

	if (!ockam_sk_has_peer(os))
		return -ENOTCONN;
	credential = ockam_channel_credential(os->ch);
	if (!credential)
		return -ENODATA;
	value = kzalloc(sizeof(*value), GFP_KERNEL_ACCOUNT);
	if (value) {
		memcpy(value->opc_issuer, credential->issuer, OCKAM_ID_LEN);
		value->opc_expires_at = credential->expires_at;
		value->opc_len = credential->len;
		memcpy(value->opc_attributes, credential->attributes,
		       credential->len);
		*len = offsetof(struct ockam_peer_credential, opc_attributes) +
		       credential->len;
	}
	ockam_credential_put(credential);
	*out = value;
	return value ? 0 : -ENOMEM;
}

/* A whole value, or for OCKAM_INFO as much as there is room for. */
static int ockam_sk_get_option(struct sock *sk, int optname,
			       char __user *optval, int __user *optlen,
			       int room)
{
	struct ockam_peer_credential *credential = NULL;
	struct ockam_sock *os = ockam_sk(sk);
	int err = 0, len, number;
	struct ockam_info info;
	const void *value;

	if (optname == OCKAM_INFO) {
		ockam_sk_info(sk, &info);
		value = &info;
		len = min_t(int, room, sizeof(info));
	} else if (optname == OCKAM_PEER_CREDENTIAL) {
		err = ockam_sk_credential(os, &credential, &len);
		value = credential;
	} else {
		err = ockam_sk_option(os, optname, &value, &len, &number);
	}
	if (!err && room < len)
		err = -EINVAL;
	if (!err && (put_user(len, optlen) || copy_to_user(optval, value, len)))
		err = -EFAULT;
	kfree(credential);
	return err;
}

static int ockam_sk_getsockopt(struct socket *sock, int level, int optname,
			       char __user *optval, int __user *optlen)
{
	int err, room;

	if (level != SOL_OCKAM)
		return -ENOPROTOOPT;
	if (get_user(room, optlen))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	lock_sock(sock->sk);
	err = ockam_sk_get_option(sock->sk, optname, optval, optlen, room);
	release_sock(sock->sk);
	return err;
}

static int ockam_sk_accept(struct socket *sock, struct socket *newsock,
			   OCKAM_ACCEPT_PARAMS)
{
	struct sock *child;
	int err = 0;

	if (sock->type != SOCK_SEQPACKET)
		return -EOPNOTSUPP;
	child = ockam_sk_accept_next(sock->sk, OCKAM_ACCEPT_FLAGS, &err);
	if (!child)
		return err;
	lock_sock(child);
	sock_graft(child, newsock);
	newsock->state = SS_CONNECTED;
	release_sock(child);
	return 0;
}

static __poll_t ockam_sk_poll(struct file *file, struct socket *sock,
			      poll_table *wait)
{
	struct sock *sk = sock->sk;
	__poll_t mask = 0;

	if (sk->sk_state != TCP_LISTEN)
		return datagram_poll(file, sock, wait);
	sock_poll_wait(file, sock, wait);
	if (sk->sk_err)
		mask |= EPOLLERR;
	if (!list_empty_careful(&ockam_sk(sk)->accept_list))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= EPOLLHUP | EPOLLIN | EPOLLRDNORM;
	return mask;
}

static int ockam_sk_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sk);
	if (sk->sk_state != TCP_ESTABLISHED) {
		release_sock(sk);
		return -ENOTCONN;
	}
	sk->sk_shutdown |= how + 1;
	/* Pairs with ockam_sk_channel_event(), which shuts both directions. */
	smp_mb();
	if (READ_ONCE(sk->sk_state) == TCP_CLOSE)
		sk->sk_shutdown = SHUTDOWN_MASK;
	sk->sk_state_change(sk);
	release_sock(sk);
	/* Who no longer reads holds nobody. */
	if ((how + 1) & RCV_SHUTDOWN)
		ockam_waitlist_resume(&ockam_sk(sk)->full);
	/*
	 * The wire has no half of a Close: the peer is told when both
	 * directions are shut.
	 */
	if (sock->type == SOCK_SEQPACKET &&
	    READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK)
		ockam_sk_close_channel(sk);
	return 0;
}

/**
 * ockam_sk_close() - end a socket's part in the node
 * @sk: socket; not locked
 *
 * Afterwards no message reaches it. The caller drops its reference.
 * Context: process.
 */
void ockam_sk_close(struct sock *sk)
{
	struct ockam_sock *os = ockam_sk(sk);

	if (os->ep)
		ockam_endpoint_unpublish(&os->ep->ep);
	ockam_sk_close_channel(sk);
	if (cancel_delayed_work_sync(&os->full_work))
		sock_put(sk);
	ockam_waitlist_resume(&os->full);
	if (os->ep)
		ockam_endpoint_put(&os->ep->ep);
}

static int ockam_sk_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	lock_sock(sk);
	sk->sk_shutdown = SHUTDOWN_MASK;
	sock_orphan(sk);
	release_sock(sk);
	sock->sk = NULL;
	ockam_sk_close(sk);
	sock_put(sk);
	return 0;
}

static void ockam_sk_destruct(struct sock *sk)
{
	struct ockam_sock *os = ockam_sk(sk);

	skb_queue_purge(&sk->sk_receive_queue);
	kfree(os->route.hops);
	ockam_trust_put(os->trust);
	ockam_ledger_destroyed(OCKAM_OBJ_SOCK);
}

static struct proto ockam_sk_proto = {
	.name = "OCKAM",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct ockam_sock),
	/* What getsockopt() copies out of the socket itself. */
	.useroffset = offsetof(struct ockam_sock, node_name),
	.usersize = sizeof_field(struct ockam_sock, node_name),
};

static struct proto_ops ockam_sk_ops __ro_after_init = {
	.owner = THIS_MODULE,
	.release = ockam_sk_release,
	.bind = ockam_sk_bind,
	.connect = ockam_sk_connect,
	.socketpair = sock_no_socketpair,
	.accept = ockam_sk_accept,
	.getname = ockam_sk_getname,
	.poll = ockam_sk_poll,
	.ioctl = sock_no_ioctl,
	.listen = ockam_sk_listen,
	.shutdown = ockam_sk_shutdown,
	.setsockopt = ockam_sk_setsockopt,
	.getsockopt = ockam_sk_getsockopt,
	.sendmsg = ockam_sk_sendmsg,
	.recvmsg = ockam_sk_recvmsg,
	.mmap = sock_no_mmap,
};

/**
 * ockam_sk_alloc() - make a socket
 * @net:  namespace
 * @sock: its struct socket, NULL for one that waits to be accepted
 * @type: SOCK_DGRAM or SOCK_SEQPACKET
 * @kern: made by the kernel
 *
 * Return: the socket with one reference, or NULL.
 */
struct sock *ockam_sk_alloc(struct net *net, struct socket *sock, int type,
			    bool kern)
{
	struct ockam_sock *os;
	struct sock *sk;

	sk = sk_alloc(net, ockam_sk_family, GFP_KERNEL, &ockam_sk_proto, kern);
	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	sk->sk_type = type;
	sk->sk_state = TCP_CLOSE;
	sk->sk_destruct = ockam_sk_destruct;
	sock_set_flag(sk, SOCK_RCU_FREE);	/* its waitlist: see pause.c */
	os = ockam_sk(sk);
	os->admin = ns_capable(net->user_ns, CAP_NET_ADMIN);
	ockam_waitlist_init(&os->full);
	INIT_DELAYED_WORK(&os->full_work, ockam_sk_full_work);
	spin_lock_init(&os->accept_lock);
	INIT_LIST_HEAD(&os->accept_list);
	INIT_LIST_HEAD(&os->accept_entry);
	INIT_LIST_HEAD(&os->first_watch.entry);
	ockam_ledger_created(OCKAM_OBJ_SOCK);
	return sk;
}

static int ockam_sk_create(struct net *net, struct socket *sock, int protocol,
			   int kern)
{
	if (protocol)
		return -EPROTONOSUPPORT;
	if (sock->type != SOCK_DGRAM && sock->type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	sock->ops = &ockam_sk_ops;
	return ockam_sk_alloc(net, sock, sock->type, kern) ? 0 : -ENOMEM;
}

static struct net_proto_family ockam_sk_net_family __ro_after_init = {
	.create = ockam_sk_create,
	.owner = THIS_MODULE,
};

static int ockam_sk_register(int family)
{
	ockam_sk_family = family;
	ockam_sk_ops.family = family;
	ockam_sk_net_family.family = family;
	return sock_register(&ockam_sk_net_family);
}

/**
 * ockam_sock_init() - register the family
 * @family: its number; 0 takes the first free one of a short list
 *
 * Return: 0, -EEXIST the number is taken, -EINVAL.
 */
int __init ockam_sock_init(int family)
{
	int err = -EEXIST;
	size_t i;

	if (family < 0 || family >= NPROTO)
		return -EINVAL;
	err = proto_register(&ockam_sk_proto, 1);
	if (err)
		return err;
	if (family)
		err = ockam_sk_register(family);
	else
		err = -EEXIST;
	for (i = 0; !family && err && i < ARRAY_SIZE(ockam_sk_families); i++)
		err = ockam_sk_register(ockam_sk_families[i]);
	if (err) {
		proto_unregister(&ockam_sk_proto);
		return err;
	}
	return 0;
}

/**
 * ockam_sock_exit() - unregister the family
 *
 * No socket is left: each holds a reference on the module.
 */
void ockam_sock_exit(void)
{
	sock_unregister(ockam_sk_family);
	proto_unregister(&ockam_sk_proto);
}

/**
 * ockam_sock_family() - the family number in use
 *
 * Return: the number.
 */
int ockam_sock_family(void)
{
	return ockam_sk_family;
}
