// SPDX-License-Identifier: GPL-2.0 OR MIT
/* TCP: listeners and connections over kernel sockets. */

#include <linux/bvec.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "bytes.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "tcp.h"

#define OCKAM_TCP_HELLO_SECONDS	10	/* connect, and the version byte */
#define OCKAM_TCP_TIMER_SECONDS	2	/* how often time-outs are looked at */
#define OCKAM_TCP_LINEAR	2048	/* first bytes of a body, in one piece */
#define OCKAM_TCP_STEP		(64U << 10)	/* then it grows by this */
#define OCKAM_TCP_VECS		17
#define OCKAM_TCP_BY_REFERENCE	(8U << 10)	/* from here on not copied */
#define OCKAM_TCP_RATE_MIN	(64U << 10)	/* bytes a second of a frame */
#define OCKAM_TCP_KEEPIDLE	300	/* seconds, as upstream */
#define OCKAM_TCP_KEEPINTVL	75
#define OCKAM_TCP_KEEPCNT	2
#define OCKAM_TCP_BACKLOG	128
#define OCKAM_TCP_ACCEPTS	32	/* per turn */

/**
 * struct ockam_tcp - a TCP connection
 * @conn:     what all transports share; first
 * @rcu:      for freeing
 * @way:      in ockam_tcp_ways, when a socket of a user made it
 * @sock:     kernel socket, without a reference on its namespace
 * @rx_work:  connects, then reads
 * @tx_work:  writes
 * @timer:    looks for time-outs
 * @old_data_ready: the socket's own callbacks, put back when we stop
 * @old_state_change: the same
 * @old_write_space: the same
 * @greeted:  the peer's version byte was read
 * @said:     ours was written
 * @head:     length of the frame that is being read
 * @head_len: bytes of it
 * @rx_skb:   body that is being read
 * @rx_total: its announced bytes
 * @rx_done:  bytes read so far
 * @rx_charged: bytes that count against the namespace's limit
 * @rx_progress: jiffies of the last byte read
 * @rx_started: jiffies when the head of the frame was complete
 * @started:  jiffies
 * @tx_skb:   frame that is being written
 * @tx_off:   bytes of it that are
 *
 * The callbacks only queue work. rx_* belong to @rx_work, tx_* to @tx_work.
 */
struct ockam_tcp {
	struct ockam_conn conn;
	struct rcu_head rcu;
	struct hlist_node way;
	struct socket *sock;
	struct work_struct rx_work;
	struct work_struct tx_work;
	struct delayed_work timer;
	void (*old_data_ready)(struct sock *sk);
	void (*old_state_change)(struct sock *sk);
	void (*old_write_space)(struct sock *sk);
	bool greeted;
	bool said;
	u8 head[OCKAM_FRAME_HEAD];
	u8 head_len;
	struct sk_buff *rx_skb;
	u32 rx_total;
	u32 rx_done;
	u32 rx_charged;
	unsigned long rx_progress;
	unsigned long rx_started;
	unsigned long started;
	struct sk_buff *tx_skb;
	u32 tx_off;
};

/**
 * struct ockam_tcp_listener - a listening socket
 * @ep:       an address that nobody sends to
 * @sock:     kernel socket
 * @flow:     spawner's flow of its connections
 * @owner:    of its connections
 * @work:     accepts
 * @old_data_ready: the socket's own callback
 * @addr:     where it listens
 * @plain_local: bound to a loopback address
 * @stopped:  no further turn
 * @accepted: connections so far
 */
struct ockam_tcp_listener {
	struct ockam_endpoint ep;
	struct socket *sock;
	struct ockam_flow *flow;
	struct ockam_owner owner;
	struct work_struct work;
	void (*old_data_ready)(struct sock *sk);
	struct sockaddr_storage addr;
	bool plain_local;
	bool stopped;
	u32 accepted;
};

/* Connections that users' sockets have made, by who made them and where to */
static DEFINE_HASHTABLE(ockam_tcp_ways, 8);
static DEFINE_SPINLOCK(ockam_tcp_ways_lock);

static struct ockam_tcp *ockam_tcp(struct ockam_conn *conn)
{
	return container_of(conn, struct ockam_tcp, conn);
}

/* Callbacks of the socket: any context; they only queue work. */

static void ockam_tcp_data_ready(struct sock *sk)
{
	struct ockam_tcp *tcp;

	read_lock_bh(&sk->sk_callback_lock);
	tcp = sk->sk_user_data;
	if (tcp)
		queue_work(ockam_wq, &tcp->rx_work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void ockam_tcp_state_change(struct sock *sk)
{
	ockam_tcp_data_ready(sk);
}

static void ockam_tcp_write_space(struct sock *sk)
{
	struct ockam_tcp *tcp;

	read_lock_bh(&sk->sk_callback_lock);
	tcp = sk->sk_user_data;
	if (tcp && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &tcp->sock->flags);
		queue_work(ockam_wq, &tcp->tx_work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void ockam_tcp_set_callbacks(struct ockam_tcp *tcp)
{
	struct sock *sk = tcp->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	if (!tcp->old_data_ready)
		tcp->old_data_ready = sk->sk_data_ready;
	tcp->old_state_change = sk->sk_state_change;
	tcp->old_write_space = sk->sk_write_space;
	sk->sk_user_data = tcp;
	sk->sk_data_ready = ockam_tcp_data_ready;
	sk->sk_state_change = ockam_tcp_state_change;
	sk->sk_write_space = ockam_tcp_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void ockam_tcp_clear_callbacks(struct ockam_tcp *tcp)
{
	struct sock *sk = tcp->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data == tcp) {
		sk->sk_user_data = NULL;
		sk->sk_data_ready = tcp->old_data_ready;
		sk->sk_state_change = tcp->old_state_change;
		sk->sk_write_space = tcp->old_write_space;
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

static void ockam_tcp_tune(struct socket *sock)
{
	struct sock *sk = sock->sk;

	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, OCKAM_TCP_KEEPIDLE);
	tcp_sock_set_keepintvl(sk, OCKAM_TCP_KEEPINTVL);
	tcp_sock_set_keepcnt(sk, OCKAM_TCP_KEEPCNT);
}

/* Receiving */

static int ockam_tcp_recv(struct ockam_tcp *tcp, void *data, size_t len)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	struct kvec vec = { .iov_base = data, .iov_len = len };

	return kernel_recvmsg(tcp->sock, &msg, &vec, 1, len, MSG_DONTWAIT);
}

/* Read into what the body has room for. */
static int ockam_tcp_recv_body(struct ockam_tcp *tcp)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	struct bio_vec vecs[OCKAM_TCP_VECS];
	struct sk_buff *skb = tcp->rx_skb;
	size_t bytes;
	int count;

	if (tcp->rx_done < skb_headlen(skb))
		return ockam_tcp_recv(tcp, skb->data + tcp->rx_done,
				      skb_headlen(skb) - tcp->rx_done);
	count = ockam_msg_page_vecs(skb, tcp->rx_done, vecs, ARRAY_SIZE(vecs),
				    &bytes);
	iov_iter_bvec(&msg.msg_iter, ITER_DEST, vecs, count, bytes);
	return sock_recvmsg(tcp->sock, &msg, MSG_DONTWAIT);
}

static void ockam_tcp_uncharge(struct ockam_tcp *tcp)
{
	atomic64_sub(tcp->rx_charged, &tcp->conn.ep.node->onet->reassembly);
	tcp->rx_charged = 0;
}

/* Count memory for a body that is not complete; false when it is too much. */
static bool ockam_tcp_charge(struct ockam_tcp *tcp, u32 bytes)
{
	struct ockam_net *onet = tcp->conn.ep.node->onet;
	s64 limit = onet->limits.reassembly;

	/* Strangers get half: the rest is for connections with a channel. */
	if (!READ_ONCE(tcp->conn.ep.authenticated))
		limit /= 2;
	if (atomic64_add_return(bytes, &onet->reassembly) > limit) {
		atomic64_sub(bytes, &onet->reassembly);
		return false;
	}
	tcp->rx_charged += bytes;
	return true;
}

static u32 ockam_tcp_frame_max(const struct ockam_tcp *tcp)
{
	const struct ockam_flow *spawner = tcp->conn.spawner;

	return spawner && ockam_flow_only_api(spawner) &&
	       !READ_ONCE(tcp->conn.ep.authenticated) ?
	       OCKAM_SMALL_FRAME_MAX : OCKAM_FRAME_MAX;
}

/* The length is known: judge it before anything is allocated. */
static enum ockam_drop ockam_tcp_begin_body(struct ockam_tcp *tcp)
{
	u32 total = ockam_get_be32(tcp->head);
	u32 linear = min_t(u32, total, OCKAM_TCP_LINEAR);

	tcp->head_len = 0;
	if (!total)
		return OCKAM_DROP_NONE;
	if (total > ockam_tcp_frame_max(tcp))
		return OCKAM_DROP_FRAME_LIMIT;
	if (!ockam_tcp_charge(tcp, linear))
		return OCKAM_DROP_REASSEMBLY_LIMIT;
	tcp->rx_progress = jiffies;
	tcp->rx_started = jiffies;
	tcp->rx_skb = ockam_msg_alloc_head(linear, GFP_KERNEL_ACCOUNT);
	if (!tcp->rx_skb)
		return OCKAM_DROP_NO_MEMORY;
	skb_put(tcp->rx_skb, linear);
	tcp->rx_total = total;
	tcp->rx_done = 0;
	return OCKAM_DROP_NONE;
}

/* All that there was room for is read: more room. */
static enum ockam_drop ockam_tcp_grow_body(struct ockam_tcp *tcp)
{
	u32 more = min_t(u32, tcp->rx_total - tcp->rx_done, OCKAM_TCP_STEP);

	if (!ockam_tcp_charge(tcp, more))
		return OCKAM_DROP_REASSEMBLY_LIMIT;
	if (ockam_msg_grow(tcp->rx_skb, more, GFP_KERNEL_ACCOUNT))
		return OCKAM_DROP_NO_MEMORY;
	return OCKAM_DROP_NONE;
}

static enum ockam_drop ockam_tcp_deliver(struct ockam_tcp *tcp,
					 struct ockam_ctx *ctx)
{
	struct sk_buff *skb = tcp->rx_skb;

	tcp->rx_skb = NULL;
	ockam_tcp_uncharge(tcp);
	return ockam_conn_rx(&tcp->conn, skb, ctx) ? OCKAM_DROP_NONE :
	       OCKAM_DROP_FRAME;
}

static int ockam_tcp_read_greeting(struct ockam_tcp *tcp, enum ockam_drop *why)
{
	u8 version;
	int got;

	got = ockam_tcp_recv(tcp, &version, 1);
	if (got <= 0)
		return got;
	if (version != OCKAM_WIRE_VERSION)
		*why = OCKAM_DROP_VERSION;
	tcp->greeted = true;
	return got;
}

static int ockam_tcp_read_head(struct ockam_tcp *tcp, enum ockam_drop *why)
{
	int got;

	got = ockam_tcp_recv(tcp, tcp->head + tcp->head_len,
			     OCKAM_FRAME_HEAD - tcp->head_len);
	if (got <= 0)
		return got;
	tcp->head_len += got;
	if (tcp->head_len == OCKAM_FRAME_HEAD)
		*why = ockam_tcp_begin_body(tcp);
	return got;
}

static int ockam_tcp_read_body(struct ockam_tcp *tcp, enum ockam_drop *why,
			       struct ockam_ctx *ctx)
{
	int got;

	got = ockam_tcp_recv_body(tcp);
	if (got <= 0)
		return got;
	tcp->rx_done += got;
	if (tcp->rx_done == tcp->rx_total)
		*why = ockam_tcp_deliver(tcp, ctx);
	else if (tcp->rx_done == tcp->rx_skb->len)
		*why = ockam_tcp_grow_body(tcp);
	return got;
}

/* One piece of the stream; as recvmsg, with *why set to close. */
static int ockam_tcp_read(struct ockam_tcp *tcp, enum ockam_drop *why,
			  struct ockam_ctx *ctx)
{
	if (!tcp->greeted)
		return ockam_tcp_read_greeting(tcp, why);
	if (!tcp->rx_skb)
		return ockam_tcp_read_head(tcp, why);
	return ockam_tcp_read_body(tcp, why, ctx);
}

/* Nothing more comes: in order, unless a frame was cut. */
static enum ockam_drop ockam_tcp_ended(const struct ockam_tcp *tcp)
{
	return tcp->rx_skb || tcp->head_len ? OCKAM_DROP_FRAME :
	       OCKAM_DROP_NONE;
}

/* Read until there is nothing, our turn is over, or a queue is full. */
static void ockam_tcp_read_some(struct ockam_tcp *tcp)
{
	struct ockam_ctx ctx = { .source = &tcp->conn.source };
	unsigned int reads = 0, bytes = 0;
	enum ockam_drop why;
	int got;

	for (;;) {
		if (ockam_source_paused(&tcp->conn.source) ||
		    READ_ONCE(tcp->conn.state) != OCKAM_CONN_UP)
			return;
		if (reads++ > 4 * OCKAM_DRAIN_MSGS ||
		    bytes > OCKAM_DRAIN_BYTES) {
			queue_work(ockam_wq, &tcp->rx_work);
			return;
		}
		why = OCKAM_DROP_NONE;
		got = ockam_tcp_read(tcp, &why, &ctx);
		if (got == -EAGAIN || got == -EINTR)
			return;
		if (!got)
			why = ockam_tcp_ended(tcp);
		if (got <= 0 || why) {
			ockam_conn_close_async(&tcp->conn, min(got, 0), why);
			return;
		}
		tcp->rx_progress = jiffies;
		bytes += got;
	}
}

/* Is the connection being made done, one way or the other? */
static void ockam_tcp_check_connect(struct ockam_tcp *tcp)
{
	struct sock *sk = tcp->sock->sk;
	int err = 0;

	switch (READ_ONCE(sk->sk_state)) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return;
	case TCP_CLOSE:
		err = sock_error(sk) ?: -ECONNREFUSED;
		break;
	default:
		kernel_getsockname(tcp->sock,
				   (struct sockaddr *)&tcp->conn.local);
		tcp->started = jiffies;
		err = ockam_conn_up(&tcp->conn);
	}
	if (err)
		ockam_conn_close_async(&tcp->conn, err, OCKAM_DROP_NONE);
	else
		queue_work(ockam_wq, &tcp->tx_work);
}

static void ockam_tcp_rx_work(struct work_struct *work)
{
	struct ockam_tcp *tcp = container_of(work, struct ockam_tcp, rx_work);

	/* Who accepts says itself that it is up, and queues us again. */
	if (tcp->conn.outgoing &&
	    READ_ONCE(tcp->conn.state) == OCKAM_CONN_CONNECTING)
		ockam_tcp_check_connect(tcp);
	if (READ_ONCE(tcp->conn.state) == OCKAM_CONN_UP)
		ockam_tcp_read_some(tcp);
}

/* Sending */

static int ockam_tcp_send_bytes(struct ockam_tcp *tcp, void *data, size_t len,
				bool more)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec = { .iov_base = data, .iov_len = len };

	if (more)
		msg.msg_flags |= MSG_MORE;
	return kernel_sendmsg(tcp->sock, &msg, &vec, 1, len);
}

/*
 * Many bytes go by reference: nobody writes to the pages of a frame any more.
 * A few are copied, since they would hold a whole page until they are
 * acknowledged.
 */
static int ockam_tcp_send_pages(struct ockam_tcp *tcp, bool more)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct bio_vec vecs[OCKAM_TCP_VECS];
	size_t bytes;
	int count;

	count = ockam_msg_page_vecs(tcp->tx_skb, tcp->tx_off, vecs,
				    ARRAY_SIZE(vecs), &bytes);
	if (WARN_ON_ONCE(!count))
		return -EIO;
	if (more || tcp->tx_off + bytes < tcp->tx_skb->len)
		msg.msg_flags |= MSG_MORE;
	if (bytes >= OCKAM_TCP_BY_REFERENCE)
		return ockam_sock_send_pages(tcp->sock, vecs, count, bytes,
					     msg.msg_flags);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, vecs, count, bytes);
	return sock_sendmsg(tcp->sock, &msg);
}

/* A piece of the current frame; as sendmsg. */
static int ockam_tcp_send_some(struct ockam_tcp *tcp)
{
	bool more = !skb_queue_empty_lockless(&tcp->conn.tx_queue);
	struct sk_buff *skb = tcp->tx_skb;
	u32 head = skb_headlen(skb);

	if (tcp->tx_off < head)
		return ockam_tcp_send_bytes(tcp, skb->data + tcp->tx_off,
					    head - tcp->tx_off,
					    more || skb->len > head);
	return ockam_tcp_send_pages(tcp, more);
}

static int ockam_tcp_greet(struct ockam_tcp *tcp)
{
	u8 version = OCKAM_WIRE_VERSION;
	int sent;

	if (tcp->said)
		return 1;
	sent = ockam_tcp_send_bytes(tcp, &version, 1, false);
	tcp->said = sent == 1;
	return sent;
}

/*
 * Write until the queue is empty, the socket full or our turn over: as sendmsg,
 * 0 when it is not the socket that ends it.
 */
static int ockam_tcp_write(struct ockam_tcp *tcp)
{
	unsigned int msgs = 0;
	int sent;

	sent = ockam_tcp_greet(tcp);
	while (sent > 0) {
		if (!tcp->tx_skb) {
			if (msgs++ == OCKAM_DRAIN_MSGS) {
				queue_work(ockam_wq, &tcp->tx_work);
				return 0;
			}
			tcp->tx_skb = ockam_conn_tx_next(&tcp->conn);
			tcp->tx_off = 0;
			if (!tcp->tx_skb)
				return 0;
		}
		sent = ockam_tcp_send_some(tcp);
		if (sent <= 0)
			break;
		tcp->conn.progress = jiffies;
		tcp->tx_off += sent;
		atomic64_add(sent, &tcp->conn.tx_sent);
		if (tcp->tx_off == tcp->tx_skb->len) {
			consume_skb(tcp->tx_skb);
			tcp->tx_skb = NULL;
		}
	}
	return sent;
}

static void ockam_tcp_tx_work(struct work_struct *work)
{
	struct ockam_tcp *tcp = container_of(work, struct ockam_tcp, tx_work);
	int err;

	if (READ_ONCE(tcp->conn.state) != OCKAM_CONN_UP)
		return;
	err = ockam_tcp_write(tcp);
	if (err < 0 && err != -EAGAIN)
		ockam_conn_close_async(&tcp->conn, err, OCKAM_DROP_NONE);
}

/* Time-outs */

static bool ockam_tcp_is_late(unsigned long since, unsigned int seconds)
{
	return time_after(jiffies, since + seconds * HZ);
}

/* Why a connection should be given up. */
static enum ockam_drop ockam_tcp_overdue(const struct ockam_tcp *tcp)
{
	const struct ockam_conn *conn = &tcp->conn;

	if ((conn->state == OCKAM_CONN_CONNECTING || !tcp->greeted) &&
	    ockam_tcp_is_late(tcp->started, OCKAM_TCP_HELLO_SECONDS))
		return OCKAM_DROP_NO_ANSWER;
	if ((tcp->rx_skb || ockam_source_paused(&conn->source)) &&
	    ockam_tcp_is_late(tcp->rx_progress, OCKAM_STUCK_SECONDS))
		return OCKAM_DROP_STUCK;
	/* One byte now and then must not hold the memory of a frame. */
	if (tcp->rx_skb &&
	    ockam_tcp_is_late(tcp->rx_started, OCKAM_STUCK_SECONDS +
			      tcp->rx_total / OCKAM_TCP_RATE_MIN))
		return OCKAM_DROP_SLOW;
	if ((tcp->tx_skb || !skb_queue_empty_lockless(&conn->tx_queue)) &&
	    ockam_tcp_is_late(conn->progress, OCKAM_STUCK_SECONDS))
		return OCKAM_DROP_STUCK;
	return OCKAM_DROP_NONE;
}

static void ockam_tcp_timer(struct work_struct *work)
{
	struct ockam_tcp *tcp = container_of(work, struct ockam_tcp,
					     timer.work);
	enum ockam_drop why = ockam_tcp_overdue(tcp);

	if (why)
		ockam_conn_close_async(&tcp->conn, -ETIMEDOUT, why);
	else
		queue_delayed_work(ockam_wq, &tcp->timer,
				   OCKAM_TCP_TIMER_SECONDS * HZ);
}

/* Life */

static void ockam_tcp_kick(struct ockam_conn *conn)
{
	queue_work(ockam_wq, &ockam_tcp(conn)->tx_work);
}

static void ockam_tcp_wake(struct ockam_conn *conn)
{
	ockam_tcp(conn)->rx_progress = jiffies;
	queue_work(ockam_wq, &ockam_tcp(conn)->rx_work);
}

/*
 * tcp_close() stops the timers of a socket that holds no reference on its
 * namespace: one that is to end in good order, with what is queued and a FIN
 * sent again if need be, takes one. False: the namespace is going.
 */
static bool ockam_tcp_hold_net(struct sock *sk)
{
	struct net *net = maybe_get_net(sock_net(sk));

	if (!net)
		return false;
	lock_sock(sk);
	if (!sk->sk_net_refcnt)
		sk_net_refcnt_upgrade(sk);
	release_sock(sk);
	put_net(net);
	return true;
}

static void ockam_tcp_release_sock(struct socket *sock, bool abort)
{
	if (abort || !ockam_tcp_hold_net(sock->sk))
		sock_no_linger(sock->sk);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	sock_release(sock);
}

static void ockam_tcp_stop(struct ockam_conn *conn)
{
	struct ockam_tcp *tcp = ockam_tcp(conn);

	spin_lock_bh(&ockam_tcp_ways_lock);
	hash_del_rcu(&tcp->way);
	spin_unlock_bh(&ockam_tcp_ways_lock);
	ockam_tcp_clear_callbacks(tcp);
	cancel_delayed_work_sync(&tcp->timer);
	cancel_work_sync(&tcp->rx_work);
	cancel_work_sync(&tcp->tx_work);
	/* What is queued already still goes out if the peer takes it now. */
	while (tcp->said && !ockam_tcp_write(tcp) &&
	       !skb_queue_empty_lockless(&conn->tx_queue))
		;
	cancel_work_sync(&tcp->tx_work);
	/* A peer that did not answer is not waited for any longer. */
	ockam_tcp_release_sock(tcp->sock, conn->ep.node->onet->dead ||
			       conn->err == -ETIMEDOUT);
	ockam_tcp_uncharge(tcp);
	kfree_skb(tcp->rx_skb);
	kfree_skb(tcp->tx_skb);
	tcp->rx_skb = NULL;
	tcp->tx_skb = NULL;
}

static void ockam_tcp_free(struct ockam_conn *conn)
{
	struct ockam_tcp *tcp = ockam_tcp(conn);

	/* A source that was resumed late may have queued it once more. */
	cancel_work_sync(&tcp->rx_work);
	cancel_work_sync(&tcp->tx_work);
	kfree_rcu(tcp, rcu);
}

static const struct ockam_conn_ops ockam_tcp_ops = {
	.kick = ockam_tcp_kick,
	.wake = ockam_tcp_wake,
	.stop = ockam_tcp_stop,
	.free = ockam_tcp_free,
};

/* A connection around a socket, which it takes over when it succeeds. */
static struct ockam_tcp *ockam_tcp_create(struct ockam_node *node,
					  struct socket *sock,
					  struct ockam_flow *spawner,
					  const struct ockam_owner *owner)
{
	struct ockam_tcp *tcp;
	int err;

	tcp = kzalloc(sizeof(*tcp), GFP_KERNEL_ACCOUNT);
	if (!tcp)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&tcp->rx_work, ockam_tcp_rx_work);
	INIT_WORK(&tcp->tx_work, ockam_tcp_tx_work);
	INIT_DELAYED_WORK(&tcp->timer, ockam_tcp_timer);
	tcp->sock = sock;
	tcp->started = jiffies;
	tcp->rx_progress = jiffies;
	err = ockam_conn_init(&tcp->conn, node, &ockam_tcp_ops, spawner, owner);
	if (err) {
		kfree(tcp);
		return ERR_PTR(err);
	}
	ockam_tcp_tune(sock);
	return tcp;
}

static void ockam_tcp_start_timer(struct ockam_tcp *tcp)
{
	queue_delayed_work(ockam_wq, &tcp->timer, OCKAM_TCP_TIMER_SECONDS * HZ);
}

/* All packets of the socket go through this device. */
static int ockam_tcp_set_device(struct socket *sock, int ifindex)
{
	bool there;

	if (!ifindex)
		return 0;
	rcu_read_lock();
	there = dev_get_by_index_rcu(sock_net(sock->sk), ifindex);
	rcu_read_unlock();
	return there ? sock_bindtoindex(sock->sk, ifindex, true) : -ENODEV;
}

static int ockam_tcp_open(struct net *net, int family,
			  const struct ockam_tcp_source *source,
			  struct socket **out)
{
	struct sockaddr_storage addr;
	struct socket *sock;
	int err;

	err = sock_create_kern(net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	if (source)
		err = ockam_tcp_set_device(sock, source->ifindex);
	if (!err && source && source->addr.ss_family) {
		addr = source->addr;
		err = addr.ss_family != family ? -EAFNOSUPPORT :
		      kernel_bind(sock, (struct sockaddr_unsized *)&addr,
				  ockam_tcp_addr_len(&addr));
	}
	if (err)
		sock_release(sock);
	else
		*out = sock;
	return err;
}

static u32 ockam_tcp_way_key(const struct ockam_node *node,
			     const struct sockaddr_storage *addr,
			     const struct ockam_owner *owner)
{
	return jhash(addr, ockam_tcp_addr_len(addr),
		     node->index ^ __kuid_val(owner->uid));
}

/* Let ockam_tcp_find() find a connection, until it is stopped. */
static void ockam_tcp_remember(struct ockam_tcp *tcp)
{
	struct ockam_conn *conn = &tcp->conn;

	spin_lock_bh(&ockam_tcp_ways_lock);
	if (READ_ONCE(conn->state) != OCKAM_CONN_CLOSED)
		hash_add_rcu(ockam_tcp_ways, &tcp->way,
			     ockam_tcp_way_key(conn->ep.node, &conn->peer,
					       &conn->ep.owner));
	spin_unlock_bh(&ockam_tcp_ways_lock);
}

/**
 * ockam_tcp_connect() - start to connect
 * @node:   node
 * @addr:   where to
 * @source: from where; NULL: the routing table decides
 * @expose: addresses that become consumers of the connection's flow
 * @owner:  who may send through it
 *
 * Return: the connection, CONNECTING, with a reference; or an ERR_PTR: -ENODEV,
 * -EADDRNOTAVAIL, -EADDRINUSE, -EAFNOSUPPORT because of @source; -EBUSY,
 * -ENOMEM, or what connect() says.
 */
struct ockam_conn *ockam_tcp_connect(struct ockam_node *node,
				     const struct sockaddr_storage *addr,
				     const struct ockam_tcp_source *source,
				     const struct ockam_route *expose,
				     const struct ockam_owner *owner)
{
	struct ockam_conn *conn;
	struct ockam_tcp *tcp;
	struct socket *sock;
	int err;

	err = ockam_tcp_open(node->onet->net, addr->ss_family, source, &sock);
	if (err)
		return ERR_PTR(err);
	tcp = ockam_tcp_create(node, sock, NULL, owner);
	if (IS_ERR(tcp)) {
		sock_release(sock);
		return ERR_CAST(tcp);
	}
	conn = &tcp->conn;
	conn->outgoing = true;
	conn->peer = *addr;
	ockam_endpoint_get(&conn->ep);
	err = ockam_flow_expose_all(conn->flow, expose);
	if (err)
		goto err_close;
	ockam_tcp_set_callbacks(tcp);
	ockam_tcp_start_timer(tcp);
	err = kernel_connect(sock, (struct sockaddr_unsized *)&conn->peer,
			     ockam_tcp_addr_len(addr), O_NONBLOCK);
	if (err && err != -EINPROGRESS)
		goto err_close;
	if (!err)
		queue_work(ockam_wq, &tcp->rx_work);
	/* Its node lists and closes it from now on; it may be up already. */
	err = ockam_endpoint_publish(&conn->ep);
	if (err)
		goto err_close;
	if (!owner->admin)
		ockam_tcp_remember(tcp);
	return conn;

err_close:
	ockam_conn_close(conn, err);
	err = READ_ONCE(conn->err) ?: err;
	ockam_endpoint_put(&conn->ep);
	return ERR_PTR(err);
}

/* The user's own connection to an address, with a reference, or NULL. */
static struct ockam_conn *ockam_tcp_find(struct ockam_node *node,
					 const struct sockaddr_storage *addr,
					 const struct ockam_owner *owner)
{
	const u32 key = ockam_tcp_way_key(node, addr, owner);
	struct ockam_conn *conn, *found = NULL;
	struct ockam_tcp *tcp;

	rcu_read_lock();
	hash_for_each_possible_rcu(ockam_tcp_ways, tcp, way, key) {
		conn = &tcp->conn;
		if (conn->ep.node == node &&
		    uid_eq(conn->ep.owner.uid, owner->uid) &&
		    !memcmp(&conn->peer, addr, ockam_tcp_addr_len(addr)) &&
		    READ_ONCE(conn->state) != OCKAM_CONN_CLOSED &&
		    ockam_endpoint_tryget(&conn->ep)) {
			found = conn;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * ockam_tcp_find_or_connect() - a connection for a local sender's first hop
 * @node:  node
 * @addr:  where to
 * @owner: the sender
 *
 * Return: a connection with a reference, perhaps CONNECTING; or an ERR_PTR.
 */
struct ockam_conn *ockam_tcp_find_or_connect(struct ockam_node *node,
					     const struct sockaddr_storage *addr,
					     const struct ockam_owner *owner)
{
	const struct ockam_route none = {};

	return ockam_tcp_find(node, addr, owner) ?:
	       ockam_tcp_connect(node, addr, NULL, &none, owner);
}

/* Listeners */

static void ockam_tcp_listener_ready(struct sock *sk)
{
	struct ockam_tcp_listener *listener;

	read_lock_bh(&sk->sk_callback_lock);
	listener = sk->sk_user_data;
	/* A child that was not accepted yet has our callback, too. */
	if (listener && sk->sk_state == TCP_LISTEN)
		queue_work(ockam_wq, &listener->work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void ockam_tcp_accepted(struct ockam_tcp_listener *listener,
			       struct socket *sock)
{
	struct ockam_tcp *tcp;

	tcp = ockam_tcp_create(listener->ep.node, sock, listener->flow,
			       &listener->owner);
	if (IS_ERR(tcp)) {
		ockam_tcp_release_sock(sock, true);
		return;
	}
	/* The socket inherited the listener's callback. */
	tcp->old_data_ready = listener->old_data_ready;
	tcp->conn.plain_local = listener->plain_local;
	kernel_getpeername(sock, (struct sockaddr *)&tcp->conn.peer);
	kernel_getsockname(sock, (struct sockaddr *)&tcp->conn.local);
	WRITE_ONCE(listener->accepted, listener->accepted + 1);
	ockam_endpoint_get(&tcp->conn.ep);
	ockam_tcp_set_callbacks(tcp);
	/* Before it is up: from then on others may close it. */
	ockam_tcp_start_timer(tcp);
	if (ockam_conn_up(&tcp->conn)) {
		ockam_conn_close(&tcp->conn, -ECONNABORTED);
	} else {
		queue_work(ockam_wq, &tcp->tx_work);
		queue_work(ockam_wq, &tcp->rx_work);
	}
	ockam_endpoint_put(&tcp->conn.ep);
}

static void ockam_tcp_accept_work(struct work_struct *work)
{
	struct ockam_tcp_listener *listener =
		container_of(work, struct ockam_tcp_listener, work);
	struct socket *sock;
	int i;

	for (i = 0; i < OCKAM_TCP_ACCEPTS; i++) {
		if (READ_ONCE(listener->stopped) ||
		    kernel_accept(listener->sock, &sock, O_NONBLOCK))
			return;
		ockam_tcp_accepted(listener, sock);
	}
	queue_work(ockam_wq, &listener->work);
}

static struct sk_buff *ockam_tcp_listener_rcv(struct ockam_endpoint *ep,
					      struct sk_buff *skb,
					      struct ockam_ctx *ctx)
{
	return ockam_ctx_drop(ctx, ep->node, skb, OCKAM_DROP_NO_RECEIVER);
}

static void ockam_tcp_listener_shutdown(struct ockam_endpoint *ep)
{
	struct ockam_tcp_listener *listener =
		container_of(ep, struct ockam_tcp_listener, ep);
	struct sock *sk = listener->sock->sk;

	if (!ockam_endpoint_unpublish(ep))
		return;
	WRITE_ONCE(listener->stopped, true);
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = listener->old_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_work_sync(&listener->work);
	sock_release(listener->sock);
	ockam_notify(ep, OCKAM_EVENT_CLOSED, OCKAM_DROP_NONE);
}

static void ockam_tcp_listener_release(struct ockam_endpoint *ep)
{
	struct ockam_tcp_listener *listener =
		container_of(ep, struct ockam_tcp_listener, ep);

	ockam_flow_put(listener->flow);
	ockam_endpoint_fini(ep);
	ockam_ledger_destroyed(OCKAM_OBJ_TCP_LISTENER);
	kfree_rcu(listener, ep.rcu);
}

static const struct ockam_endpoint_ops ockam_tcp_listener_ops = {
	.kind = OCKAM_EP_TCP_LISTENER,
	.rcv = ockam_tcp_listener_rcv,
	.shutdown = ockam_tcp_listener_shutdown,
	.release = ockam_tcp_listener_release,
};

static int ockam_tcp_open_listener(struct net *net,
				   struct sockaddr_storage *addr, int ifindex,
				   struct socket **out)
{
	const struct ockam_tcp_source source = { .ifindex = ifindex };
	int len = ockam_tcp_addr_len(addr), err;
	struct socket *sock;

	err = ockam_tcp_open(net, addr->ss_family, &source, &sock);
	if (err)
		return err;
	sock_set_reuseaddr(sock->sk);
	if (addr->ss_family == AF_INET6)
		sock->sk->sk_ipv6only = true;
	err = kernel_bind(sock, (struct sockaddr_unsized *)addr, len);
	if (!err)
		err = kernel_getsockname(sock, (struct sockaddr *)addr);
	if (err < 0) {
		sock_release(sock);
		return err;
	}
	*out = sock;
	return 0;
}

static int ockam_tcp_start_listener(struct ockam_tcp_listener *listener)
{
	struct sock *sk = listener->sock->sk;
	int err;

	write_lock_bh(&sk->sk_callback_lock);
	listener->old_data_ready = sk->sk_data_ready;
	sk->sk_user_data = listener;
	sk->sk_data_ready = ockam_tcp_listener_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	err = ockam_endpoint_publish(&listener->ep);
	return err ?: kernel_listen(listener->sock, OCKAM_TCP_BACKLOG);
}

/**
 * ockam_tcp_listen() - accept connections at an address
 * @node:   node
 * @addr:   numeric address; set to what is bound
 * @ifindex: device; 0: any
 * @expose: addresses that its connections may reach
 * @owner:  of its connections
 *
 * Return: its endpoint with a reference; ERR_PTR: -EADDRINUSE, -EADDRNOTAVAIL,
 * -ENODEV, -EINVAL, -ENOMEM, ...
 */
struct ockam_endpoint *ockam_tcp_listen(struct ockam_node *node,
					struct sockaddr_storage *addr,
					int ifindex,
					const struct ockam_route *expose,
					const struct ockam_owner *owner)
{
	struct ockam_tcp_listener *listener;
	int err;

	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener)
		return ERR_PTR(-ENOMEM);
	err = ockam_tcp_open_listener(node->onet->net, addr, ifindex,
				      &listener->sock);
	if (err)
		goto err_free;
	listener->flow = ockam_flow_create(node);
	err = PTR_ERR_OR_ZERO(listener->flow);
	if (err)
		goto err_sock;
	err = ockam_flow_expose_all(listener->flow, expose);
	if (err)
		goto err_flow;
	INIT_WORK(&listener->work, ockam_tcp_accept_work);
	listener->addr = *addr;
	listener->owner = *owner;
	listener->plain_local = ockam_tcp_is_loopback(addr);
	/* A random name: this cannot fail. */
	ockam_endpoint_init(&listener->ep, node, &ockam_tcp_listener_ops, NULL,
			    0, owner);
	ockam_ledger_created(OCKAM_OBJ_TCP_LISTENER);
	err = ockam_tcp_start_listener(listener);
	if (err) {
		ockam_tcp_listener_shutdown(&listener->ep);
		ockam_endpoint_put(&listener->ep);
		return ERR_PTR(err);
	}
	ockam_notify(&listener->ep, OCKAM_EVENT_NEW, OCKAM_DROP_NONE);
	return &listener->ep;

err_flow:
	ockam_flow_put(listener->flow);
err_sock:
	sock_release(listener->sock);
err_free:
	kfree(listener);
	return ERR_PTR(err);
}

/**
 * ockam_tcp_listener_info() - what users want to know of a listener
 * @ep:       its endpoint
 * @addr:     set to where it listens
 * @flow:     set to its flow, borrowed
 * @accepted: set to the connections so far
 */
void ockam_tcp_listener_info(struct ockam_endpoint *ep,
			     struct sockaddr_storage *addr,
			     struct ockam_flow **flow, u32 *accepted)
{
	struct ockam_tcp_listener *listener =
		container_of(ep, struct ockam_tcp_listener, ep);

	*addr = listener->addr;
	*flow = listener->flow;
	*accepted = READ_ONCE(listener->accepted);
}
