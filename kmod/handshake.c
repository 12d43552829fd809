// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Half-open channels: time-outs, limits, trust. */

#include <linux/random.h>
#include <linux/slab.h>
#include "dispatch.h"
#include "handshake.h"
#include "msg.h"
#include "node.h"
#include "notify.h"

/**
 * struct ockam_handshake - one channel that is being opened
 * @ref:      one while it is under way, one for each queued work
 * @rcu:      for freeing
 * @ch:       the channel, with a reference
 * @identity: ours, with a reference
 * @noise:    state; only @work touches it
 * @queue:    messages for the decryptor, in order; under the channel's lock
 * @bytes:    payload bytes in it
 * @full:     sources that wait for room in it
 * @work:     takes the messages, on the workqueue for handshakes
 * @timeout:  ends it
 * @accept:   responder: what the listener wants; name points into the
 *            listener, which @accept.arg keeps
 * @reported: @accept.done was called
 * @remote:   way to the peer: message 1's or 2's return route
 * @remote_len: its bytes
 *
 * Ends once: by ockam_handshake_finish(), after which the channel has forgotten
 * it. Work under way meanwhile finds the channel not CONNECTING any more.
 */
struct ockam_handshake {
	struct kref ref;
	struct rcu_head rcu;
	struct ockam_channel *ch;
	struct ockam_node_identity *identity;
	struct ockam_noise noise;
	struct sk_buff_head queue;
	size_t bytes;
	struct ockam_waitlist full;
	struct work_struct work;
	struct delayed_work timeout;
	struct ockam_accept accept;
	unsigned long reported;
	u8 *remote;
	size_t remote_len;
};

static void ockam_handshake_release(struct kref *ref)
{
	struct ockam_handshake *hs = container_of(ref, struct ockam_handshake,
						  ref);

	ockam_noise_wipe(&hs->noise);
	skb_queue_purge(&hs->queue);
	ockam_waitlist_resume(&hs->full);
	ockam_node_identity_put(hs->identity);
	ockam_flow_put(hs->accept.flow);
	ockam_trust_put(hs->accept.trust);
	kfree(hs->remote);
	if (hs->ch)
		ockam_channel_put(hs->ch);
	ockam_ledger_destroyed(OCKAM_OBJ_HANDSHAKE);
	kfree_rcu(hs, rcu);
}

static void ockam_handshake_put(struct ockam_handshake *hs)
{
	kref_put(&hs->ref, ockam_handshake_release);
}

static void ockam_handshake_queue_work(struct ockam_handshake *hs)
{
	kref_get(&hs->ref);
	if (!queue_work(ockam_hs_wq, &hs->work))
		ockam_handshake_put(hs);
}

/* Tell the listener, once. */
static void ockam_handshake_report(struct ockam_handshake *hs,
				   struct ockam_channel *ch)
{
	if (hs->accept.done && !test_and_set_bit(0, &hs->reported))
		hs->accept.done(hs->accept.arg, ch);
}

/* The channel forgets the handshake: it is open, or closed. */
static void ockam_handshake_finish(struct ockam_channel *ch)
{
	struct ockam_handshake *hs;

	spin_lock_bh(&ch->lock);
	hs = ch->hs;
	ch->hs = NULL;
	WRITE_ONCE(ch->early, NULL);
	spin_unlock_bh(&ch->lock);
	if (!hs)
		return;
	if (cancel_delayed_work(&hs->timeout))
		ockam_handshake_put(hs);
	ockam_waitlist_resume(&hs->full);
	ockam_handshake_report(hs, NULL);
	ockam_handshake_put(hs);
}

static void ockam_handshake_abort(struct ockam_channel *ch)
{
	ockam_handshake_finish(ch);
}

static bool ockam_handshake_rcv(struct ockam_channel *ch, struct sk_buff *skb,
				struct ockam_ctx *ctx)
{
	struct ockam_handshake *hs;
	bool full;

	spin_lock_bh(&ch->lock);
	hs = ch->hs;
	if (!hs) {
		spin_unlock_bh(&ch->lock);
		return false;
	}
	kref_get(&hs->ref);
	__skb_queue_tail(&hs->queue, skb);
	hs->bytes += skb->len;
	full = hs->bytes > OCKAM_EARLY_BYTES ||
	       skb_queue_len(&hs->queue) > OCKAM_EARLY_MSGS;
	if (full && !ctx->source) {
		/* Nobody to pause: a local sender loses its message. */
		__skb_unlink(skb, &hs->queue);
		hs->bytes -= skb->len;
	}
	spin_unlock_bh(&ch->lock);
	if (full && !ctx->source)
		ockam_ctx_drop(ctx, ch->enc.node, skb, OCKAM_DROP_QUEUE_FULL);
	else if (full)
		ockam_waitlist_pause(&hs->full, ctx->source);
	/* Finished meanwhile? Then nobody else would resume it. */
	if (full && !READ_ONCE(ch->hs))
		ockam_waitlist_resume(&hs->full);
	ockam_handshake_queue_work(hs);
	ockam_handshake_put(hs);
	return true;
}

static const struct ockam_channel_early ockam_handshake_early = {
	.rcv = ockam_handshake_rcv,
	.abort = ockam_handshake_abort,
};

/* It is over: count, tell, close. */
static void ockam_handshake_refuse(struct ockam_handshake *hs,
				   enum ockam_drop reason, const u8 *peer)
{
	ockam_count_drop(hs->ch->enc.node, reason);
	ockam_notify_peer(&hs->ch->enc, OCKAM_EVENT_REFUSED, reason, peer);
	ockam_channel_close(hs->ch, reason);
}

static void ockam_handshake_timeout(struct work_struct *work)
{
	struct ockam_handshake *hs = container_of(work, struct ockam_handshake,
						  timeout.work);

	if (READ_ONCE(hs->ch->state) == OCKAM_CHANNEL_CONNECTING)
		ockam_handshake_refuse(hs, OCKAM_DROP_HS_TIMEOUT, NULL);
	ockam_handshake_put(hs);
}

static int ockam_handshake_keep_route(struct ockam_handshake *hs,
				      const struct sk_buff *skb)
{
	struct ockam_route ret = ockam_msg_return(skb);
	u8 *copy;

	copy = kmemdup(ret.hops, ret.len, GFP_KERNEL);
	if (!copy && ret.len)
		return -ENOMEM;
	kfree(hs->remote);
	hs->remote = copy;
	hs->remote_len = ret.len;
	return 0;
}

/* Send a handshake message along @route, with our decryptor to come back. */
static int ockam_handshake_send(struct ockam_handshake *hs,
				const struct ockam_route *route, const u8 *data,
				size_t len)
{
	struct ockam_addr own = ockam_endpoint_addr(&hs->ch->dec);
	struct ockam_ctx ctx = {};
	struct sk_buff *skb;
	int err;

	skb = ockam_msg_from_bytes(data, len, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ockam_msg_set_onward(skb, route);
	if (!err)
		err = ockam_msg_push_return(skb, &own);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	return ockam_dispatch(hs->ch->enc.node, skb, &ctx);
}

/* Write and send the next message; @identity: with our identity in it. */
static int ockam_handshake_say(struct ockam_handshake *hs,
			       const struct ockam_route *route, bool identity)
{
	struct ockam_node_identity *own = hs->identity;
	int len = 0, size;
	u8 *payload, *msg;

	if (identity)
		len = ockam_ident_put_payload(NULL, 0, &own->history,
					      &own->attestation);
	size = OCKAM_NOISE_MSG2_LEN + len;
	payload = kmalloc(len + size, GFP_KERNEL);
	if (!payload)
		return -ENOMEM;
	msg = payload + len;
	if (identity)
		ockam_ident_put_payload(payload, len, &own->history,
					&own->attestation);
	len = ockam_noise_write(&hs->noise, msg, size, payload, len);
	if (len >= 0)
		len = ockam_handshake_send(hs, route, msg, len);
	kfree_sensitive(payload);
	return len;
}

/* Who is it, and do we want it? */
static enum ockam_drop ockam_handshake_judge(struct ockam_handshake *hs,
					     const u8 *payload, size_t len,
					     struct ockam_identity *peer)
{
	struct ockam_ident_payload parts;

	if (ockam_ident_judge(peer, &parts, payload, len, hs->noise.rs,
			      ktime_get_real_seconds()))
		return OCKAM_DROP_HS_IDENTITY;
	if (!ockam_trust_accepts(hs->ch->trust, peer->identifier))
		return OCKAM_DROP_HS_NOT_AUTHORIZED;
	return OCKAM_DROP_NONE;
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

/* The verdict was good: keys, message 3 if it is ours, and open. */
static void ockam_handshake_complete(struct ockam_handshake *hs,
				     const struct ockam_identity *peer)
{
	struct ockam_session *session;
	struct ockam_route remote;
	int err;

	err = ockam_route_parse(&remote, hs->remote, hs->remote_len);
	if (!err && hs->noise.role == OCKAM_INITIATOR)
		err = ockam_handshake_say(hs, &remote, true);
	if (!err) {
		session = ockam_handshake_session(hs);
		err = PTR_ERR_OR_ZERO(session);
	}
	if (!err)
		err = ockam_channel_open(hs->ch, session, peer->identifier,
					 &remote);
	if (err) {
		ockam_channel_close(hs->ch, err == -ENOMEM ?
				    OCKAM_DROP_NO_MEMORY : OCKAM_DROP_CLOSED);
		return;
	}
	/* Before the first ciphertext is opened. */
	ockam_handshake_report(hs, hs->ch);
}

static enum ockam_drop ockam_handshake_why(int err)
{
	switch (err) {
	case -EPROTO:
		return OCKAM_DROP_HS_STATE;
	case -ENOMEM:
		return OCKAM_DROP_NO_MEMORY;
	default:
		return OCKAM_DROP_HS_MALFORMED;
	}
}

/*
 * Message 2 or 3 with the peer's identity. What is not authentic changes
 * nothing; once it is, its payload decides.
 */
static enum ockam_drop ockam_handshake_verdict(struct ockam_handshake *hs,
					       struct sk_buff *skb,
					       const u8 *msg, u8 *payload)
{
	struct ockam_identity peer;
	enum ockam_drop why;
	int len;

	len = ockam_noise_read(&hs->noise, payload, skb->len, msg, skb->len);
	if (len < 0)
		return ockam_handshake_why(len);
	if (hs->noise.role == OCKAM_INITIATOR &&
	    ockam_handshake_keep_route(hs, skb)) {
		ockam_handshake_refuse(hs, OCKAM_DROP_NO_MEMORY, NULL);
		return OCKAM_DROP_NONE;
	}
	why = ockam_handshake_judge(hs, payload, len, &peer);
	if (why)
		ockam_handshake_refuse(hs, why, peer.changes ? peer.identifier :
				       NULL);
	else
		ockam_handshake_complete(hs, &peer);
	return OCKAM_DROP_NONE;
}

/* Message 1: answer with message 2. */
static enum ockam_drop ockam_handshake_answer(struct ockam_handshake *hs,
					      struct sk_buff *skb,
					      const u8 *msg, u8 *payload)
{
	struct ockam_route remote;
	int err;

	err = ockam_noise_read(&hs->noise, payload, skb->len, msg, skb->len);
	if (err >= 0)
		err = ockam_handshake_keep_route(hs, skb);
	if (!err)
		err = ockam_route_parse(&remote, hs->remote, hs->remote_len);
	if (!err)
		err = ockam_handshake_say(hs, &remote, true);
	if (err) {
		ockam_handshake_refuse(hs, ockam_handshake_why(err), NULL);
		return OCKAM_DROP_NONE;
	}
	return OCKAM_DROP_NONE;
}

/* One message of a channel that is not open; takes it. */
static void ockam_handshake_step(struct ockam_handshake *hs,
				 struct sk_buff *skb)
{
	enum ockam_drop why = OCKAM_DROP_HS_MALFORMED;
	u8 *payload, *msg;

	if (skb->len > OCKAM_NOISE_MSG_MAX)
		goto drop;
	why = OCKAM_DROP_NO_MEMORY;
	msg = ockam_msg_linear(skb, skb->len);
	payload = kmalloc(skb->len + 1, GFP_KERNEL);
	if (!msg || !payload)
		goto free;
	if (hs->noise.role == OCKAM_RESPONDER && !hs->noise.step)
		why = ockam_handshake_answer(hs, skb, msg, payload);
	else
		why = ockam_handshake_verdict(hs, skb, msg, payload);
free:
	kfree_sensitive(payload);
drop:
	if (why)
		ockam_drop(hs->ch->enc.node, skb, why);
	else
		consume_skb(skb);
}

/*
 * The next message. NULL when there is none; when the channel is open, new
 * ones then go straight to it.
 */
static struct sk_buff *ockam_handshake_next(struct ockam_handshake *hs,
					    bool *open)
{
	struct ockam_channel *ch = hs->ch;
	struct sk_buff *skb;
	bool done = false;

	spin_lock_bh(&ch->lock);
	skb = __skb_dequeue(&hs->queue);
	if (skb)
		hs->bytes -= skb->len;
	*open = ch->state == OCKAM_CHANNEL_OPEN;
	if (!skb && *open && ch->hs) {
		/* Under the lock: nothing can slip in behind the last one. */
		WRITE_ONCE(ch->early, NULL);
		ch->hs = NULL;
		done = true;
	}
	spin_unlock_bh(&ch->lock);
	if (done) {
		if (cancel_delayed_work(&hs->timeout))
			ockam_handshake_put(hs);
		ockam_waitlist_resume(&hs->full);
		ockam_handshake_put(hs);
	}
	return skb;
}

static void ockam_handshake_work(struct work_struct *work)
{
	struct ockam_handshake *hs = container_of(work, struct ockam_handshake,
						  work);
	struct ockam_node *node = hs->ch->enc.node;
	struct sk_buff *skb;
	bool open;

	while ((skb = ockam_handshake_next(hs, &open))) {
		struct ockam_ctx ctx = {};

		if (READ_ONCE(hs->ch->state) == OCKAM_CHANNEL_CONNECTING) {
			ockam_handshake_step(hs, skb);
			continue;
		}
		skb = ockam_channel_rx(hs->ch, skb, &ctx);
		if (skb)
			ockam_dispatch(node, skb, &ctx);
	}
	ockam_handshake_put(hs);
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
	kref_init(&hs->ref);
	skb_queue_head_init(&hs->queue);
	ockam_waitlist_init(&hs->full);
	INIT_WORK(&hs->work, ockam_handshake_work);
	INIT_DELAYED_WORK(&hs->timeout, ockam_handshake_timeout);
	ockam_ledger_created(OCKAM_OBJ_HANDSHAKE);
	get_random_bytes(ephemeral, sizeof(ephemeral));
	err = ockam_noise_init(&hs->noise, role, ockam_noise_name, NULL, 0,
			       hs->identity->static_secret, ephemeral);
	memzero_explicit(ephemeral, sizeof(ephemeral));
	if (!err)
		return hs;
	ockam_handshake_put(hs);
	return ERR_PTR(err);
}

/* Make the channel. The handshake and its time-out begin to run. */
static int ockam_handshake_begin(struct ockam_handshake *hs,
				 struct ockam_node *node,
				 struct ockam_flow *spawner,
				 const struct ockam_owner *owner,
				 struct ockam_trust *trust, u32 timeout_ms)
{
	struct ockam_channel *ch;

	ch = ockam_channel_create(node, hs->noise.role, spawner, owner,
				  &ockam_handshake_early, hs);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	ch->trust = ockam_trust_get(trust);
	memcpy(ch->own, hs->identity->identifier, OCKAM_IDENTIFIER_LEN);
	ockam_channel_get(ch);
	hs->ch = ch;
	kref_get(&hs->ref);
	queue_delayed_work(ockam_wq, &hs->timeout,
			   msecs_to_jiffies(timeout_ms ?:
					    node->onet->limits.handshake_ms));
	return 0;
}

/* The initiator's decryptor may be answered along the way we send. */
static int ockam_handshake_open_reply(struct ockam_channel *ch,
				      const struct ockam_route *route)
{
	struct ockam_endpoint *hop;
	struct ockam_addr first;
	int err;

	if (!ockam_route_next(route, &first))
		return -EDESTADDRREQ;
	if (first.type)
		return -EHOSTUNREACH;
	hop = ockam_endpoint_lookup(ch->enc.node, first.value, first.len);
	if (!hop)
		return -EHOSTUNREACH;
	err = ockam_flow_admit(ch->enc.node, hop->flow, &ch->dec);
	ockam_endpoint_put(hop);
	return err;
}

/**
 * ockam_handshake_start() - open a channel
 * @node: node
 * @how:  where to, and whom we accept
 *
 * Return: the channel, CONNECTING, with a reference; or an ERR_PTR: -ENOKEY
 * the node has no identity; -EHOSTUNREACH no such first hop; -EBUSY; -ENOMEM;
 * the errno of dispatch.
 */
struct ockam_channel *ockam_handshake_start(struct ockam_node *node,
					    const struct ockam_connect *how)
{
	struct ockam_handshake *hs;
	struct ockam_channel *ch;
	int err;

	hs = ockam_handshake_alloc(node, OCKAM_INITIATOR);
	if (IS_ERR(hs))
		return ERR_CAST(hs);
	err = ockam_handshake_begin(hs, node, NULL, &how->owner, how->trust,
				    how->timeout_ms);
	if (err) {
		ockam_handshake_put(hs);
		return ERR_PTR(err);
	}
	ch = hs->ch;
	kref_get(&hs->ref);
	err = ockam_flow_expose_all(ch->flow, &how->expose);
	if (!err)
		err = ockam_handshake_open_reply(ch, &how->route);
	if (!err)
		err = ockam_handshake_say(hs, &how->route, false);
	ockam_handshake_put(hs);
	if (!err)
		return ch;
	ockam_channel_close(ch, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
	return ERR_PTR(err);
}

/**
 * ockam_handshake_respond() - answer a first message
 * @node: node
 * @how:  what the listener wants; @how->name stays valid until done
 * @skb:  message 1; taken
 * @ctx:  who sends it
 *
 * Return: 0; on error @how->done is not called: -ENOKEY, -EBUSY, -ENOMEM.
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
	hs->accept = *how;
	ockam_flow_get(how->flow);
	ockam_trust_get(how->trust);
	err = ockam_handshake_begin(hs, node, how->flow, &how->owner,
				    how->trust, 0);
	if (err) {
		ockam_handshake_put(hs);
		goto err_drop;
	}
	ch = hs->ch;
	err = ockam_flow_copy(node, how->name, how->name_len, &ch->dec);
	/* Reported by closing, unless somebody else closed it before. */
	if (err && test_and_set_bit(0, &hs->reported))
		err = 0;
	if (err) {
		ockam_channel_close(ch, OCKAM_DROP_NO_MEMORY);
		ockam_channel_put(ch);
		goto err_drop;
	}
	if (!ockam_handshake_rcv(ch, skb, ctx))
		ockam_ctx_drop(ctx, node, skb, OCKAM_DROP_CLOSED);
	ockam_channel_put(ch);
	return 0;

err_drop:
	ockam_ctx_drop(ctx, node, skb, err == -ENOKEY ?
		       OCKAM_DROP_NO_IDENTITY : err == -EBUSY ?
		       OCKAM_DROP_HS_LIMIT : OCKAM_DROP_NO_MEMORY);
	return err;
}
