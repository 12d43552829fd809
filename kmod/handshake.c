// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Half-open channels: time-outs, limits, trust. */

#include <linux/net.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "dispatch.h"
#include "handshake.h"
#include "msg.h"
#include "node.h"
#include "notify.h"
#include "remote.h"

#define OCKAM_HANDSHAKE_CHANGE_LEN	128	/* bytes of the shortest change */

/**
 * struct ockam_handshake - one channel that is being opened
 * @rcu:      for freeing
 * @ch:       the channel, with a reference
 * @identity: ours, with a reference
 * @noise:    state; only @work touches it
 * @queue:    messages for the decryptor, in order; under the channel's lock
 * @bytes:    payload bytes in it
 * @full:     sources that wait for room in it
 * @work:     takes the messages one by one, on the workqueue for handshakes
 * @timeout:  ends it
 * @charge:   responder: see struct ockam_accept
 * @done:     the same; NULL when it was called
 * @arg:      the same
 * @remote:   responder: the way back, return route of message 1
 * @remote_len: its bytes
 * @from:     of that message
 *
 * Locking: what reaches it from outside (a message, a time-out, the end of the
 * channel) does so through ch->hs under the channel's lock, and queues @work.
 *
 * Lifetime: until @work finds that the channel is closed, or open and nothing
 * is left in @queue. It then clears ch->hs, after which nobody finds the
 * handshake any more, and frees it.
 */
struct ockam_handshake {
	struct rcu_head rcu;
	struct ockam_channel *ch;
	struct ockam_node_identity *identity;
	struct ockam_noise noise;
	struct sk_buff_head queue;
	size_t bytes;
	struct ockam_waitlist full;
	struct work_struct work;
	struct delayed_work timeout;
	void (*charge)(void *arg, u32 checks);
	void (*done)(void *arg, struct ockam_channel *ch);
	void *arg;
	u8 *remote;
	size_t remote_len;
	struct ockam_meta from;
};

/* Nobody else knows it. */
static void ockam_handshake_free(struct ockam_handshake *hs)
{
	ockam_noise_wipe(&hs->noise);
	ockam_node_identity_put(hs->identity);
	kfree(hs->remote);
	if (hs->ch)
		ockam_channel_put(hs->ch);
	ockam_ledger_destroyed(OCKAM_OBJ_HANDSHAKE);
	/* Who cancels a paused source may still look at @full. */
	kfree_rcu(hs, rcu);
}

static void ockam_handshake_abort(struct ockam_channel *ch)
{
	spin_lock_bh(&ch->lock);
	if (ch->hs)
		queue_work(ockam_hs_wq, &ch->hs->work);
	spin_unlock_bh(&ch->lock);
}

static void ockam_handshake_resume(struct ockam_source *source)
{
	ockam_handshake_abort(container_of(source, struct ockam_channel,
					   early_source));
}

static bool ockam_handshake_is_full(const struct ockam_handshake *hs)
{
	return skb_queue_len(&hs->queue) >= OCKAM_EARLY_MSGS ||
	       hs->bytes >= OCKAM_EARLY_BYTES;
}

/* However many sources it has come from. */
static bool ockam_handshake_is_overfull(const struct ockam_handshake *hs)
{
	return skb_queue_len(&hs->queue) >= 2 * OCKAM_EARLY_MSGS ||
	       hs->bytes >= OCKAM_FRAME_MAX;
}

/*
 * A message for the decryptor. The first one above the bound is still taken
 * and its source paused; a local sender, which cannot be, loses it.
 */
static bool ockam_handshake_rcv(struct ockam_channel *ch, struct sk_buff *skb,
				struct ockam_ctx *ctx)
{
	struct ockam_handshake *hs;
	bool take = true;

	spin_lock_bh(&ch->lock);
	hs = ch->hs;
	if (!hs) {
		spin_unlock_bh(&ch->lock);
		return false;
	}
	if (ockam_handshake_is_full(hs)) {
		take = ctx->source && !ockam_handshake_is_overfull(hs);
		ockam_waitlist_pause(&hs->full, ctx->source);
	}
	if (take) {
		__skb_queue_tail(&hs->queue, skb);
		hs->bytes += skb->len;
	}
	queue_work(ockam_hs_wq, &hs->work);
	spin_unlock_bh(&ch->lock);
	if (!take)
		ockam_ctx_drop(ctx, ch->enc.node, skb, OCKAM_DROP_QUEUE_FULL);
	return true;
}

static const struct ockam_channel_early ockam_handshake_early = {
	.rcv = ockam_handshake_rcv,
	.abort = ockam_handshake_abort,
};

/* It is over: count, tell, close. @peer: who it was, when that is proven. */
static void ockam_handshake_refuse(struct ockam_handshake *hs,
				   enum ockam_drop why, const u8 *peer)
{
	ockam_count_drop(hs->ch->enc.node, why);
	if (peer)
		memcpy(hs->ch->peer, peer, OCKAM_IDENTIFIER_LEN);
	ockam_notify_peer(&hs->ch->enc, OCKAM_EVENT_REFUSED, why, peer);
	ockam_channel_close(hs->ch, why);
}

static void ockam_handshake_timeout(struct work_struct *work)
{
	struct ockam_handshake *hs = container_of(work, struct ockam_handshake,
						  timeout.work);

	if (READ_ONCE(hs->ch->state) == OCKAM_CHANNEL_CONNECTING)
		ockam_handshake_refuse(hs, OCKAM_DROP_HS_TIMEOUT, NULL);
}

static enum ockam_drop ockam_handshake_why(int err)
{
	switch (err) {
	case 0:
		return OCKAM_DROP_NONE;
	case -EPROTO:
		return OCKAM_DROP_HS_STATE;
	case -ENOMEM:
		return OCKAM_DROP_NO_MEMORY;
	default:
		return OCKAM_DROP_HS_MALFORMED;
	}
}

/* Our next message; @identity: with our identity in it. */
static struct sk_buff *ockam_handshake_write(struct ockam_handshake *hs,
					     bool identity)
{
	const struct ockam_slice *history = &hs->identity->history;
	const struct ockam_slice *attestation = &hs->identity->attestation;
	const struct ockam_slice *credential = &hs->identity->credential;
	struct sk_buff *skb;
	int len = 0, size;
	u8 *payload, *msg;

	if (identity)
		len = ockam_ident_put_payload(NULL, 0, history, attestation,
					      credential);
	size = OCKAM_NOISE_MSG2_LEN + len;	/* the longest */
	payload = kvmalloc(len + size, GFP_KERNEL);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	msg = payload + len;
	if (identity)
		ockam_ident_put_payload(payload, len, history, attestation,
					credential);
	len = ockam_noise_write(&hs->noise, msg, size, payload, len);
	if (len < 0)
		skb = ERR_PTR(len);
	else
		skb = ockam_msg_from_bytes(msg, len, GFP_KERNEL) ?:
		      ERR_PTR(-ENOMEM);
	kvfree(payload);
	return skb;
}

/*
 * Send it along @route, with our decryptor to come back to; with the rights of
 * the socket that gave us the route, if one did.
 */
static enum ockam_drop ockam_handshake_send(struct ockam_channel *ch,
					    struct sk_buff *skb,
					    const struct ockam_route *route,
					    const struct ockam_meta *from)
{
	struct ockam_addr own = ockam_endpoint_addr(&ch->dec);
	struct ockam_node *node = ch->enc.node;
	struct ockam_ctx ctx = {};
	int err;

	err = ockam_msg_set_onward(skb, route);
	if (!err)
		err = ockam_msg_push_return(skb, &own);
	if (err) {
		kfree_skb(skb);
		return OCKAM_DROP_NO_MEMORY;
	}
	if (from->origin == OCKAM_ORIGIN_SOCKET) {
		ockam_meta(skb)->origin = OCKAM_ORIGIN_SOCKET;
		ockam_meta(skb)->admin = from->admin;
		ockam_meta(skb)->uid = from->uid;
	}
	ockam_dispatch(node, skb, &ctx);
	return ctx.drop;
}

static struct ockam_session *ockam_handshake_session(struct ockam_handshake *hs)
{
	u8 tx[OCKAM_KEY_LEN], rx[OCKAM_KEY_LEN];
	struct ockam_session *session;
	int err;

	err = ockam_noise_split(&hs->noise, tx, rx);
	session = err ? ERR_PTR(err) : ockam_session_create(tx, rx);
	ockam_wipe(tx, sizeof(tx));
	ockam_wipe(rx, sizeof(rx));
	return session;
}

/* Message 3 if it is ours, and the keys. */
static enum ockam_drop ockam_handshake_last(struct ockam_handshake *hs,
					    struct sk_buff **skb,
					    struct ockam_session **session)
{
	if (hs->noise.role == OCKAM_INITIATOR)
		*skb = ockam_handshake_write(hs, true);
	if (IS_ERR(*skb))
		return ockam_handshake_why(PTR_ERR(*skb));
	*session = ockam_handshake_session(hs);
	if (!IS_ERR(*session))
		return OCKAM_DROP_NONE;
	kfree_skb(*skb);
	*session = NULL;
	return OCKAM_DROP_NO_MEMORY;
}

/*
 * The verdict was good: keys, message 3 if it is ours, and open. All that can
 * fail comes before message 3, which makes the peer's end open.
 */
static enum ockam_drop ockam_handshake_complete(struct ockam_handshake *hs,
						const u8 *peer,
						const struct ockam_route *remote,
						const struct ockam_meta *from)
{
	struct ockam_session *session = NULL;
	struct ockam_remote *way;
	struct sk_buff *skb = NULL;
	enum ockam_drop why;

	cancel_delayed_work_sync(&hs->timeout);
	way = ockam_remote_make(from, remote, NULL);
	if (IS_ERR(way))
		return OCKAM_DROP_NO_MEMORY;
	why = ockam_handshake_last(hs, &skb, &session);
	/* The first keys follow from it, and all later ones from those. */
	ockam_noise_wipe(&hs->noise);
	if (!why && skb)
		why = ockam_handshake_send(hs->ch, skb, remote, from);
	if (why) {
		ockam_session_free(session);
		ockam_remote_put(way);
		return why;
	}
	if (ockam_channel_open(hs->ch, session, peer, way)) {
		/* Closed meanwhile, or its first hop is gone. */
		ockam_channel_close(hs->ch, OCKAM_DROP_TRANSPORT_LOST);
		return OCKAM_DROP_NONE;
	}
	if (hs->done)
		hs->done(hs->arg, hs->ch);
	hs->done = NULL;
	/* The node may have got a newer credential since it presented one. */
	if (rcu_access_pointer(hs->ch->enc.node->identity) != hs->identity)
		ockam_channel_present(hs->ch);
	return OCKAM_DROP_NONE;
}

/* What judging cost above the ordinary: two signatures for each change. */
static void ockam_handshake_charge(struct ockam_handshake *hs, size_t len,
				   bool good, u32 changes)
{
	if (!good)
		changes = min_t(size_t, len / OCKAM_HANDSHAKE_CHANGE_LEN,
				OCKAM_CHANGES_MAX);
	if (hs->charge && changes > 1)
		hs->charge(hs->arg, 2 * (changes - 1));
}

/* Who it is, is proven and acceptable: what it showed before, who vouches. */
static enum ockam_drop
ockam_handshake_credit(struct ockam_handshake *hs,
		       const struct ockam_identity *peer,
		       const struct ockam_ident_payload *parts)
{
	enum ockam_drop why;

	why = ockam_channel_know(hs->ch, peer, &parts->history);
	if (why)
		return why;
	if (hs->charge && hs->ch->authorities && parts->credential_count)
		hs->charge(hs->arg, 2);
	return ockam_channel_vouch(hs->ch, peer->identifier, parts);
}

/* The rule that an identity breaks, as users see it. */
static enum ockam_drop ockam_handshake_rule(enum ockam_ident_reason reason)
{
	switch (reason) {
	case OCKAM_IDENT_GOOD:
		return OCKAM_DROP_NONE;
	case OCKAM_IDENT_TOO_MANY:
		return OCKAM_DROP_ID_LIMIT;
	case OCKAM_IDENT_VERSION:
		return OCKAM_DROP_ID_VERSION;
	case OCKAM_IDENT_EMPTY:
		return OCKAM_DROP_ID_EMPTY;
	case OCKAM_IDENT_LINK:
		return OCKAM_DROP_ID_LINK;
	case OCKAM_IDENT_SIGNATURE:
		return OCKAM_DROP_ID_SIGNATURE;
	case OCKAM_IDENT_SUBJECT:
		return OCKAM_DROP_ID_SUBJECT;
	case OCKAM_IDENT_STALE_KEY:
		return OCKAM_DROP_ID_STALE_KEY;
	case OCKAM_IDENT_VALIDITY:
		return OCKAM_DROP_ID_VALIDITY;
	case OCKAM_IDENT_FUTURE:
		return OCKAM_DROP_ID_FUTURE;
	case OCKAM_IDENT_EXPIRED:
		return OCKAM_DROP_HS_EXPIRED;
	case OCKAM_IDENT_PURPOSE:
		return OCKAM_DROP_ID_PURPOSE;
	case OCKAM_IDENT_STATIC_KEY:
		return OCKAM_DROP_ID_STATIC_KEY;
	case OCKAM_IDENT_FAILED:
		return OCKAM_DROP_NO_MEMORY;
	default:
		return OCKAM_DROP_ID_MALFORMED;
	}
}

/*
 * The peer's identity, in message 2 or 3, which was authentic: from here on
 * there is no way back.
 */
static enum ockam_drop ockam_handshake_judge(struct ockam_handshake *hs,
					     const u8 *payload, size_t len,
					     const struct ockam_route *remote,
					     const struct ockam_meta *from)
{
	struct ockam_ident_payload parts;
	enum ockam_ident_reason reason;
	struct ockam_identity peer;
	const u8 *known = NULL;
	enum ockam_drop why;

	reason = ockam_ident_judge(&peer, &parts, payload, len, hs->noise.rs,
				   ktime_get_real_seconds());
	ockam_handshake_charge(hs, len, !reason, peer.changes);
	why = ockam_handshake_rule(reason);
	if (!why) {
		known = peer.identifier;
		why = ockam_trust_accepts(hs->ch->trust, known) ?
		      ockam_handshake_credit(hs, &peer, &parts) :
		      OCKAM_DROP_HS_NOT_AUTHORIZED;
		if (!why)
			why = ockam_handshake_complete(hs, known, remote,
						       from);
	}
	if (why)
		ockam_handshake_refuse(hs, why, known);
	return OCKAM_DROP_NONE;
}

/* Message 1: answer with message 2. */
static enum ockam_drop ockam_handshake_answer(struct ockam_handshake *hs,
					      const struct sk_buff *skb)
{
	struct ockam_route remote = ockam_msg_return(skb);
	struct sk_buff *answer;
	enum ockam_drop why = OCKAM_DROP_NO_MEMORY;

	hs->from = *ockam_meta((struct sk_buff *)skb);
	hs->remote_len = remote.len;
	hs->remote = kmemdup(remote.hops, remote.len, GFP_KERNEL_ACCOUNT);
	if (hs->remote) {
		answer = ockam_handshake_write(hs, true);
		why = IS_ERR(answer) ? ockam_handshake_why(PTR_ERR(answer)) :
		      ockam_handshake_send(hs->ch, answer, &remote,
					   &hs->from);
	}
	if (why)
		ockam_handshake_refuse(hs, why, NULL);
	return OCKAM_DROP_NONE;
}

/* An authentic message: its payload decides what becomes of the handshake. */
static enum ockam_drop ockam_handshake_go_on(struct ockam_handshake *hs,
					     const struct sk_buff *skb,
					     const u8 *payload, size_t len)
{
	const struct ockam_meta *from = ockam_meta((struct sk_buff *)skb);
	struct ockam_route remote;

	if (hs->noise.step == 1)
		return ockam_handshake_answer(hs, skb);
	if (hs->noise.role == OCKAM_INITIATOR) {
		remote = ockam_msg_return(skb);
		return ockam_handshake_judge(hs, payload, len, &remote, from);
	}
	if (ockam_route_parse(&remote, hs->remote, hs->remote_len))
		return OCKAM_DROP_HS_STATE;
	return ockam_handshake_judge(hs, payload, len, &remote, &hs->from);
}

/*
 * A message of a channel that is not open. One that is not authentic changes
 * nothing: the genuine one may still come. Returns why it was ignored.
 */
static enum ockam_drop ockam_handshake_read(struct ockam_handshake *hs,
					    const struct sk_buff *skb)
{
	size_t size = skb->len;
	enum ockam_drop why;
	u8 *payload, *msg;
	int len;

	if (size > OCKAM_NOISE_MSG_MAX)
		return OCKAM_DROP_HS_MALFORMED;
	payload = kvmalloc(2 * size, GFP_KERNEL);
	if (!payload)
		return OCKAM_DROP_NO_MEMORY;
	msg = payload + size;
	len = skb_copy_bits(skb, 0, msg, size);
	if (!len)
		len = ockam_noise_read(&hs->noise, payload, size, msg, size);
	if (len < 0)
		why = ockam_handshake_why(len);
	else
		why = ockam_handshake_go_on(hs, skb, payload, len);
	kvfree(payload);
	return why;
}

/*
 * The next message, or NULL: wait for one. True when the handshake is over:
 * nobody finds it any more, and what comes now goes straight to the channel.
 */
static bool ockam_handshake_next(struct ockam_handshake *hs,
				 struct sk_buff **skb)
{
	struct ockam_channel *ch = hs->ch;
	bool over;

	*skb = NULL;
	spin_lock_bh(&ch->lock);
	over = ch->state == OCKAM_CHANNEL_CLOSED;
	if (!over && !ockam_source_paused(&ch->early_source)) {
		*skb = __skb_dequeue(&hs->queue);
		if (*skb)
			hs->bytes -= (*skb)->len;
		else
			over = ch->state == OCKAM_CHANNEL_OPEN;
	}
	if (over) {
		ch->hs = NULL;
		WRITE_ONCE(ch->early, NULL);
	}
	spin_unlock_bh(&ch->lock);
	return over;
}

static void ockam_handshake_take(struct ockam_handshake *hs,
				 struct sk_buff *skb)
{
	struct ockam_ctx ctx = { .source = &hs->ch->early_source };
	struct ockam_node *node = hs->ch->enc.node;
	enum ockam_drop why;

	if (READ_ONCE(hs->ch->state) != OCKAM_CHANNEL_CONNECTING) {
		skb = ockam_channel_rx(hs->ch, skb, &ctx);
		if (skb)
			ockam_dispatch(node, skb, &ctx);
		return;
	}
	why = ockam_handshake_read(hs, skb);
	if (why)
		ockam_drop(node, skb, why);
	else
		consume_skb(skb);
}

/* It is over and nobody finds it: let everybody go, and end. */
static void ockam_handshake_finish(struct ockam_handshake *hs)
{
	struct sk_buff *skb;

	cancel_delayed_work_sync(&hs->timeout);
	/* We are the work; it may have been queued once more meanwhile. */
	cancel_work(&hs->work);
	ockam_source_cancel(&hs->ch->early_source);
	while ((skb = __skb_dequeue(&hs->queue)))
		ockam_drop(hs->ch->enc.node, skb, OCKAM_DROP_CLOSED);
	ockam_waitlist_resume(&hs->full);
	if (hs->done)
		hs->done(hs->arg, NULL);
	ockam_handshake_free(hs);
}

static void ockam_handshake_work(struct work_struct *work)
{
	struct ockam_handshake *hs = container_of(work, struct ockam_handshake,
						  work);
	struct sk_buff *skb;
	bool over;

	for (;;) {
		over = ockam_handshake_next(hs, &skb);
		if (!skb)
			break;
		ockam_handshake_take(hs, skb);
	}
	if (over)
		ockam_handshake_finish(hs);
	else if (!ockam_source_paused(&hs->ch->early_source))
		ockam_waitlist_resume(&hs->full);
}

static struct ockam_handshake *ockam_handshake_alloc(struct ockam_node *node,
						     enum ockam_role role)
{
	u8 ephemeral[OCKAM_X25519_LEN];
	struct ockam_handshake *hs;
	int err;

	hs = kzalloc(sizeof(*hs), GFP_KERNEL_ACCOUNT);
	if (!hs)
		return ERR_PTR(-ENOMEM);
	hs->identity = ockam_node_identity(node);
	if (!hs->identity) {
		kfree(hs);
		return ERR_PTR(-ENOKEY);
	}
	skb_queue_head_init(&hs->queue);
	ockam_waitlist_init(&hs->full);
	INIT_WORK(&hs->work, ockam_handshake_work);
	INIT_DELAYED_WORK(&hs->timeout, ockam_handshake_timeout);
	ockam_ledger_created(OCKAM_OBJ_HANDSHAKE);
	get_random_bytes(ephemeral, sizeof(ephemeral));
	err = ockam_noise_init(&hs->noise, role, ockam_noise_name, NULL, 0,
			       hs->identity->static_secret, ephemeral);
	ockam_wipe(ephemeral, sizeof(ephemeral));
	if (!err)
		return hs;
	ockam_handshake_free(hs);
	return ERR_PTR(err);
}

/* A channel for it, which does not know about the handshake yet. */
static struct ockam_channel *
ockam_handshake_channel(struct ockam_handshake *hs, struct ockam_node *node,
			struct ockam_flow *spawner,
			const struct ockam_owner *owner,
			struct ockam_trust *trust,
			struct ockam_authorities *authorities)
{
	struct ockam_channel *ch;

	ch = ockam_channel_create(node, hs->noise.role, spawner, owner,
				  &ockam_handshake_early);
	if (IS_ERR(ch))
		return ch;
	memcpy(ch->own, hs->identity->identifier, OCKAM_IDENTIFIER_LEN);
	ch->trust = ockam_trust_get(trust);
	ch->authorities = ockam_authorities_get(authorities);
	ockam_source_init(&ch->early_source, &ch->dec, ockam_handshake_resume);
	ockam_channel_get(ch);
	hs->ch = ch;
	return ch;
}

/*
 * From here on it runs, and ends by itself; the caller has no part in it any
 * more. -ESHUTDOWN: the channel was closed before, the handshake is the
 * caller's.
 */
static int ockam_handshake_attach(struct ockam_handshake *hs, u32 timeout_ms)
{
	struct ockam_channel *ch = hs->ch;
	int err = -ESHUTDOWN;

	if (!timeout_ms)
		timeout_ms = ch->enc.node->onet->limits.handshake_ms;
	spin_lock_bh(&ch->lock);
	if (ch->state == OCKAM_CHANNEL_CONNECTING) {
		err = 0;
		ch->hs = hs;
		queue_delayed_work(ockam_wq, &hs->timeout,
				   msecs_to_jiffies(timeout_ms));
		if (!skb_queue_empty(&hs->queue))
			queue_work(ockam_hs_wq, &hs->work);
	}
	spin_unlock_bh(&ch->lock);
	return err;
}

/* All that an initiator's channel needs before message 1 goes out. */
static int ockam_handshake_prepare(struct ockam_channel *ch,
				   const struct ockam_connect *how)
{
	int err = 0;

	if (how->sink)
		err = ockam_channel_set_sink(ch, how->port, how->port_len,
					     how->sink);
	if (!err)
		err = ockam_flow_expose_all(ch->flow, &how->expose);
	return err ?: ockam_channel_open_reply(ch, &how->route);
}

/**
 * ockam_handshake_start() - open a channel
 * @node: node
 * @how:  where to, and whom we accept
 *
 * Context: process, no lock held.
 *
 * Return: the channel, CONNECTING, with a reference; or an ERR_PTR: -ENOKEY
 * the node has no identity; -EBUSY too many channels; -ENOMEM; or why message
 * 1 could not be sent.
 */
struct ockam_channel *ockam_handshake_start(struct ockam_node *node,
					    const struct ockam_connect *how)
{
	const struct ockam_meta from = {
		.origin = OCKAM_ORIGIN_SOCKET,
		.admin = how->admin || how->owner.admin,
		.uid = how->owner.uid,
	};
	enum ockam_drop why = OCKAM_DROP_CLOSED;
	struct ockam_handshake *hs;
	struct ockam_channel *ch;
	struct sk_buff *skb;
	int err;

	hs = ockam_handshake_alloc(node, OCKAM_INITIATOR);
	if (IS_ERR(hs))
		return ERR_CAST(hs);
	ch = ockam_handshake_channel(hs, node, NULL, &how->owner, how->trust,
				     how->authorities);
	if (IS_ERR(ch)) {
		if (PTR_ERR(ch) == -EBUSY)
			ockam_count_drop(node, OCKAM_DROP_CHANNEL_LIMIT);
		ockam_handshake_free(hs);
		return ch;
	}
	ch->life = how->life;
	err = ockam_handshake_prepare(ch, how);
	if (err)
		goto err_free;
	skb = ockam_handshake_write(hs, false);
	err = PTR_ERR_OR_ZERO(skb);
	if (err)
		goto err_free;
	err = ockam_handshake_attach(hs, how->timeout_ms);
	if (err) {
		kfree_skb(skb);
		goto err_free;
	}
	why = ockam_handshake_send(ch, skb, &how->route, &from);
	if (!why)
		return ch;
	err = ockam_drop_errno(why) ?: -ECONNREFUSED;
	goto err_close;

err_free:
	ockam_handshake_free(hs);
err_close:
	ockam_channel_close(ch, why);
	ockam_channel_put(ch);
	return ERR_PTR(err);
}

/**
 * ockam_handshake_respond() - answer a first message
 * @node: node
 * @how:  what the listener wants
 * @skb:  message 1; taken
 * @ctx:  who sends it
 *
 * The answer comes from a handshake worker.
 *
 * Context: process, no lock held.
 *
 * Return: 0; on error neither @how->charge nor @how->done is called: -ENOKEY
 * the node has no identity, -EBUSY, -ENOMEM, -ESHUTDOWN.
 */
int ockam_handshake_respond(struct ockam_node *node,
			    const struct ockam_accept *how,
			    struct sk_buff *skb, struct ockam_ctx *ctx)
{
	struct ockam_handshake *hs;
	struct ockam_channel *ch;
	int err;

	hs = ockam_handshake_alloc(node, OCKAM_RESPONDER);
	err = PTR_ERR_OR_ZERO(hs);
	if (err)
		goto err_drop;
	ch = ockam_handshake_channel(hs, node, how->flow, &how->owner,
				     how->trust, how->authorities);
	err = PTR_ERR_OR_ZERO(ch);
	if (err)
		goto err_free;
	ch->life = how->life;
	hs->charge = how->charge;
	hs->done = how->done;
	hs->arg = how->arg;
	err = ockam_flow_copy(node, how->name, how->name_len, &ch->dec);
	if (err)
		goto err_close;
	__skb_queue_tail(&hs->queue, skb);
	hs->bytes = skb->len;
	err = ockam_handshake_attach(hs, 0);
	if (err) {
		__skb_unlink(skb, &hs->queue);
		goto err_close;
	}
	ockam_channel_put(ch);
	return 0;

err_close:
	ockam_channel_close(ch, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
err_free:
	ockam_handshake_free(hs);
err_drop:
	ockam_ctx_drop(ctx, node, skb, err == -ENOKEY ?
		       OCKAM_DROP_NO_IDENTITY : err == -EBUSY ?
		       OCKAM_DROP_CHANNEL_LIMIT : OCKAM_DROP_NO_MEMORY);
	return err;
}
