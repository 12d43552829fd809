// SPDX-License-Identifier: GPL-2.0 OR MIT
/* AF_OCKAM: SOCK_SEQPACKET, where a socket is one end of a secure channel. */

#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "flow.h"
#include "handshake.h"
#include "listener.h"
#include "node.h"
#include "sock.h"

/*
 * Both ends call the address of the listener their port: a message that
 * arrives through the channel for the port belongs to the socket that owns the
 * end, and a message that a socket sends goes to the peer's port.
 */

static void ockam_sk_channel_event(struct ockam_watch *watch,
				   enum ockam_watch_event event)
{
	struct ockam_sock *os = container_of(watch, struct ockam_sock, watch);
	struct sock *sk = &os->sk;

	if (event == OCKAM_WATCH_UP) {
		sk->sk_state = TCP_ESTABLISHED;
	} else {
		if (sk->sk_state == TCP_SYN_SENT)
			sk->sk_err = -(ockam_drop_errno(os->ch->reason) ?:
				       -ECONNRESET);
		sk->sk_state = TCP_CLOSE;
		sk->sk_shutdown = SHUTDOWN_MASK;
		if (sk->sk_err)
			sk_error_report(sk);
	}
	sk->sk_state_change(sk);
}

/* Tie a channel to a socket; takes over the caller's reference on @ch. */
static int ockam_sk_own_channel(struct sock *sk, struct ockam_channel *ch,
				const u8 *port, size_t len)
{
	struct ockam_sock *os = ockam_sk(sk);
	int err;

	memcpy(os->port, port, len);
	os->port_len = len;
	os->ch = ch;
	os->watch.event = ockam_sk_channel_event;
	WRITE_ONCE(os->flow, ch->enc.flow);
	err = ockam_channel_set_sink(ch, port, len, &os->ep->ep);
	if (!err)
		err = ockam_flow_admit(os->ep->ep.node, ch->enc.flow,
				       &os->ep->ep);
	if (!err)
		err = ockam_endpoint_watch(&ch->enc, &os->watch);
	if (!err)
		return 0;
	/* Closed already, or no memory: there is nothing to watch. */
	os->ch = NULL;
	WRITE_ONCE(os->flow, 0);
	ockam_channel_close(ch, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
	return err == -ESHUTDOWN ? -ECONNRESET : err;
}

static int ockam_sk_wait_channel(struct sock *sk, int flags)
{
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	if (!timeo)
		return sk->sk_state == TCP_SYN_SENT ? -EINPROGRESS : 0;
	add_wait_queue(sk_sleep(sk), &wait);
	while (sk->sk_state == TCP_SYN_SENT && !sk->sk_err) {
		release_sock(sk);
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
		lock_sock(sk);
		if (signal_pending(current)) {
			err = sock_intr_errno(timeo);
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
	if (!err && sk->sk_state != TCP_ESTABLISHED)
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
		sk->sk_state = TCP_ESTABLISHED;
out:
	kfree(hops);
	return err;
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
	struct ockam_endpoint *first;
	int err;

	if (sk->sk_state == TCP_ESTABLISHED)
		return -EISCONN;
	if (sk->sk_state == TCP_LISTEN)
		return -EINVAL;
	if (sk->sk_state == TCP_SYN_SENT)
		return flags & O_NONBLOCK ? -EALREADY :
		       ockam_sk_wait_channel(sk, flags);
	if (ockam_sk(sk)->ch)
		return sock_error(sk) ?: -ECONNABORTED;
	err = ockam_sk_resolve(sk, route, &first, flags & O_NONBLOCK);
	if (err)
		return err;
	err = ockam_sk_start_channel(sk, route, first);
	if (first)
		ockam_endpoint_put(first);
	return err ?: ockam_sk_wait_channel(sk, flags);
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

	if (sk_acceptq_is_full(sk))
		return false;
	child = ockam_sk_child(sk, ch);
	if (!child)
		return false;
	spin_lock(&os->accept_lock);
	if (!sock_flag(sk, SOCK_DEAD)) {
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
 * Return: 0, -EOPNOTSUPP, -EINVAL not bound, -ENOKEY no identity, -ENOMEM.
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

/**
 * ockam_sk_close_channel() - end a socket's channel or listener
 * @sk: socket, not locked
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
	ockam_channel_close(os->ch, OCKAM_DROP_CLOSED);
	if (sock_flag(sk, SOCK_DEAD)) {
		ockam_endpoint_unwatch(&os->ch->enc, &os->watch);
		ockam_channel_put(os->ch);
		os->ch = NULL;
	}
}
