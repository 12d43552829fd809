// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Connections: what every transport shares. */

#include "dispatch.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "transport.h"

static bool ockam_conn_tx_full(const struct ockam_conn *conn)
{
	return READ_ONCE(conn->tx_bytes) > OCKAM_CONN_TX_BYTES ||
	       skb_queue_len_lockless(&conn->tx_queue) > OCKAM_CONN_TX_MSGS;
}

static enum ockam_drop ockam_conn_wrap(struct sk_buff *skb)
{
	switch (ockam_msg_wrap_transport(skb)) {
	case 0:
		return OCKAM_DROP_NONE;
	case -EMSGSIZE:
		return OCKAM_DROP_TOO_LARGE;
	default:
		return OCKAM_DROP_NO_MEMORY;
	}
}

/* Queue a frame. @skb is taken unless there is a reason not to. */
static enum ockam_drop ockam_conn_queue(struct ockam_conn *conn,
					struct sk_buff *skb)
{
	enum ockam_drop why = OCKAM_DROP_NONE;

	spin_lock_bh(&conn->tx_lock);
	if (conn->state == OCKAM_CONN_CLOSED)
		why = OCKAM_DROP_CLOSED;
	else if (ockam_queue_is_overfull(&conn->tx_queue, conn->tx_bytes))
		why = OCKAM_DROP_QUEUE_FULL;
	if (!why) {
		if (skb_queue_empty(&conn->tx_queue))
			conn->progress = jiffies;
		__skb_queue_tail(&conn->tx_queue, skb);
		conn->tx_bytes += skb->len;
	}
	spin_unlock_bh(&conn->tx_lock);
	return why;
}

static struct sk_buff *ockam_conn_rcv(struct ockam_endpoint *ep,
				      struct sk_buff *skb,
				      struct ockam_ctx *ctx)
{
	struct ockam_conn *conn = ockam_conn(ep);
	enum ockam_drop why;

	ockam_msg_fresh(skb);
	why = ockam_conn_wrap(skb);
	if (!why)
		why = ockam_conn_queue(conn, skb);
	if (why)
		ockam_ctx_drop(ctx, ep->node, skb, why);
	else
		atomic64_inc(&conn->tx_msgs);
	if (why && why != OCKAM_DROP_QUEUE_FULL)
		return NULL;
	if (ockam_conn_tx_full(conn)) {
		ockam_waitlist_pause(&conn->tx_wait, ctx->source);
		/* It may have been emptied, or closed, before we waited. */
		if (!ockam_conn_tx_full(conn) ||
		    READ_ONCE(conn->state) == OCKAM_CONN_CLOSED)
			ockam_waitlist_resume(&conn->tx_wait);
	}
	conn->ops->kick(conn);
	return NULL;
}

static void ockam_conn_shutdown(struct ockam_endpoint *ep)
{
	ockam_conn_close(ockam_conn(ep), -ECONNABORTED);
}

static void ockam_conn_release(struct ockam_endpoint *ep)
{
	struct ockam_conn *conn = ockam_conn(ep);

	skb_queue_purge(&conn->tx_queue);
	ockam_flow_put(conn->flow);
	ockam_flow_put(conn->spawner);
	atomic_dec(&ep->node->onet->conns);
	ockam_endpoint_fini(ep);
	ockam_ledger_destroyed(OCKAM_OBJ_CONN);
	conn->ops->free(conn);
}

static const struct ockam_endpoint_ops ockam_conn_ep_ops = {
	.kind = OCKAM_EP_CONN,
	.terminal = true,
	.rcv = ockam_conn_rcv,
	.shutdown = ockam_conn_shutdown,
	.release = ockam_conn_release,
};

static void ockam_conn_close_work(struct work_struct *work)
{
	struct ockam_conn *conn = container_of(work, struct ockam_conn,
					       close_work);

	ockam_conn_close(conn, conn->err);
	ockam_endpoint_put(&conn->ep);
}

static void ockam_conn_resume(struct ockam_source *source)
{
	struct ockam_conn *conn = container_of(source, struct ockam_conn,
					       source);

	conn->ops->wake(conn);
}

/**
 * ockam_conn_init() - prepare a connection
 * @conn:    zeroed memory
 * @node:    node
 * @ops:     the transport's part
 * @spawner: flow of the listener that accepts it, or NULL
 * @owner:   who may send through it
 *
 * The one reference goes with ockam_conn_close().
 *
 * Return: 0; -EBUSY too many; -ENOMEM. On error there is nothing to undo.
 */
int ockam_conn_init(struct ockam_conn *conn, struct ockam_node *node,
		    const struct ockam_conn_ops *ops, struct ockam_flow *spawner,
		    const struct ockam_owner *owner)
{
	struct ockam_net *onet = node->onet;

	if (atomic_inc_return(&onet->conns) > (int)onet->limits.connections) {
		atomic_dec(&onet->conns);
		ockam_count_drop(node, OCKAM_DROP_CONNECTION_LIMIT);
		return -EBUSY;
	}
	conn->flow = ockam_flow_create(node);
	if (IS_ERR(conn->flow)) {
		atomic_dec(&onet->conns);
		return PTR_ERR(conn->flow);
	}
	conn->ops = ops;
	conn->spawner = spawner ? ockam_flow_get(spawner) : NULL;
	spin_lock_init(&conn->tx_lock);
	skb_queue_head_init(&conn->tx_queue);
	ockam_waitlist_init(&conn->tx_wait);
	INIT_WORK(&conn->close_work, ockam_conn_close_work);
	conn->state = OCKAM_CONN_CONNECTING;
	conn->progress = jiffies;
	/* A random name: this cannot fail. */
	ockam_endpoint_init(&conn->ep, node, &ockam_conn_ep_ops, NULL, 0,
			    owner);
	conn->ep.flow = conn->flow->index;
	conn->ep.spawner = spawner ? spawner->index : 0;
	ockam_source_init(&conn->source, &conn->ep, ockam_conn_resume);
	ockam_ledger_created(OCKAM_OBJ_CONN);
	return 0;
}

/**
 * ockam_conn_up() - the transport is connected
 * @conn: connection
 *
 * Return: 0; -ECONNABORTED it was closed meanwhile; a publish error.
 */
int ockam_conn_up(struct ockam_conn *conn)
{
	int err;

	err = ockam_endpoint_publish(&conn->ep);
	if (err)
		return err;
	spin_lock_bh(&conn->tx_lock);
	if (conn->state == OCKAM_CONN_CONNECTING)
		conn->state = OCKAM_CONN_UP;
	else
		err = -ECONNABORTED;
	spin_unlock_bh(&conn->tx_lock);
	if (err)
		return err;
	ockam_notify(&conn->ep, OCKAM_EVENT_UP, OCKAM_DROP_NONE);
	ockam_endpoint_tell(&conn->ep, OCKAM_WATCH_UP);
	return 0;
}

/**
 * ockam_conn_rx() - a complete body was received
 * @conn: connection
 * @skb:  payload = body; taken
 * @ctx:  the receiver's
 *
 * Return: false when the body is malformed: the connection must be closed.
 */
bool ockam_conn_rx(struct ockam_conn *conn, struct sk_buff *skb,
		   struct ockam_ctx *ctx)
{
	struct ockam_addr own = ockam_endpoint_addr(&conn->ep);
	struct ockam_node *node = conn->ep.node;
	struct ockam_meta *meta;
	int err;

	atomic64_inc(&conn->rx_msgs);
	atomic64_add(skb->len, &conn->rx_bytes);
	err = ockam_msg_scan_transport(skb);
	if (!err && !ockam_msg_onward(skb).count) {
		ockam_drop(node, skb, OCKAM_DROP_HEARTBEAT);
		return true;
	}
	if (!err)
		err = ockam_msg_push_return(skb, &own);
	if (err == -EBADMSG) {
		/* Counted once, for the message and the connection. */
		conn->reason = OCKAM_DROP_FRAME;
		ockam_drop(node, skb, OCKAM_DROP_FRAME);
		return false;
	}
	if (err) {
		ockam_drop(node, skb, ockam_drop_route(err));
		return true;
	}
	meta = ockam_meta(skb);
	meta->origin = OCKAM_ORIGIN_PRODUCER;
	meta->flow = conn->ep.flow;
	meta->spawner = conn->ep.spawner;
	meta->plain = conn->plain_local;
	ockam_dispatch(node, skb, ctx);
	return true;
}

/**
 * ockam_conn_tx_next() - the next frame to send
 * @conn: connection
 *
 * Return: the frame, now the caller's; NULL when there is none.
 */
struct sk_buff *ockam_conn_tx_next(struct ockam_conn *conn)
{
	struct sk_buff *skb;

	spin_lock_bh(&conn->tx_lock);
	skb = __skb_dequeue(&conn->tx_queue);
	if (skb)
		conn->tx_bytes -= skb->len;
	spin_unlock_bh(&conn->tx_lock);
	if (READ_ONCE(conn->tx_bytes) <= OCKAM_CONN_TX_BYTES / 2 &&
	    skb_queue_len_lockless(&conn->tx_queue) <= OCKAM_CONN_TX_MSGS / 2)
		ockam_waitlist_resume(&conn->tx_wait);
	return skb;
}

/* Give those who queued what cannot be sent their room back. */
static void ockam_conn_purge(struct ockam_conn *conn)
{
	struct sk_buff_head gone;
	struct sk_buff *skb;

	__skb_queue_head_init(&gone);
	spin_lock_bh(&conn->tx_lock);
	skb_queue_splice_init(&conn->tx_queue, &gone);
	conn->tx_bytes = 0;
	spin_unlock_bh(&conn->tx_lock);
	while ((skb = __skb_dequeue(&gone)))
		ockam_drop(conn->ep.node, skb, OCKAM_DROP_CLOSED);
}

/**
 * ockam_conn_close() - close for good
 * @conn: connection
 * @err:  why, negative errno; 0 when the peer ended it
 *
 * Context: process, not from the connection's own work.
 */
void ockam_conn_close(struct ockam_conn *conn, int err)
{
	bool was_closed;

	spin_lock_bh(&conn->tx_lock);
	was_closed = conn->state == OCKAM_CONN_CLOSED;
	if (!was_closed) {
		conn->state = OCKAM_CONN_CLOSED;
		if (!conn->err)
			conn->err = err;
	}
	spin_unlock_bh(&conn->tx_lock);
	if (was_closed)
		return;
	conn->ops->stop(conn);
	ockam_endpoint_unpublish(&conn->ep);
	ockam_source_cancel(&conn->source);
	ockam_conn_purge(conn);
	ockam_waitlist_resume(&conn->tx_wait);
	ockam_notify(&conn->ep, OCKAM_EVENT_CLOSED,
		     conn->reason ?: OCKAM_DROP_CLOSED);
	ockam_endpoint_put(&conn->ep);
}

/**
 * ockam_conn_close_async() - close from the connection's own work
 * @conn:   connection
 * @err:    why, negative errno
 * @reason: why, when it is us who judged; it is counted
 */
void ockam_conn_close_async(struct ockam_conn *conn, int err,
			    enum ockam_drop reason)
{
	if (READ_ONCE(conn->state) == OCKAM_CONN_CLOSED)
		return;
	if (reason && !conn->reason) {
		conn->reason = reason;
		ockam_count_drop(conn->ep.node, reason);
	}
	if (!conn->err)
		conn->err = err;
	ockam_endpoint_get(&conn->ep);
	if (!queue_work(ockam_wq, &conn->close_work))
		ockam_endpoint_put(&conn->ep);
}
