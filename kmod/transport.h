/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Connections: what every transport shares. */
#ifndef OCKAM_TRANSPORT_H
#define OCKAM_TRANSPORT_H

#include <linux/socket.h>
#include <linux/workqueue.h>
#include "endpoint.h"
#include "flow.h"

#define OCKAM_CONN_TX_BYTES	(1U << 20)	/* queue: pause above */
#define OCKAM_CONN_TX_MSGS	256
#define OCKAM_DRAIN_MSGS	64		/* per turn of a drainer */
#define OCKAM_DRAIN_BYTES	(1U << 20)
#define OCKAM_STUCK_SECONDS	30		/* no progress: close */
/* Where only the channel listener is exposed, until the peer is authenticated */
#define OCKAM_SMALL_FRAME_MAX	(128U << 10)

enum ockam_conn_state {
	OCKAM_CONN_CONNECTING,
	OCKAM_CONN_UP,
	OCKAM_CONN_CLOSED,
};

struct ockam_conn;

/**
 * struct ockam_conn_ops - what a transport implements
 * @kick:  there is something in the queue: send it. Called by whoever queued,
 *         in process context; may send at once or queue work.
 * @wake:  a paused source may read again: queue the receiver's work
 * @stop:  abort: no callback and no work runs when it returns
 * @free:  free the memory of the connection
 */
struct ockam_conn_ops {
	void (*kick)(struct ockam_conn *conn);
	void (*wake)(struct ockam_conn *conn);
	void (*stop)(struct ockam_conn *conn);
	void (*free)(struct ockam_conn *conn);
};

/**
 * struct ockam_conn - a connection to another node
 * @ep:       the sender's address and ops
 * @ops:      the transport's part
 * @source:   the receiver, to be paused
 * @flow:     flow that its receiver produces
 * @spawner:  flow of the listener that accepted it, else NULL
 * @plain_local: accepted by a loopback-bound listener
 * @outgoing: opened by us
 * @state:    enum ockam_conn_state, under tx_lock for writers
 * @err:      why it was closed, negative errno
 * @reason:   why it was closed, when it was us who judged
 * @tx_lock:  protects @tx_queue, @tx_bytes
 * @tx_queue: framed messages to send
 * @tx_bytes: bytes in it
 * @tx_wait:  sources that wait for room
 * @close_work: ockam_conn_close() from any context
 * @peer:     address of the peer
 * @local:    our address
 * @rx_msgs:  messages received
 * @rx_bytes: their bodies' bytes
 * @tx_msgs:  messages taken for sending
 * @tx_sent:  their frames' bytes
 * @progress: jiffies of the last byte that the peer took
 */
struct ockam_conn {
	struct ockam_endpoint ep;
	const struct ockam_conn_ops *ops;
	struct ockam_source source;
	struct ockam_flow *flow;
	struct ockam_flow *spawner;
	bool plain_local;
	bool outgoing;
	enum ockam_conn_state state;
	int err;
	enum ockam_drop reason;
	spinlock_t tx_lock;
	struct sk_buff_head tx_queue;
	size_t tx_bytes;
	struct ockam_waitlist tx_wait;
	struct work_struct close_work;
	struct sockaddr_storage peer;
	struct sockaddr_storage local;
	atomic64_t rx_msgs;
	atomic64_t rx_bytes;
	atomic64_t tx_msgs;
	atomic64_t tx_sent;
	unsigned long progress;
};

int ockam_conn_init(struct ockam_conn *conn, struct ockam_node *node,
		    const struct ockam_conn_ops *ops, struct ockam_flow *spawner,
		    const struct ockam_owner *owner);
/* The transport is connected; publishes the address if that was not done. */
int ockam_conn_up(struct ockam_conn *conn);
/*
 * A complete body (payload = the body). Takes it. False: the frame was
 * malformed and the connection must be closed.
 */
bool ockam_conn_rx(struct ockam_conn *conn, struct sk_buff *skb,
		   struct ockam_ctx *ctx);
/* The next message to send, or NULL; wakes waiting sources below the limit. */
struct sk_buff *ockam_conn_tx_next(struct ockam_conn *conn);
/*
 * Close for good, with an event. Any process context but the connection's own
 * receiver or sender work: these use ockam_conn_close_async().
 */
void ockam_conn_close(struct ockam_conn *conn, int err);
void ockam_conn_close_async(struct ockam_conn *conn, int err,
			    enum ockam_drop reason);
static inline struct ockam_conn *ockam_conn(struct ockam_endpoint *ep)
{
	return container_of(ep, struct ockam_conn, ep);
}

#endif /* OCKAM_TRANSPORT_H */
