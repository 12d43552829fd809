// SPDX-License-Identifier: GPL-2.0 OR MIT
/* AF_OCKAM: messages from dispatch to a socket, sendmsg and recvmsg. */

#include <linux/completion.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "dispatch.h"
#include "flow.h"
#include "msg.h"
#include "node.h"
#include "sock.h"
#include "tcp.h"

/*
 * Receiving. A message is queued while the queue is within SO_RCVBUF. The
 * first one above it is still taken and its source paused. A datagram socket
 * whose queue stays full for OCKAM_SK_FULL_MS becomes lossy: its sources go on
 * and messages are dropped, counted, until there is room; so does one that uses
 * a channel that others use, too. The queue of a socket with a channel of its own
 * never becomes lossy. A local sender has no source to pause: it gets ENOBUFS.
 * Whoever sends through one source after the other finds an end, too: what has
 * no room then is dropped, and a socket's own channel ends.
 */

static bool ockam_sk_is_full(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) >= READ_ONCE(sk->sk_rcvbuf);
}

static bool ockam_sk_is_overfull(const struct sock *sk)
{
	return (u64)atomic_read(&sk->sk_rmem_alloc) >
	       (u64)READ_ONCE(sk->sk_rcvbuf) + OCKAM_QUEUE_BYTES;
}

/**
 * ockam_sk_full_work() - the queue stayed full: stop holding the sources
 * @work: full_work of the socket
 */
void ockam_sk_full_work(struct work_struct *work)
{
	struct ockam_sock *os = container_of(work, struct ockam_sock,
					     full_work.work);

	if (ockam_sk_is_full(&os->sk) &&
	    (os->sk.sk_type == SOCK_DGRAM || os->given))
		WRITE_ONCE(os->lossy, true);
	if (!ockam_sk_is_full(&os->sk) || os->lossy ||
	    sock_flag(&os->sk, SOCK_DEAD))
		ockam_waitlist_resume(&os->full);
	sock_put(&os->sk);
}

static void ockam_sk_pause(struct ockam_sock *os, struct ockam_source *source)
{
	ockam_waitlist_pause(&os->full, source);
	sock_hold(&os->sk);
	if (!queue_delayed_work(ockam_wq, &os->full_work,
				msecs_to_jiffies(OCKAM_SK_FULL_MS)))
		sock_put(&os->sk);
	/* The reader may have made room before we were on the list. */
	if (!ockam_sk_is_full(&os->sk) || sock_flag(&os->sk, SOCK_DEAD))
		ockam_waitlist_resume(&os->full);
}

/**
 * ockam_sk_room() - the reader took a message: let the sources go on
 * @sk: socket
 */
void ockam_sk_room(struct sock *sk)
{
	struct ockam_sock *os = ockam_sk(sk);

	if (atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf) / 2)
		return;
	WRITE_ONCE(os->lossy, false);
	ockam_waitlist_resume(&os->full);
}

/**
 * ockam_sk_queue_len() - messages that wait to be received
 * @ep: endpoint of a socket
 *
 * Return: how many.
 */
u32 ockam_sk_queue_len(const struct ockam_endpoint *ep)
{
	struct sock *sk = container_of(ep, struct ockam_sk_ep, ep)->sk;

	return skb_queue_len_lockless(&sk->sk_receive_queue);
}

/**
 * ockam_sk_sink() - a message for a socket
 * @ep:  its endpoint
 * @skb: the message; taken
 * @ctx: who sends it
 *
 * Return: NULL.
 */
struct sk_buff *ockam_sk_sink(struct ockam_endpoint *ep, struct sk_buff *skb,
			      struct ockam_ctx *ctx)
{
	struct sock *sk = container_of(ep, struct ockam_sk_ep, ep)->sk;
	struct ockam_sock *os = ockam_sk(sk);
	bool full;

	if (sock_flag(sk, SOCK_DEAD) || sk->sk_shutdown & RCV_SHUTDOWN)
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_NO_RECEIVER);
	full = atomic_read(&sk->sk_rmem_alloc) &&
	       atomic_read(&sk->sk_rmem_alloc) + skb->truesize >
	       READ_ONCE(sk->sk_rcvbuf);
	if (full && (!ctx->source || READ_ONCE(os->lossy) ||
		     ockam_sk_is_overfull(sk))) {
		atomic64_inc(&os->lost);
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_QUEUE_FULL);
	}
	skb_orphan(skb);
	skb_set_owner_r(skb, sk);
	skb_queue_tail(&sk->sk_receive_queue, skb);
	sk->sk_data_ready(sk);
	if (ockam_sk_is_full(sk))
		ockam_sk_pause(os, ctx->source);
	return NULL;
}

/**
 * ockam_sk_rcv() - a message for a socket's address
 * @ep:  its endpoint
 * @skb: the message; taken
 * @ctx: who sends it
 *
 * A channel's socket hears its authenticated peer and nobody else, whoever
 * knows the address.
 *
 * Return: NULL.
 */
struct sk_buff *ockam_sk_rcv(struct ockam_endpoint *ep, struct sk_buff *skb,
			     struct ockam_ctx *ctx)
{
	struct sock *sk = container_of(ep, struct ockam_sk_ep, ep)->sk;
	u32 flow = ockam_meta(skb)->flow;

	if (sk->sk_type == SOCK_SEQPACKET &&
	    (!flow || flow != READ_ONCE(ockam_sk(sk)->flow)))
		return ockam_ctx_drop(ctx, ep->node, skb,
				      OCKAM_DROP_NO_RECEIVER);
	return ockam_sk_sink(ep, skb, ctx);
}

/* Sending */

struct ockam_sk_waiter {
	struct ockam_watch watch;
	struct completion done;
	bool up;
};

static void ockam_sk_conn_event(struct ockam_watch *watch,
				enum ockam_watch_event event)
{
	struct ockam_sk_waiter *waiter =
		container_of(watch, struct ockam_sk_waiter, watch);

	waiter->up = event == OCKAM_WATCH_UP;
	complete(&waiter->done);
}

static int ockam_sk_wait_conn(struct ockam_conn *conn, long timeo)
{
	struct ockam_sk_waiter waiter = {
		.watch.event = ockam_sk_conn_event,
	};
	long limit = msecs_to_jiffies(OCKAM_SK_CONNECT_MS);
	long left;
	int err;

	init_completion(&waiter.done);
	INIT_LIST_HEAD(&waiter.watch.entry);
	err = ockam_endpoint_watch(&conn->ep, &waiter.watch);
	if (err)
		return conn->err ?: -ECONNREFUSED;
	if (READ_ONCE(conn->state) == OCKAM_CONN_UP)
		goto out;
	err = -EAGAIN;
	if (!timeo)
		goto out;
	left = wait_for_completion_interruptible_timeout(&waiter.done,
							 min(timeo, limit));
	if (left < 0)
		err = sock_intr_errno(timeo);
	else if (!left)
		err = timeo < limit ? -EAGAIN : -ETIMEDOUT;
	else
		err = waiter.up ? 0 : (READ_ONCE(conn->err) ?: -ECONNREFUSED);
out:
	ockam_endpoint_unwatch(&conn->ep, &waiter.watch);
	return err;
}

/**
 * ockam_sk_first_hop() - connect when a route begins with a transport address
 * @sk:    socket, locked and bound
 * @route: route that a local sender gave
 *
 * Only a local sender's own route ever comes here: never a received one. The
 * connection queues what is sent until it is there.
 *
 * Return: the connection, perhaps CONNECTING, with a reference; NULL when the
 * first hop is no transport address; or an ERR_PTR: why it cannot be.
 */
struct ockam_conn *ockam_sk_first_hop(struct sock *sk,
				      const struct ockam_route *route)
{
	struct ockam_owner owner = ockam_sk_owner(ockam_sk(sk));
	struct sockaddr_storage to;
	struct ockam_addr addr;
	int err;

	if (!ockam_route_next(route, &addr) || addr.type != OCKAM_TYPE_TCP)
		return NULL;
	err = ockam_tcp_parse_addr(&to, addr.value, addr.len);
	if (err)
		return ERR_PTR(err);
	return ockam_tcp_find_or_connect(ockam_sk(sk)->ep->ep.node, &to,
					 &owner);
}

/* The same; its endpoint, or NULL, to *conn. */
static int ockam_sk_resolve(struct sock *sk, const struct ockam_route *route,
			    struct ockam_endpoint **conn)
{
	struct ockam_conn *found = ockam_sk_first_hop(sk, route);

	*conn = NULL;
	if (IS_ERR_OR_NULL(found))
		return PTR_ERR_OR_ZERO(found);
	*conn = &found->ep;
	return 0;
}

/* Wait until the message may be charged; one that is too large goes alone. */
static int ockam_sk_wait_room(struct sock *sk, size_t len, bool nonblock)
{
	long timeo = sock_sndtimeo(sk, nonblock);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		int used = sk_wmem_alloc_get(sk);

		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		err = sock_error(sk);
		if (!err && sk->sk_shutdown & SEND_SHUTDOWN)
			err = -EPIPE;
		if (err || !used || used + len <= READ_ONCE(sk->sk_sndbuf))
			break;
		err = timeo ? 0 : -EAGAIN;
		if (!err && signal_pending(current))
			err = sock_intr_errno(timeo);
		if (err)
			break;
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return err;
}

/* What a sender gave in control messages. */
static int ockam_sk_send_cmsg(struct msghdr *msg, struct ockam_route *route)
{
	struct cmsghdr *cmsg;
	int err;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_OCKAM)
			continue;
		if (cmsg->cmsg_type != OCKAM_CM_ROUTE)
			return -EINVAL;
		err = ockam_route_parse(route, CMSG_DATA(cmsg),
					cmsg->cmsg_len - sizeof(*cmsg));
		if (err)
			return err;
	}
	return 0;
}

/**
 * struct ockam_sk_dest - where a message goes
 * @route: route as the sender gave it
 * @node:  index of the node, 0 if not said
 * @buf:   memory for a route made from a name
 */
struct ockam_sk_dest {
	struct ockam_route route;
	u32 node;
	u8 buf[OCKAM_SA_DATA + 2];
};

static int ockam_sk_dest(struct sock *sk, struct msghdr *msg,
			 struct ockam_sk_dest *dest, struct sockaddr_ockam *so)
{
	struct ockam_route given = {};
	struct ockam_addr addr;
	int err;

	err = ockam_sk_send_cmsg(msg, &given);
	if (err)
		return err;
	dest->node = 0;
	/* The route that a channel was opened along is not one inside it. */
	dest->route = given;
	if (!given.count &&
	    (sk->sk_type == SOCK_DGRAM || ockam_sk(sk)->given))
		dest->route = ockam_sk(sk)->route;
	if (!msg->msg_name)
		goto out;
	if (sk->sk_type == SOCK_SEQPACKET)
		return -EISCONN;
	err = ockam_sk_check_addr(so, msg->msg_name, msg->msg_namelen);
	if (err)
		return err;
	dest->node = so->so_node;
	if (so->so_kind == OCKAM_KIND_NAME && so->so_len) {
		addr = (struct ockam_addr){ .len = so->so_len,
					    .value = so->so_data };
		err = ockam_route_parse(&dest->route, dest->buf,
					ockam_addr_put(dest->buf,
						       sizeof(dest->buf),
						       &addr));
	} else if (so->so_kind == OCKAM_KIND_ROUTE) {
		err = ockam_route_parse(&dest->route, so->so_data, so->so_len);
	} else if (so->so_kind != OCKAM_KIND_USE_ROUTE) {
		err = -EINVAL;
	}
	if (err)
		return err;
out:
	return dest->route.count ? 0 : -EDESTADDRREQ;
}

/*
 * Routes of a message that leaves a socket: @first, when there is one, takes
 * the place of a transport address in front, or goes in front of a channel's
 * inner route.
 */
static int ockam_sk_set_routes(struct sock *sk, struct sk_buff *skb,
			       struct ockam_route route,
			       struct ockam_endpoint *first, bool replace)
{
	struct ockam_addr own = ockam_endpoint_addr(&ockam_sk(sk)->ep->ep);
	u8 hop[2 + OCKAM_EP_NAME_MAX];
	struct ockam_route head;
	struct ockam_addr addr;
	int err;

	if (replace)
		ockam_route_pop(&route, &addr);
	err = ockam_msg_set_onward(skb, &route);
	if (!err && first) {
		addr = ockam_endpoint_addr(first);
		err = ockam_route_parse(&head, hop,
					ockam_addr_put(hop, sizeof(hop),
						       &addr));
		if (!err)
			err = ockam_msg_push_onward(skb, &head);
	}
	return err ?: ockam_msg_push_return(skb, &own);
}

/* The reply path: only for an address that nobody else can know to bind. */
static void ockam_sk_open_reply(struct ockam_sock *os, struct sk_buff *skb)
{
	struct ockam_route onward = ockam_msg_onward(skb);
	struct ockam_node *node = os->ep->ep.node;
	struct ockam_endpoint *hop;
	struct ockam_addr addr;

	if (os->named || !ockam_route_next(&onward, &addr) || addr.type)
		return;
	hop = ockam_endpoint_lookup(node, addr.value, addr.len);
	if (!hop)
		return;
	if (hop->flow && hop->flow != os->admitted &&
	    !ockam_flow_admit(node, hop->flow, &os->ep->ep))
		os->admitted = hop->flow;
	ockam_endpoint_put(hop);
}

/* The message with its routes, charged to the socket; or an ERR_PTR. */
static struct sk_buff *ockam_sk_build(struct sock *sk, struct msghdr *msg,
				      size_t len,
				      const struct ockam_sk_dest *dest,
				      struct ockam_endpoint *first,
				      bool replace)
{
	struct ockam_sock *os = ockam_sk(sk);
	struct ockam_meta *meta;
	struct sk_buff *skb;
	int err;

	skb = ockam_msg_alloc(len, GFP_KERNEL_ACCOUNT);
	if (!skb)
		return ERR_PTR(-ENOBUFS);
	err = ockam_msg_copy_from_iter(skb, &msg->msg_iter);
	if (!err)
		err = ockam_sk_set_routes(sk, skb, dest->route, first, replace);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	skb_set_owner_w(skb, sk);
	meta = ockam_meta(skb);
	meta->origin = OCKAM_ORIGIN_SOCKET;
	/* Whoever has it now: accept() makes sk_uid the acceptor's. */
	meta->uid = os->ep->ep.owner.uid;
	meta->admin = os->admin;
	ockam_sk_open_reply(os, skb);
	return skb;
}

/* Over a channel, a message goes to the port unless it names a route. */
static int ockam_sk_channel_dest(struct ockam_sock *os,
				 struct ockam_sk_dest *dest)
{
	struct ockam_addr port = { .len = os->port_len, .value = os->port };

	if (dest->route.count)
		return 0;
	return ockam_route_parse(&dest->route, dest->buf,
				 ockam_addr_put(dest->buf, sizeof(dest->buf),
						&port));
}

static int ockam_sk_send_prepare(struct sock *sk, struct msghdr *msg,
				 struct ockam_sk_dest *dest,
				 struct sockaddr_ockam *so,
				 struct ockam_endpoint **first)
{
	struct ockam_sock *os = ockam_sk(sk);
	int err;

	dest->route = (struct ockam_route){};
	err = ockam_sk_dest(sk, msg, dest, so);
	if (sk->sk_type == SOCK_DGRAM) {
		if (!err)
			err = ockam_sk_autobind(sk, dest->node);
		return err ?: ockam_sk_resolve(sk, &dest->route, first);
	}
	if (err && err != -EDESTADDRREQ)
		return err;
	/* Pairs with ockam_sk_channel_event(). */
	if (smp_load_acquire(&sk->sk_state) != TCP_ESTABLISHED || !os->ch)
		return sk->sk_shutdown & SEND_SHUTDOWN ? -EPIPE : -ENOTCONN;
	*first = &os->ch->enc;
	ockam_endpoint_get(*first);
	return ockam_sk_channel_dest(os, dest);
}

/*
 * The same, and wait until a connection that the message needs is up. The others
 * that use the socket do not wait: what was prepared may have changed meanwhile.
 */
static int ockam_sk_send_connect(struct sock *sk, struct msghdr *msg,
				 struct ockam_sk_dest *dest,
				 struct sockaddr_ockam *so,
				 struct ockam_endpoint **first)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	int err;

	err = ockam_sk_send_prepare(sk, msg, dest, so, first);
	if (err || !*first || sk->sk_type != SOCK_DGRAM)
		return err;
	if (READ_ONCE(ockam_conn(*first)->state) == OCKAM_CONN_UP)
		return 0;
	release_sock(sk);
	err = ockam_sk_wait_conn(ockam_conn(*first), timeo);
	ockam_endpoint_put(*first);
	*first = NULL;
	lock_sock(sk);
	return err ?: ockam_sk_send_prepare(sk, msg, dest, so, first);
}

/**
 * ockam_sk_sendmsg() - send one message
 * @sock: socket
 * @msg:  payload, destination, control messages
 * @len:  payload bytes
 *
 * Return: @len, or why the message was not accepted; see the documentation of
 * the socket interface.
 */
int ockam_sk_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	bool nonblock = msg->msg_flags & MSG_DONTWAIT;
	struct ockam_endpoint *first = NULL;
	struct sock *sk = sock->sk;
	struct ockam_sk_dest dest;
	struct ockam_ctx ctx = {};
	struct sockaddr_ockam so;
	struct sk_buff *skb;
	int err;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > OCKAM_PAYLOAD_MAX)
		return -EMSGSIZE;
	err = ockam_sk_wait_room(sk, len, nonblock);
	if (err)
		goto out;
	lock_sock(sk);
	err = ockam_sk_send_connect(sk, msg, &dest, &so, &first);
	if (!err) {
		skb = ockam_sk_build(sk, msg, len, &dest, first,
				     sk->sk_type == SOCK_DGRAM && first);
		err = PTR_ERR_OR_ZERO(skb);
	}
	release_sock(sk);
	/* The address, once set, stays until the socket is released. */
	if (!err)
		err = ockam_dispatch(ockam_sk(sk)->ep->ep.node, skb, &ctx);
	if (first)
		ockam_endpoint_put(first);
out:
	if (err == -EPIPE && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return err ?: (int)len;
}

/* What a receiver learns besides the payload. */
static void ockam_sk_recv_info(struct sock *sk, struct msghdr *msg,
			       struct sk_buff *skb)
{
	DECLARE_SOCKADDR(struct sockaddr_ockam *, so, msg->msg_name);
	struct ockam_route ret = ockam_msg_return(skb);
	struct ockam_meta *meta = ockam_meta(skb);
	struct ockam_sock *os = ockam_sk(sk);

	if (so) {
		memset(so, 0, sizeof(*so));
		so->so_family = ockam_sock_family();
		so->so_node = os->ep ? os->ep->ep.node->index : 0;
		so->so_kind = OCKAM_KIND_USE_ROUTE;
		if (ret.len <= OCKAM_SA_DATA) {
			so->so_kind = OCKAM_KIND_ROUTE;
			so->so_len = ret.len;
			memcpy(so->so_data, ret.hops, ret.len);
		}
		msg->msg_namelen = sizeof(*so);
	}
	if (os->recv_route)
		put_cmsg(msg, SOL_OCKAM, OCKAM_CM_ROUTE, ret.len,
			 (void *)ret.hops);
	if (os->recv_peer && meta->has_peer)
		put_cmsg(msg, SOL_OCKAM, OCKAM_CM_PEER, OCKAM_ID_LEN,
			 meta->peer);
}

/* A channel's end can be read, one that was never there cannot. */
static bool ockam_sk_was_open(const struct sock *sk)
{
	/* Pairs with ockam_sk_channel_event(). */
	const u8 state = smp_load_acquire(&sk->sk_state);

	return sk->sk_type == SOCK_DGRAM ||
	       (state != TCP_LISTEN &&
		(state != TCP_CLOSE || READ_ONCE(sk->sk_shutdown)));
}

/**
 * ockam_sk_recvmsg() - receive one message
 * @sock:  socket
 * @msg:   where payload, return route and control messages go
 * @len:   room for payload
 * @flags: MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT
 *
 * A message of a channel ends a record: MSG_EOR is set in @msg.
 *
 * Return: bytes copied (with MSG_TRUNC: the payload's length), 0 at the end of
 * a channel, or an error.
 */
int ockam_sk_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
		     int flags)
{
	struct sock *sk = sock->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (!ockam_sk_was_open(sk))
		return -ENOTCONN;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err == -EAGAIN && sk->sk_shutdown & RCV_SHUTDOWN ? 0 :
		       err;
	if (sk->sk_type == SOCK_SEQPACKET)
		msg->msg_flags |= MSG_EOR;
	copied = min_t(size_t, len, skb->len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (!err) {
		ockam_sk_recv_info(sk, msg, skb);
		err = flags & MSG_TRUNC ? (int)skb->len : (int)copied;
	}
	skb_free_datagram(sk, skb);
	if (!(flags & MSG_PEEK))
		ockam_sk_room(sk);
	return err;
}
