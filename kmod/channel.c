// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Secure channels: their two addresses and the data phase. */

#include <linux/slab.h>
#include "channel_way.h"
#include "dispatch.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "wire.h"

#define OCKAM_CHANNEL_TURN_MSGS		64	/* then the worker takes over */
#define OCKAM_CHANNEL_TURN_BYTES	(1U << 20)
#define OCKAM_CHANNEL_ROOM	1024	/* for heads, and channels around */

/* Sending */

/* Whose message a ciphertext is: ours, or that of who gave us the route. */
static void ockam_channel_stamp(struct sk_buff *skb,
				const struct ockam_remote *remote)
{
	struct ockam_meta *meta = ockam_meta(skb);

	ockam_msg_fresh(skb);
	if (!remote->local)
		return;
	meta->origin = OCKAM_ORIGIN_SOCKET;
	meta->admin = remote->admin;
	meta->uid = remote->uid;
}

/*
 * Whether a plaintext fits into a frame when it is sealed and has its route. To
 * be known before it is sealed: the peer hears nothing more after 32 counters
 * that were used in vain.
 */
static bool ockam_channel_fits(const struct sk_buff *skb,
			       const struct ockam_remote *remote)
{
	return skb->len + OCKAM_SEAL_OVERHEAD + remote->route.len +
	       4 * remote->route.count + OCKAM_CHANNEL_ROOM <= OCKAM_FRAME_MAX;
}

/* Seal a message and give it its route; why it is only fit to be dropped. */
static enum ockam_drop ockam_channel_seal(struct ockam_channel *ch,
					  struct sk_buff **skb,
					  const struct ockam_remote *remote)
{
	int err;

	if (!ockam_channel_fits(*skb, remote))
		return OCKAM_DROP_TOO_LARGE;
	err = ockam_session_seal(ch->session, skb);
	if (err == -EKEYEXPIRED) {
		ockam_channel_close_async(ch, OCKAM_DROP_NONCE_EXHAUSTED);
		return OCKAM_DROP_NONCE_EXHAUSTED;
	}
	if (!err)
		err = ockam_msg_set_onward(*skb, &remote->route);
	if (err)
		return OCKAM_DROP_NO_MEMORY;
	ockam_channel_stamp(*skb, remote);
	return OCKAM_DROP_NONE;
}

/*
 * Seal and send one message whose payload is the plaintext. The channel is or
 * was open: it has a session and a remote route.
 */
static enum ockam_drop ockam_channel_send(struct ockam_channel *ch,
					  struct sk_buff *skb,
					  unsigned int nest)
{
	struct ockam_ctx ctx = { .source = &ch->tx_source, .nest = nest };
	struct ockam_remote *remote = ockam_channel_get_remote(ch);
	struct ockam_node *node = ch->enc.node;
	enum ockam_drop why;

	why = ockam_channel_seal(ch, &skb, remote);
	ockam_remote_put(remote);
	if (why) {
		ockam_drop(node, skb, why);
		return why;
	}
	ockam_dispatch(node, skb, &ctx);
	return ctx.drop;
}

/* One message from the queue. */
static enum ockam_drop ockam_channel_tx(struct ockam_channel *ch,
					struct sk_buff *skb, unsigned int nest)
{
	enum ockam_drop why;
	int err;

	ockam_channel_touch(ch);
	atomic64_inc(&ch->tx_msgs);
	atomic64_add(skb->len, &ch->tx_total);
	err = ockam_msg_wrap_inner(skb);
	if (!err)
		return ockam_channel_send(ch, skb, nest);
	why = err == -EMSGSIZE ? OCKAM_DROP_TOO_LARGE : OCKAM_DROP_NO_MEMORY;
	ockam_drop(ch->enc.node, skb, why);
	return why;
}

/* A plaintext of our own, or NULL: best effort. The caller is the drainer. */
static void ockam_channel_send_own(struct ockam_channel *ch,
				   struct sk_buff *skb)
{
	struct ockam_addr own = ockam_endpoint_addr(&ch->enc);

	if (!skb)
		return;
	if (ockam_msg_push_return(skb, &own))
		kfree_skb(skb);
	else
		ockam_channel_send(ch, skb, 0);
}

/* Tell the peer. The caller is the drainer, for good. */
static void ockam_channel_send_close(struct ockam_channel *ch)
{
	ockam_channel_send_own(ch, ockam_msg_from_bytes(ockam_inner_close,
							OCKAM_INNER_CLOSE_LEN,
							GFP_KERNEL));
}

/*
 * The next message for the drainer, or NULL: the queue is empty and the caller
 * is the drainer no more. A channel that is being closed in good order sends
 * what it has, and then its last words.
 */
static struct sk_buff *ockam_channel_tx_next(struct ockam_channel *ch)
{
	bool last_words = false, rekey, refresh;
	struct sk_buff *skb;

	spin_lock_bh(&ch->lock);
	while (ch->rekey || ch->say_refresh) {
		rekey = ch->rekey;
		refresh = ch->say_refresh;
		ch->rekey = false;
		ch->say_refresh = false;
		spin_unlock_bh(&ch->lock);
		/* Still the drainer: only that one may seal. */
		if (rekey)
			ockam_session_rekey(ch->session);
		if (refresh)
			ockam_channel_send_own(ch, ockam_channel_refresh_message(ch));
		spin_lock_bh(&ch->lock);
	}
	skb = __skb_dequeue(&ch->tx_queue);
	if (skb)
		ch->tx_bytes -= skb->len;
	else if (ch->state == OCKAM_CHANNEL_CLOSED && ch->say_close)
		last_words = true;
	else
		ch->tx_busy = false;
	if (last_words)
		ch->say_close = false;
	spin_unlock_bh(&ch->lock);
	if (last_words)
		ockam_channel_send_close(ch);
	return skb;
}

/* Nothing is to be sealed now: its first hop would not take it. */
static bool ockam_channel_tx_held(const struct ockam_channel *ch)
{
	return ockam_source_paused(&ch->tx_source) || READ_ONCE(ch->lost);
}

static bool ockam_channel_tx_full(const struct ockam_channel *ch)
{
	return READ_ONCE(ch->tx_bytes) > OCKAM_CHANNEL_TX_BYTES ||
	       skb_queue_len_lockless(&ch->tx_queue) > OCKAM_CHANNEL_TX_MSGS;
}

/* A work holds a reference from when it is queued until it has run. */
static void ockam_channel_queue(struct ockam_channel *ch,
				struct work_struct *work)
{
	ockam_channel_get(ch);
	if (!queue_work(ockam_wq, work))
		ockam_channel_put(ch);
}

/**
 * ockam_channel_queue_tx() - let the queue be drained
 * @ch: channel
 *
 * Context: any.
 */
void ockam_channel_queue_tx(struct ockam_channel *ch)
{
	ockam_channel_queue(ch, &ch->tx_work);
}

/* Become the drainer, unless there is one or the first hop takes nothing. */
static bool ockam_channel_tx_begin_locked(struct ockam_channel *ch)
{
	lockdep_assert_held(&ch->lock);
	if (ch->tx_busy || ockam_channel_tx_held(ch))
		return false;
	ch->tx_busy = true;
	return true;
}

/*
 * Drain the queue. The caller set tx_busy, which keeps everybody else out, so
 * that nonce order is wire order. Returns what became of the first message.
 */
static enum ockam_drop ockam_channel_drain(struct ockam_channel *ch,
					   unsigned int nest)
{
	enum ockam_drop first = OCKAM_DROP_NONE, why;
	unsigned int msgs = 0, bytes = 0;
	struct sk_buff *skb;

	while ((skb = ockam_channel_tx_next(ch))) {
		bytes += skb->len;
		why = ockam_channel_tx(ch, skb, nest);
		ockam_session_prepare_tx(ch->session);
		if (!msgs)
			first = why;
		if (++msgs < OCKAM_CHANNEL_TURN_MSGS &&
		    bytes < OCKAM_CHANNEL_TURN_BYTES &&
		    !ockam_channel_tx_held(ch))
			continue;
		spin_lock_bh(&ch->lock);
		ch->tx_busy = false;
		spin_unlock_bh(&ch->lock);
		/* When it is held, who ends that queues the work. */
		if (!ockam_channel_tx_held(ch))
			ockam_channel_queue_tx(ch);
		break;
	}
	if (!ockam_channel_tx_full(ch))
		ockam_waitlist_resume(&ch->tx_wait);
	return first;
}

/**
 * ockam_channel_try_drain() - send what is to be sent
 * @ch: channel
 *
 * Whoever drains already does it, else the caller; or, when the first hop's
 * queue is full, a worker later. Context: process.
 */
void ockam_channel_try_drain(struct ockam_channel *ch)
{
	bool mine;

	spin_lock_bh(&ch->lock);
	mine = ockam_channel_tx_begin_locked(ch);
	spin_unlock_bh(&ch->lock);
	if (mine)
		ockam_channel_drain(ch, 0);
}

static void ockam_channel_tx_work(struct work_struct *work)
{
	struct ockam_channel *ch = container_of(work, struct ockam_channel,
						tx_work);

	ockam_channel_try_drain(ch);
	ockam_channel_put(ch);
}

static void ockam_channel_resume(struct ockam_source *source)
{
	ockam_channel_queue_tx(container_of(source, struct ockam_channel,
					    tx_source));
}

/*
 * Why a message is not taken, if it is not. A channel without a way takes what
 * its queue has room for; nobody is to wait for it.
 */
static enum ockam_drop ockam_channel_refuses(const struct ockam_channel *ch)
{
	lockdep_assert_held(&ch->lock);
	if (ch->state != OCKAM_CHANNEL_OPEN)
		return OCKAM_DROP_NOT_OPEN;
	if (ockam_queue_is_overfull(&ch->tx_queue, ch->tx_bytes))
		return OCKAM_DROP_QUEUE_FULL;
	return READ_ONCE(ch->lost) && ockam_channel_tx_full(ch) ?
	       OCKAM_DROP_TRANSPORT_LOST : OCKAM_DROP_NONE;
}

/* Who fills the queue waits until it has room. */
static void ockam_channel_hold(struct ockam_channel *ch,
			       struct ockam_source *source)
{
	if (!ockam_channel_tx_full(ch))
		return;
	ockam_waitlist_pause(&ch->tx_wait, source);
	if (!ockam_channel_tx_full(ch) || READ_ONCE(ch->lost))
		ockam_waitlist_resume(&ch->tx_wait);
}

static struct sk_buff *ockam_channel_enc_rcv(struct ockam_endpoint *ep,
					     struct sk_buff *skb,
					     struct ockam_ctx *ctx)
{
	struct ockam_channel *ch = container_of(ep, struct ockam_channel, enc);
	bool later = ctx->nest >= OCKAM_NEST_MAX;
	enum ockam_drop why;
	bool mine, alone;

	spin_lock_bh(&ch->lock);
	why = ockam_channel_refuses(ch);
	if (why) {
		spin_unlock_bh(&ch->lock);
		ockam_ctx_drop(ctx, ep->node, skb, why);
		if (why == OCKAM_DROP_QUEUE_FULL)
			ockam_channel_hold(ch, ctx->source);
		return NULL;
	}
	alone = skb_queue_empty(&ch->tx_queue);
	__skb_queue_tail(&ch->tx_queue, skb);
	ch->tx_bytes += skb->len;
	mine = !later && ockam_channel_tx_begin_locked(ch);
	spin_unlock_bh(&ch->lock);
	if (later)
		ockam_channel_queue_tx(ch);
	if (mine) {
		why = ockam_channel_drain(ch, ctx->nest + 1);
		/* Only when the first message was this one. */
		if (alone)
			ctx->drop = why;
	}
	ockam_channel_hold(ch, ctx->source);
	return NULL;
}

/* Receiving */

/* Under rx_lock: decrypt, take apart, follow the route. */
static enum ockam_drop ockam_channel_decrypt(struct ockam_channel *ch,
					     struct sk_buff **skb, int *kind)
{
	struct ockam_remote *remote;
	enum ockam_drop why;
	u64 counter;
	int err;

	why = ockam_session_open(ch->session, skb, &counter);
	if (why) {
		if (ockam_session_deaf(ch->session))
			ockam_channel_close_async(ch,
						  OCKAM_DROP_TOO_FAR_AHEAD);
		return why;
	}
	remote = ockam_channel_new_remote(ch, *skb, counter);
	err = ockam_msg_scan_inner(*skb, kind);
	if (err || *kind != OCKAM_INNER_PAYLOAD) {
		ockam_remote_put(remote);
		if (err)
			return err == -EMSGSIZE ? OCKAM_DROP_TOO_MANY_HOPS :
			       OCKAM_DROP_MALFORMED;
		return *kind == OCKAM_INNER_REFRESH &&
		       !ockam_channel_may_refresh(ch) ?
		       OCKAM_DROP_CRED_RATE : OCKAM_DROP_NONE;
	}
	if (counter > ch->route_counter)
		ch->route_counter = counter;
	if (remote)
		ockam_channel_follow(ch, remote);
	return OCKAM_DROP_NONE;
}

/* The peer is gone: it is not answered, and nothing more is sent. */
static void ockam_channel_peer_closed(struct ockam_channel *ch)
{
	spin_lock_bh(&ch->lock);
	ch->say_close = false;
	WRITE_ONCE(ch->peer_closed, true);
	spin_unlock_bh(&ch->lock);
	ockam_channel_close_async(ch, OCKAM_DROP_PEER_CLOSED);
}

static void ockam_channel_key_work(struct work_struct *work)
{
	struct ockam_channel *ch = container_of(work, struct ockam_channel,
						key_work);

	mutex_lock(&ch->rx_lock);
	ockam_session_prepare_rx(ch->session);
	mutex_unlock(&ch->rx_lock);
	ockam_channel_put(ch);
}

/* A message for the socket that owns this end? Then it is taken. */
static bool ockam_channel_to_sink(struct ockam_channel *ch, struct sk_buff *skb,
				  struct ockam_ctx *ctx)
{
	struct ockam_addr port = { .len = ch->port_len, .value = ch->port };
	struct ockam_route onward = ockam_msg_onward(skb);
	/* Pairs with the release in ockam_channel_set_sink(). */
	struct ockam_endpoint *sink = smp_load_acquire(&ch->sink);
	struct ockam_addr first;

	if (!sink || !ockam_route_next(&onward, &first) ||
	    !ockam_addr_equal(&first, &port))
		return false;
	ockam_msg_pop_onward(skb, &first);
	ctx->drop = OCKAM_DROP_NONE;
	sink->ops->sink(sink, skb, ctx);
	/* Nothing is lost on the way to a socket without a word. */
	if (ctx->source && ctx->drop == OCKAM_DROP_QUEUE_FULL)
		ockam_channel_close_async(ch, OCKAM_DROP_QUEUE_FULL);
	return true;
}

/**
 * ockam_channel_rx() - open one ciphertext
 * @ch:  channel, OPEN
 * @skb: ciphertext; taken
 * @ctx: who sends it
 *
 * Return: the message inside, to be dispatched; NULL when there is none.
 * Context: process.
 */
struct sk_buff *ockam_channel_rx(struct ockam_channel *ch, struct sk_buff *skb,
				 struct ockam_ctx *ctx)
{
	struct ockam_addr own = ockam_endpoint_addr(&ch->enc);
	struct ockam_node *node = ch->enc.node;
	enum ockam_drop why = OCKAM_DROP_CLOSED;
	struct ockam_meta *meta;
	bool wants_key = false;
	int kind = 0, err = 0;

	mutex_lock(&ch->rx_lock);
	if (READ_ONCE(ch->state) == OCKAM_CHANNEL_OPEN) {
		why = ockam_channel_decrypt(ch, &skb, &kind);
		wants_key = ockam_session_wants_rx(ch->session);
	}
	mutex_unlock(&ch->rx_lock);
	/* No message waits for it. */
	if (wants_key)
		ockam_channel_queue(ch, &ch->key_work);
	if (!why && kind == OCKAM_INNER_REFRESH)
		why = ockam_channel_refresh(ch, skb);
	if (!why && kind == OCKAM_INNER_PAYLOAD)
		err = ockam_msg_push_return(skb, &own);
	if (err)
		why = ockam_drop_route(err);
	if (why)
		return ockam_ctx_drop(ctx, node, skb, why);
	if (kind != OCKAM_INNER_PAYLOAD) {
		consume_skb(skb);
		if (kind == OCKAM_INNER_CLOSE)
			ockam_channel_peer_closed(ch);
		return NULL;
	}
	ockam_channel_touch(ch);
	atomic64_inc(&ch->rx_msgs);
	atomic64_add(skb->len, &ch->rx_total);
	ockam_msg_fresh(skb);
	meta = ockam_meta(skb);
	meta->origin = OCKAM_ORIGIN_PRODUCER;
	meta->flow = ch->enc.flow;
	meta->spawner = ch->enc.spawner;
	meta->has_peer = true;
	memcpy(meta->peer, ch->peer, OCKAM_IDENTIFIER_LEN);
	return ockam_channel_to_sink(ch, skb, ctx) ? NULL : skb;
}

static struct sk_buff *ockam_channel_dec_rcv(struct ockam_endpoint *ep,
					     struct sk_buff *skb,
					     struct ockam_ctx *ctx)
{
	struct ockam_channel *ch = container_of(ep, struct ockam_channel, dec);
	const struct ockam_channel_early *early = READ_ONCE(ch->early);

	if (early && early->rcv(ch, skb, ctx))
		return NULL;
	return ockam_channel_rx(ch, skb, ctx);
}

/* Life */

static void ockam_channel_shutdown_enc(struct ockam_endpoint *ep)
{
	ockam_channel_close(container_of(ep, struct ockam_channel, enc),
			    OCKAM_DROP_CLOSED);
}

static void ockam_channel_shutdown_dec(struct ockam_endpoint *ep)
{
	ockam_channel_close(container_of(ep, struct ockam_channel, dec),
			    OCKAM_DROP_CLOSED);
}

static void ockam_channel_release_dec(struct ockam_endpoint *ep)
{
	ockam_channel_put(container_of(ep, struct ockam_channel, dec));
}

static void ockam_channel_release_enc(struct ockam_endpoint *ep)
{
	struct ockam_channel *ch = container_of(ep, struct ockam_channel, enc);

	skb_queue_purge(&ch->tx_queue);
	ockam_waitlist_resume(&ch->tx_wait);
	ockam_session_free(ch->session);
	ockam_remote_put(ch->remote);
	ockam_trust_put(ch->trust);
	ockam_channel_peer_free(ch);
	if (ch->sink)
		ockam_endpoint_put(ch->sink);
	ockam_flow_put(ch->flow);
	ockam_flow_put(ch->spawner);
	atomic_dec(&ep->node->onet->channels);
	ockam_ledger_destroyed(OCKAM_OBJ_CHANNEL);
	ockam_endpoint_fini(&ch->dec);
	ockam_endpoint_fini(&ch->enc);
	kfree_rcu(ch, enc.rcu);
}

static const struct ockam_endpoint_ops ockam_channel_enc_ops = {
	.kind = OCKAM_EP_ENCRYPTOR,
	.terminal = true,
	.rcv = ockam_channel_enc_rcv,
	.shutdown = ockam_channel_shutdown_enc,
	.release = ockam_channel_release_enc,
};

static const struct ockam_endpoint_ops ockam_channel_dec_ops = {
	.kind = OCKAM_EP_DECRYPTOR,
	.rcv = ockam_channel_dec_rcv,
	.shutdown = ockam_channel_shutdown_dec,
	.release = ockam_channel_release_dec,
};

static void ockam_channel_close_work(struct work_struct *work)
{
	struct ockam_channel *ch = container_of(work, struct ockam_channel,
						close_work);

	ockam_channel_close(ch, ch->reason ?: OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
}

static void ockam_channel_init(struct ockam_channel *ch)
{
	spin_lock_init(&ch->lock);
	mutex_init(&ch->rx_lock);
	skb_queue_head_init(&ch->tx_queue);
	ockam_waitlist_init(&ch->tx_wait);
	ockam_source_init(&ch->tx_source, &ch->enc, ockam_channel_resume);
	INIT_WORK(&ch->tx_work, ockam_channel_tx_work);
	INIT_WORK(&ch->key_work, ockam_channel_key_work);
	INIT_WORK(&ch->close_work, ockam_channel_close_work);
	ockam_channel_way_init(ch);
	ockam_channel_peer_init(ch);
	ch->state = OCKAM_CHANNEL_CONNECTING;
}

/**
 * ockam_channel_create() - one end of a channel that is being opened
 * @node:    node
 * @role:    initiator or responder
 * @spawner: flow of the listener, or NULL
 * @owner:   of its addresses
 * @early:   who handles it until it is open
 *
 * Return: the channel with a reference, both addresses published; or an
 * ERR_PTR: -EBUSY too many, -ENOMEM, -ESHUTDOWN.
 */
struct ockam_channel *ockam_channel_create(struct ockam_node *node,
					   enum ockam_role role,
					   struct ockam_flow *spawner,
					   const struct ockam_owner *owner,
					   const struct ockam_channel_early *early)
{
	struct ockam_net *onet = node->onet;
	struct ockam_channel *ch;
	int err;

	if (atomic_inc_return(&onet->channels) > (int)onet->limits.channels) {
		atomic_dec(&onet->channels);
		return ERR_PTR(-EBUSY);
	}
	err = -ENOMEM;
	ch = kzalloc(sizeof(*ch), GFP_KERNEL_ACCOUNT);
	if (!ch)
		goto err_count;
	ch->flow = ockam_flow_create(node);
	err = PTR_ERR_OR_ZERO(ch->flow);
	if (err)
		goto err_free;
	ockam_channel_init(ch);
	ch->role = role;
	ch->early = early;
	ch->spawner = spawner ? ockam_flow_get(spawner) : NULL;
	/* Random names: these cannot fail. */
	ockam_endpoint_init(&ch->enc, node, &ockam_channel_enc_ops, NULL, 0,
			    owner);
	ockam_endpoint_init(&ch->dec, node, &ockam_channel_dec_ops, NULL, 0,
			    owner);
	ockam_channel_get(ch);		/* the decryptor's */
	ch->enc.flow = ch->flow->index;
	ch->enc.spawner = spawner ? spawner->index : 0;
	ockam_ledger_created(OCKAM_OBJ_CHANNEL);
	err = ockam_endpoint_publish(&ch->dec);
	if (!err)
		err = ockam_endpoint_publish(&ch->enc);
	if (!err)
		return ch;
	ch->early = NULL;
	ockam_channel_close(ch, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
	return ERR_PTR(err);

err_free:
	kfree(ch);
err_count:
	atomic_dec(&onet->channels);
	return ERR_PTR(err);
}

/**
 * ockam_channel_open() - the handshake succeeded
 * @ch:      channel
 * @session: keys; taken
 * @peer:    who it is
 * @remote:  route to the peer's decryptor; taken
 *
 * Messages for the decryptor still go to @early until that clears ch->early.
 * All that needs memory was done before: the peer counts on us already.
 *
 * Return: 0; -ESHUTDOWN it was closed meanwhile: the peer is told so;
 * -EHOSTUNREACH the first hop is gone.
 */
int ockam_channel_open(struct ockam_channel *ch, struct ockam_session *session,
		       const u8 peer[OCKAM_IDENTIFIER_LEN],
		       struct ockam_remote *remote)
{
	int err;

	mutex_lock(&ch->rx_lock);
	err = ockam_channel_watch(ch, &remote->route);
	spin_lock_bh(&ch->lock);
	ch->session = session;
	ch->remote = remote;
	ch->say_close = !err;
	memcpy(ch->peer, peer, OCKAM_IDENTIFIER_LEN);
	if (ch->state == OCKAM_CHANNEL_CONNECTING && !err) {
		ch->opened = ktime_get_real_seconds();
		WRITE_ONCE(ch->state, OCKAM_CHANNEL_OPEN);
	} else if (!err) {
		err = -ESHUTDOWN;
	}
	spin_unlock_bh(&ch->lock);
	if (!err)
		ockam_channel_way_begin(ch);
	mutex_unlock(&ch->rx_lock);
	if (err == -ESHUTDOWN) {
		ockam_channel_try_drain(ch);
		ockam_channel_way_end(ch);
	}
	if (err)
		return err;
	ockam_notify_peer(&ch->enc, OCKAM_EVENT_UP, OCKAM_DROP_NONE, peer);
	ockam_endpoint_tell(&ch->enc, OCKAM_WATCH_UP);
	return 0;
}

/* What was queued cannot be sent any more: give the senders room. */
static void ockam_channel_purge(struct ockam_channel *ch)
{
	struct sk_buff_head gone;
	struct sk_buff *skb;

	__skb_queue_head_init(&gone);
	spin_lock_bh(&ch->lock);
	if (!ch->say_close) {
		skb_queue_splice_init(&ch->tx_queue, &gone);
		ch->tx_bytes = 0;
	}
	spin_unlock_bh(&ch->lock);
	while ((skb = __skb_dequeue(&gone)))
		ockam_drop(ch->enc.node, skb, OCKAM_DROP_CLOSED);
}

/**
 * ockam_channel_close() - close for good
 * @ch:     channel
 * @reason: why
 *
 * What is queued still goes out, and the Close message behind it, unless the
 * peer closed: whoever drains does that, which is the caller when nobody is.
 *
 * Context: process, not from inside the channel's own receive path.
 */
void ockam_channel_close(struct ockam_channel *ch, enum ockam_drop reason)
{
	const struct ockam_channel_early *early;
	enum ockam_channel_state was;

	spin_lock_bh(&ch->lock);
	was = ch->state;
	early = ch->early;
	if (was != OCKAM_CHANNEL_CLOSED)
		ch->reason = reason;
	WRITE_ONCE(ch->state, OCKAM_CHANNEL_CLOSED);
	/* Without a way nobody can be told. */
	if (READ_ONCE(ch->lost))
		ch->say_close = false;
	spin_unlock_bh(&ch->lock);
	if (was == OCKAM_CHANNEL_CLOSED)
		return;
	if (early)
		early->abort(ch);
	cancel_delayed_work_sync(&ch->expiry);
	ockam_channel_purge(ch);
	ockam_channel_try_drain(ch);
	ockam_endpoint_unpublish(&ch->enc);
	ockam_endpoint_unpublish(&ch->dec);
	ockam_waitlist_resume(&ch->tx_wait);
	ockam_channel_way_end(ch);
	ockam_notify(&ch->enc, OCKAM_EVENT_CLOSED, reason);
	ockam_endpoint_put(&ch->dec);
}

/**
 * ockam_channel_close_async() - close from a context that cannot wait
 * @ch:     channel
 * @reason: why
 */
void ockam_channel_close_async(struct ockam_channel *ch, enum ockam_drop reason)
{
	if (!ockam_endpoint_tryget(&ch->enc))
		return;
	if (!READ_ONCE(ch->reason))
		WRITE_ONCE(ch->reason, reason);
	if (!queue_work(ockam_wq, &ch->close_work))
		ockam_channel_put(ch);
}

/**
 * ockam_channel_rekey() - a new sending key, ahead of its time
 * @ch: channel
 *
 * The next counter begins the next interval, which is within the peer's window
 * because the last one was of this interval. The peer's own key is the peer's.
 * Done at once unless somebody drains, or the first hop takes nothing: then
 * before the next message.
 *
 * Context: process, no lock held.
 *
 * Return: 0, -ENOTCONN.
 */
int ockam_channel_rekey(struct ockam_channel *ch)
{
	bool open;

	spin_lock_bh(&ch->lock);
	open = ch->state == OCKAM_CHANNEL_OPEN;
	ch->rekey |= open;
	spin_unlock_bh(&ch->lock);
	if (!open)
		return -ENOTCONN;
	ockam_channel_try_drain(ch);
	return 0;
}

/**
 * ockam_channel_set_sink() - tie a channel to a socket's endpoint
 * @ch:   channel, before its first message
 * @port: name under which the peer reaches the socket
 * @len:  its bytes
 * @sink: endpoint; a reference is taken until the channel's memory goes
 *
 * Return: 0 (also when it is tied to that endpoint already), -EINVAL, -EBUSY
 * it has another one.
 */
int ockam_channel_set_sink(struct ockam_channel *ch, const u8 *port, size_t len,
			   struct ockam_endpoint *sink)
{
	if (len > sizeof(ch->port))
		return -EINVAL;
	if (ch->sink)
		return ch->sink == sink ? 0 : -EBUSY;
	memcpy(ch->port, port, len);
	ch->port_len = len;
	ockam_endpoint_get(sink);
	/* Pairs with the acquire in ockam_channel_to_sink(). */
	smp_store_release(&ch->sink, sink);
	return 0;
}

/**
 * ockam_channel_of() - the channel behind an endpoint
 * @ep: endpoint
 *
 * Return: the channel when @ep is its encryptor, else NULL; no reference.
 */
struct ockam_channel *ockam_channel_of(struct ockam_endpoint *ep)
{
	if (ep->ops != &ockam_channel_enc_ops)
		return NULL;
	return container_of(ep, struct ockam_channel, enc);
}
