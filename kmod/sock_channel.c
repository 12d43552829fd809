// SPDX-License-Identifier: GPL-2.0 OR MIT
/* AF_OCKAM: SOCK_SEQPACKET, where a socket is one end of a secure channel. */

#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "flow.h"
#include "handshake.h"
#include "listener.h"
#include "msg.h"
#include "node.h"
#include "sock.h"
#include "transport.h"

/*
 * Both ends call the address of the listener their port: a message that
 * arrives through the channel for the port belongs to the socket that owns the
 * end, and a message that a socket sends goes to the peer's port.
 */

/*
 * Why a socket loses its channel, as an errno; 0 when its peer or itself closed:
 * a channel that ends without the peer's word may have been cut off.
 */
static int ockam_sk_end(const struct ockam_sock *os)
{
	const struct sock *sk = &os->sk;

	if (sk->sk_state == TCP_SYN_SENT && os->first &&
	    READ_ONCE(ockam_conn(os->first)->err))
		return READ_ONCE(ockam_conn(os->first)->err);
	if (sk->sk_state == TCP_SYN_SENT)
		return ockam_drop_errno(os->ch->reason) ?: -ECONNRESET;
	if (READ_ONCE(os->ch->peer_closed) || sk->sk_shutdown == SHUTDOWN_MASK)
		return 0;
	return -ECONNRESET;
}

static void ockam_sk_channel_event(struct ockam_watch *watch,
				   enum ockam_watch_event event)
{
	struct ockam_sock *os = container_of(watch, struct ockam_sock, watch);
	struct sock *sk = &os->sk;

	if (event == OCKAM_WATCH_UP) {
		sk->sk_state = TCP_ESTABLISHED;
	} else {
		if (!sk->sk_err)
			sk->sk_err = -ockam_sk_end(os);
		sk->sk_shutdown = SHUTDOWN_MASK;
		/* Nobody sees it closed and not shut down: as never open. */
		smp_mb();
		sk->sk_state = TCP_CLOSE;
		/* A shutdown() at this moment sees it closed, or is undone. */
		smp_mb();
		sk->sk_shutdown = SHUTDOWN_MASK;
		if (sk->sk_err)
			sk_error_report(sk);
	}
	sk->sk_state_change(sk);
}

/*
 * What comes through the channel may reach the socket, which is told what becomes
 * of it. On error the caller keeps its reference.
 */
static int ockam_sk_attach(struct ockam_sock *os, struct ockam_channel *ch)
{
	int err;

	os->ch = ch;
	os->watch.event = ockam_sk_channel_event;
	WRITE_ONCE(os->flow, ch->enc.flow);
	err = ockam_flow_admit(os->ep->ep.node, ch->enc.flow, &os->ep->ep);
	if (!err)
		err = ockam_endpoint_watch(&ch->enc, &os->watch);
	if (!err)
		return 0;
	/* Closed already, or no memory: there is nothing to watch. */
	os->ch = NULL;
	WRITE_ONCE(os->flow, 0);
	return err == -ESHUTDOWN ? -ECONNRESET : err;
}

/* Tie a channel to a socket; takes over the caller's reference on @ch. */
static int ockam_sk_own_channel(struct sock *sk, struct ockam_channel *ch,
				const u8 *port, size_t len)
{
	struct ockam_sock *os = ockam_sk(sk);
	int err;

	memcpy(os->port, port, len);
	os->port_len = len;
	err = ockam_channel_set_sink(ch, port, len, &os->ep->ep);
	if (!err)
		err = ockam_sk_attach(os, ch);
	if (!err)
		return 0;
	ockam_channel_close(ch, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
	return err;
}

static int ockam_sk_wait_channel(struct sock *sk, int flags)
{
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	if (!timeo && sk->sk_state == TCP_SYN_SENT)
		return -EINPROGRESS;
	add_wait_queue(sk_sleep(sk), &wait);
	while (sk->sk_state == TCP_SYN_SENT && !sk->sk_err) {
		release_sock(sk);
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
		lock_sock(sk);
		if (sk->sk_state != TCP_SYN_SENT)
			break;
		if (signal_pending(current)) {
			err = sock_intr_errno(timeo);
			ockam_sk(sk)->restart = err == -ERESTARTSYS;
			break;
		}
		if (!timeo) {
			err = -EINPROGRESS;
			break;
		}
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	if (!err)
		err = sock_error(sk);
	/* One that was open and is closed again may have brought messages. */
	if (!err && sk->sk_state != TCP_ESTABLISHED &&
	    !READ_ONCE(ockam_sk(sk)->ch->opened))
		err = -ECONNRESET;
	return err;
}

static int ockam_sk_start_channel(struct sock *sk,
				  const struct ockam_route *route,
				  struct ockam_endpoint *first)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_connect how = {
		.route = *route,
		.trust = os->trust,
		.owner = ockam_sk_owner(os),
		.admin = os->admin,
		.timeout_ms = os->timeout_ms,
		.sink = &os->ep->ep,
	};
	struct ockam_channel *ch;
	struct ockam_addr addr;
	u8 *hops = NULL;
	size_t len;
	int err;

	if (first) {
		hops = kmalloc(OCKAM_ROUTE_MAX, GFP_KERNEL);
		if (!hops)
			return -ENOMEM;
		ockam_route_pop(&how.route, &addr);
		addr = ockam_endpoint_addr(first);
		len = ockam_addr_put(hops, OCKAM_ROUTE_MAX, &addr);
		memcpy(hops + len, how.route.hops, how.route.len);
		err = ockam_route_parse(&how.route, hops, len + how.route.len);
		if (err)
			goto out;
	}
	err = -EINVAL;
	if (!ockam_route_last(&how.route, &addr) || addr.type ||
	    addr.len > OCKAM_NAME_LEN_MAX)
		goto out;
	how.port = addr.value;
	how.port_len = addr.len;
	ch = ockam_handshake_start(os->ep->ep.node, &how);
	err = PTR_ERR_OR_ZERO(ch);
	if (err)
		goto out;
	sk->sk_state = TCP_SYN_SENT;
	err = ockam_sk_own_channel(sk, ch, addr.value, addr.len);
	if (err)
		sk->sk_state = TCP_CLOSE;
	else if (READ_ONCE(ch->state) == OCKAM_CHANNEL_OPEN)
		/* It may end meanwhile: the watcher has the last word. */
		cmpxchg(&sk->sk_state, TCP_SYN_SENT, TCP_ESTABLISHED);
out:
	kfree(hops);
	return err;
}

/* The connection that the handshake goes over is lost, and the handshake too. */
static void ockam_sk_first_event(struct ockam_watch *watch,
				 enum ockam_watch_event event)
{
	struct ockam_sock *os = container_of(watch, struct ockam_sock,
					     first_watch);

	if (event == OCKAM_WATCH_GONE && os->sk.sk_state == TCP_SYN_SENT)
		ockam_channel_close_async(os->ch, OCKAM_DROP_CLOSED);
}

/* Open a channel over @conn, whose reference is taken, or without one. */
static int ockam_sk_open_over(struct sock *sk, const struct ockam_route *route,
			      struct ockam_conn *conn)
{
	struct ockam_sock *os = ockam_sk(sk);
	int err;

	err = ockam_sk_start_channel(sk, route, conn ? &conn->ep : NULL);
	if (!conn)
		return err;
	if (err) {
		/* It may have failed at once, and then says why. */
		err = READ_ONCE(conn->err) ?: err;
		ockam_endpoint_put(&conn->ep);
		return err;
	}
	os->first = &conn->ep;
	os->first_watch.event = ockam_sk_first_event;
	if (ockam_endpoint_watch(os->first, &os->first_watch))
		ockam_sk_first_event(&os->first_watch, OCKAM_WATCH_GONE);
	return 0;
}

/**
 * ockam_sk_connect_channel() - open a channel along a route
 * @sk:    socket, locked and bound
 * @route: to the listener; may begin with a transport address
 * @flags: O_NONBLOCK
 *
 * Return: 0, -EINPROGRESS it goes on without us, -EALREADY, -EISCONN, or why
 * there is no channel.
 */
int ockam_sk_connect_channel(struct sock *sk, const struct ockam_route *route,
			     int flags)
{
	struct ockam_sock *os = ockam_sk(sk);
	bool restart = os->restart;
	struct ockam_conn *conn;
	int err;

	os->restart = false;
	if (sk->sk_state == TCP_SYN_SENT)
		return flags & O_NONBLOCK ? -EALREADY :
		       ockam_sk_wait_channel(sk, flags);
	/* The same call, which a signal had interrupted: how did it end? */
	if (restart)
		return ockam_sk_wait_channel(sk, flags);
	if (sk->sk_state == TCP_ESTABLISHED)
		return -EISCONN;
	if (sk->sk_state == TCP_LISTEN)
		return -EINVAL;
	if (os->ch)
		return sock_error(sk) ?: -ECONNABORTED;
	conn = ockam_sk_first_hop(sk, route);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	err = ockam_sk_open_over(sk, route, conn);
	return err ?: ockam_sk_wait_channel(sk, flags);
}

/* May the socket use it, and does it want this peer? */
static int ockam_sk_may_use(struct ockam_sock *os, struct ockam_channel *ch)
{
	if (!ockam_owner_admits(&ch->enc.owner, os->sk.sk_uid, os->admin))
		return -EACCES;
	if (READ_ONCE(ch->state) != OCKAM_CHANNEL_OPEN)
		return -ENOTCONN;
	return ockam_trust_accepts(os->trust, ch->peer) ? 0 : -EKEYREJECTED;
}

/**
 * ockam_sk_use_channel() - use a channel that is there already
 * @sk:    socket, locked and bound
 * @route: address of the channel on the node, then the route inside it
 *
 * The channel has other users and stays when the socket is closed.
 *
 * Return: 0, -EISCONN, -EINVAL, -ECONNABORTED, -ECONNREFUSED no channel has
 * that address, -EDESTADDRREQ no route inside it, -EACCES, -ENOTCONN it is not
 * open, -EKEYREJECTED its peer is not authorized, -ECONNRESET, -ENOMEM.
 */
int ockam_sk_use_channel(struct sock *sk, const struct ockam_route *route)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_route inner = *route;
	struct ockam_endpoint *ep;
	struct ockam_channel *ch;
	struct ockam_addr addr;
	int err;

	if (sk->sk_state == TCP_ESTABLISHED)
		return -EISCONN;
	if (sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	if (os->ch)
		return -ECONNABORTED;
	if (!ockam_route_pop(&inner, &addr) || addr.type || !inner.count)
		return inner.count ? -EINVAL : -EDESTADDRREQ;
	ep = ockam_endpoint_lookup(os->ep->ep.node, addr.value, addr.len);
	if (!ep)
		return -ECONNREFUSED;
	ch = ockam_channel_of(ep);
	err = ch ? ockam_sk_may_use(os, ch) : -ECONNREFUSED;
	if (!err)
		err = ockam_sk_set_route(os, inner.hops, inner.len);
	if (err)
		goto err_put;
	/* Before it is watched: the watcher has the last word. */
	os->given = true;
	sk->sk_state = TCP_ESTABLISHED;
	err = ockam_sk_attach(os, ch);
	if (!err)
		return 0;
	os->given = false;
	sk->sk_state = TCP_CLOSE;
err_put:
	ockam_endpoint_put(ep);
	return err;
}

/* What is known about the channel; it is or was open. */
static void ockam_sk_channel_info(struct ockam_channel *ch,
				  struct ockam_info *info)
{
	const struct ockam_session *session;
	u64 now = ktime_get_real_seconds();

	info->oi_role = ch->role == OCKAM_INITIATOR ? OCKAM_SIDE_INITIATOR :
			OCKAM_SIDE_RESPONDER;
	spin_lock_bh(&ch->lock);
	session = ch->session;
	spin_unlock_bh(&ch->lock);
	if (!session)
		return;
	info->oi_flags |= OCKAM_INFO_PEER;
	memcpy(info->oi_peer, ch->peer, OCKAM_ID_LEN);
	info->oi_suite = OCKAM_SUITE_AES_256_GCM_SHA256;
	info->oi_age = now > ch->opened ? now - ch->opened : 0;
	info->oi_tx_msgs = atomic64_read(&ch->tx_msgs);
	info->oi_tx_bytes = atomic64_read(&ch->tx_total);
	info->oi_rx_msgs = atomic64_read(&ch->rx_msgs);
	info->oi_rx_bytes = atomic64_read(&ch->rx_total);
	info->oi_tx_rekeys = READ_ONCE(session->tx.interval);
	info->oi_rx_rekeys = READ_ONCE(session->rekeys);
	info->oi_rx_replays = READ_ONCE(session->rx_replays);
	info->oi_rx_auth_failed = READ_ONCE(session->rx_auth_failed);
}

/**
 * ockam_sk_info() - what OCKAM_INFO tells
 * @sk:   socket, locked
 * @info: filled in, every byte of it
 */
void ockam_sk_info(struct sock *sk, struct ockam_info *info)
{
	struct ockam_sock *os = ockam_sk(sk);

	memset(info, 0, sizeof(*info));
	switch (sk->sk_state) {
	case TCP_ESTABLISHED:
		info->oi_state = OCKAM_SOCK_OPEN;
		break;
	case TCP_SYN_SENT:
		info->oi_state = OCKAM_SOCK_CONNECTING;
		break;
	case TCP_LISTEN:
		info->oi_state = OCKAM_SOCK_LISTENING;
		info->oi_accept_queue = READ_ONCE(sk->sk_ack_backlog);
		info->oi_accept_max = READ_ONCE(sk->sk_max_ack_backlog);
		break;
	default:
		info->oi_state = os->ch ? OCKAM_SOCK_CLOSED : OCKAM_SOCK_IDLE;
	}
	info->oi_node = os->ep ? os->ep->ep.node->index : 0;
	info->oi_max_msg = OCKAM_PAYLOAD_MAX;
	info->oi_rx_queue = skb_queue_len_lockless(&sk->sk_receive_queue);
	info->oi_rx_memory = sk_rmem_alloc_get(sk);
	info->oi_tx_memory = sk_wmem_alloc_get(sk);
	info->oi_lost = atomic64_read(&os->lost);
	if (os->given)
		info->oi_flags |= OCKAM_INFO_GIVEN;
	if (os->ch)
		ockam_sk_channel_info(os->ch, info);
}

/* A socket for a channel that was accepted; waits in the parent's list. */
static struct sock *ockam_sk_child(struct sock *parent,
				   struct ockam_channel *ch)
{
	struct ockam_sock *os = ockam_sk(parent);
	struct sock *sk;
	int err;

	sk = ockam_sk_alloc(sock_net(parent), NULL, SOCK_SEQPACKET, false);
	if (!sk)
		return NULL;
	sk->sk_uid = parent->sk_uid;
	sk->sk_rcvbuf = parent->sk_rcvbuf;
	sk->sk_sndbuf = parent->sk_sndbuf;
	ockam_sk(sk)->admin = os->admin;
	ockam_sk(sk)->recv_route = os->recv_route;
	ockam_sk(sk)->recv_peer = os->recv_peer;
	err = ockam_sk_bind_locked(sk, ch->enc.node, NULL, 0);
	if (!err) {
		ockam_channel_get(ch);
		sk->sk_state = TCP_ESTABLISHED;
		err = ockam_sk_own_channel(sk, ch, os->ep->ep.name,
					   os->ep->ep.name_len);
	}
	if (err) {
		sock_set_flag(sk, SOCK_DEAD);
		ockam_sk_close(sk);
		sock_put(sk);
		return NULL;
	}
	return sk;
}

/* The listener has an authenticated, authorised channel for us. */
static bool ockam_sk_accepted(void *arg, struct ockam_channel *ch)
{
	struct sock *sk = arg, *child;
	struct ockam_sock *os = ockam_sk(sk);
	bool queued = false;

	/* Asked again below: others may be quicker. */
	if (sk_acceptq_is_full(sk))
		return false;
	child = ockam_sk_child(sk, ch);
	if (!child)
		return false;
	spin_lock(&os->accept_lock);
	if (!sock_flag(sk, SOCK_DEAD) && !sk_acceptq_is_full(sk)) {
		list_add_tail(&ockam_sk(child)->accept_entry, &os->accept_list);
		sk_acceptq_added(sk);
		queued = true;
	}
	spin_unlock(&os->accept_lock);
	if (queued) {
		sk->sk_data_ready(sk);
		return true;
	}
	sock_set_flag(child, SOCK_DEAD);
	ockam_sk_close(child);
	sock_put(child);
	return false;
}

static void ockam_sk_listener_gone(void *arg)
{
	sock_put(arg);
}

/* The node or the listener was deleted: who waits in accept() must know. */
static void ockam_sk_listener_event(struct ockam_watch *watch,
				    enum ockam_watch_event event)
{
	struct ockam_sock *os = container_of(watch, struct ockam_sock, watch);

	if (event != OCKAM_WATCH_GONE)
		return;
	os->sk.sk_err = ENETDOWN;
	os->sk.sk_shutdown = SHUTDOWN_MASK;
	sk_error_report(&os->sk);
}

/**
 * ockam_sk_listen() - accept channels at the socket's address
 * @sock:    socket, bound to a name
 * @backlog: authenticated channels that may wait
 *
 * The socket's endpoint gives way to a channel listener of the same name.
 *
 * Return: 0, -EOPNOTSUPP, -EINVAL not bound, -ENOKEY no identity, -EADDRINUSE
 * somebody was quicker, -ESHUTDOWN, -ENOMEM.
 */
int ockam_sk_listen(struct socket *sock, int backlog)
{
	struct ockam_listener_config config = {};
	struct sock *sk = sock->sk;
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_endpoint *listener;
	int err = 0;

	if (sock->type != SOCK_SEQPACKET)
		return -EOPNOTSUPP;
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		sk->sk_max_ack_backlog = backlog;
		goto out;
	}
	err = -EINVAL;
	if (!os->ep || sk->sk_state != TCP_CLOSE || os->ch)
		goto out;
	/* The usual failure, before the address is given up. */
	err = -ENOKEY;
	if (!rcu_access_pointer(os->ep->ep.node->identity))
		goto out;
	config.name = os->ep->ep.name;
	config.name_len = os->ep->ep.name_len;
	config.trust = os->trust;
	config.owner = ockam_sk_owner(os);
	config.accept = ockam_sk_accepted;
	config.release = ockam_sk_listener_gone;
	config.arg = sk;
	ockam_endpoint_unpublish(&os->ep->ep);
	sock_hold(sk);
	listener = ockam_listener_create(os->ep->ep.node, &config);
	err = PTR_ERR_OR_ZERO(listener);
	if (err) {
		sock_put(sk);
		/* The address is gone: the socket may be bound again. */
		ockam_endpoint_put(&os->ep->ep);
		WRITE_ONCE(os->ep, NULL);
		goto out;
	}
	sk->sk_max_ack_backlog = backlog;
	sk->sk_state = TCP_LISTEN;
	os->listener = listener;
	os->watch.event = ockam_sk_listener_event;
	if (ockam_endpoint_watch(listener, &os->watch))
		ockam_sk_listener_event(&os->watch, OCKAM_WATCH_GONE);
out:
	release_sock(sk);
	return err;
}

static struct sock *ockam_sk_dequeue(struct ockam_sock *os)
{
	struct ockam_sock *child;

	spin_lock(&os->accept_lock);
	child = list_first_entry_or_null(&os->accept_list, struct ockam_sock,
					 accept_entry);
	if (child) {
		list_del_init(&child->accept_entry);
		sk_acceptq_removed(&os->sk);
	}
	spin_unlock(&os->accept_lock);
	return child ? &child->sk : NULL;
}

/**
 * ockam_sk_accept_next() - the next accepted channel
 * @sk:    listening socket
 * @flags: O_NONBLOCK
 * @err:   why there is none
 *
 * Return: a socket with the reference that the list held, or NULL.
 */
struct sock *ockam_sk_accept_next(struct sock *sk, int flags, int *err)
{
	long timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct ockam_sock *os = ockam_sk(sk);
	struct sock *child = NULL;

	*err = -EINVAL;
	if (sk->sk_state != TCP_LISTEN)
		return NULL;
	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		child = ockam_sk_dequeue(os);
		if (child)
			break;
		*err = sock_error(sk);
		if (!*err && READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
			*err = -EINVAL;
		if (!*err && !timeo)
			*err = -EAGAIN;
		if (!*err && signal_pending(current))
			*err = sock_intr_errno(timeo);
		if (*err)
			break;
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return child;
}

static void ockam_sk_forget_first(struct ockam_sock *os)
{
	if (!os->first)
		return;
	ockam_endpoint_unwatch(os->first, &os->first_watch);
	ockam_endpoint_put(os->first);
	os->first = NULL;
}

/**
 * ockam_sk_close_channel() - end a socket's channel or listener
 * @sk: socket, not locked
 *
 * A channel that was given to the socket stays.
 */
void ockam_sk_close_channel(struct sock *sk)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct sock *child;

	if (os->listener) {
		ockam_endpoint_unwatch(os->listener, &os->watch);
		os->listener->ops->shutdown(os->listener);
		while ((child = ockam_sk_dequeue(os))) {
			sock_set_flag(child, SOCK_DEAD);
			ockam_sk_close(child);
			sock_put(child);
		}
		if (sock_flag(sk, SOCK_DEAD)) {
			ockam_endpoint_put(os->listener);
			os->listener = NULL;
		}
	}
	if (!os->ch)
		return;
	if (!os->given)
		ockam_channel_close(os->ch, OCKAM_DROP_CLOSED);
	if (sock_flag(sk, SOCK_DEAD)) {
		ockam_endpoint_unwatch(&os->ch->enc, &os->watch);
		ockam_sk_forget_first(os);
		ockam_channel_put(os->ch);
		os->ch = NULL;
	}
}
