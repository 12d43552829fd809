// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the peer of a channel presents, and what we present to it later. */

#include <linux/slab.h>
#include "channel.h"
#include "msg.h"
#include "node.h"
#include "notify.h"

#define OCKAM_PEER_REFRESH_MS	10000	/* at most one judged in that time */
#define OCKAM_PEER_CLOCK_S	60	/* the wall clock may be set meanwhile */

/**
 * ockam_channel_know() - the peer showed its change history
 * @ch:      channel
 * @peer:    what the history says; verified, and acceptable
 * @history: encoded
 *
 * Return: OCKAM_DROP_NONE when it is no older than what the peer showed before
 * in this namespace; else why the peer is refused.
 */
enum ockam_drop ockam_channel_know(struct ockam_channel *ch,
				   const struct ockam_identity *peer,
				   const struct ockam_slice *history)
{
	switch (ockam_known_update(&ch->enc.node->onet->known, peer, history,
				   ch->trust)) {
	case 0:
		return OCKAM_DROP_NONE;
	case -EKEYREVOKED:
		return OCKAM_DROP_HS_OLD_HISTORY;
	case -ENOSPC:
		return OCKAM_DROP_HS_LIMIT;
	default:
		return OCKAM_DROP_NO_MEMORY;
	}
}

/* Credentials */

static unsigned long
ockam_channel_expiry_delay(const struct ockam_credential *credential)
{
	u64 now = ktime_get_real_seconds(), left = 0;

	if (credential->expires_at > now)
		left = min_t(u64, credential->expires_at - now,
			     OCKAM_PEER_CLOCK_S);
	return left * HZ;
}

/* Take it in the place of what was there, unless the channel is closed. */
static void ockam_channel_keep(struct ockam_channel *ch,
			       struct ockam_credential *credential)
{
	spin_lock_bh(&ch->lock);
	/* Who closes cancels the work, after this state. */
	if (ch->state != OCKAM_CHANNEL_CLOSED) {
		swap(ch->credential, credential);
		mod_delayed_work(ockam_wq, &ch->expiry,
				 ockam_channel_expiry_delay(ch->credential));
	}
	spin_unlock_bh(&ch->lock);
	ockam_credential_put(credential);
}

/* It counts no more. Where one is required, the channel goes with it. */
static void ockam_channel_expired(struct ockam_channel *ch)
{
	ockam_count_drop(ch->enc.node, OCKAM_DROP_CRED_EXPIRED);
	if (ch->authorities->required)
		ockam_channel_close_async(ch, OCKAM_DROP_CRED_EXPIRED);
	else
		ockam_notify_peer(&ch->enc, OCKAM_EVENT_EXPIRED,
				  OCKAM_DROP_CRED_EXPIRED, ch->peer);
}

static void ockam_channel_expiry(struct work_struct *work)
{
	struct ockam_channel *ch = container_of(work, struct ockam_channel,
						expiry.work);
	struct ockam_credential *gone = NULL;
	unsigned long delay;

	spin_lock_bh(&ch->lock);
	if (ch->credential && ch->state != OCKAM_CHANNEL_CLOSED) {
		delay = ockam_channel_expiry_delay(ch->credential);
		if (delay)
			mod_delayed_work(ockam_wq, &ch->expiry, delay);
		else
			swap(ch->credential, gone);
	}
	spin_unlock_bh(&ch->lock);
	if (gone)
		ockam_channel_expired(ch);
	ockam_credential_put(gone);
}

/* By the authorities of the channel; without any, nothing is presented. */
static enum ockam_drop
ockam_channel_judge(struct ockam_credential **out, struct ockam_channel *ch,
		    const struct ockam_ident_payload *presented, const u8 *peer)
{
	*out = NULL;
	if (!ch->authorities)
		return OCKAM_DROP_NONE;
	return ockam_credential_judge(out, ch->authorities,
				      &ch->enc.node->onet->known, presented,
				      peer);
}

/**
 * ockam_channel_vouch() - what vouches for the peer of a handshake
 * @ch:        channel
 * @peer:      identifier, proven
 * @presented: parts of its payload
 *
 * Context: process.
 *
 * Return: why the peer is refused; never where no credential is required.
 */
enum ockam_drop ockam_channel_vouch(struct ockam_channel *ch, const u8 *peer,
				    const struct ockam_ident_payload *presented)
{
	bool required = ch->authorities && ch->authorities->required;
	struct ockam_credential *credential;
	enum ockam_drop why;

	why = ockam_channel_judge(&credential, ch, presented, peer);
	if (!why && !credential && required)
		why = OCKAM_DROP_CRED_REQUIRED;
	if (credential)
		ockam_channel_keep(ch, credential);
	if (!why || required)
		return why;
	ockam_count_drop(ch->enc.node, why);
	return OCKAM_DROP_NONE;
}

/**
 * ockam_channel_credential() - what vouches for the peer now
 * @ch: channel
 *
 * Return: it, with a reference; NULL when there is none that counts.
 */
struct ockam_credential *ockam_channel_credential(struct ockam_channel *ch)
{
	struct ockam_credential *credential;

	spin_lock_bh(&ch->lock);
	credential = ch->credential;
	if (credential && credential->expires_at <= ktime_get_real_seconds())
		credential = NULL;
	ockam_credential_get(credential);
	spin_unlock_bh(&ch->lock);
	return credential;
}

/* Refresh messages */

/**
 * ockam_channel_may_refresh() - may another refresh message be judged?
 * @ch: channel, rx_lock held
 *
 * Judging a history costs up to 64 signature checks: not as often as the peer
 * likes.
 *
 * Return: true once in OCKAM_PEER_REFRESH_MS.
 */
bool ockam_channel_may_refresh(struct ockam_channel *ch)
{
	const u64 now = get_jiffies_64();

	lockdep_assert_held(&ch->rx_lock);
	if (ch->refresh_at && time_before64(now, ch->refresh_at))
		return false;
	ch->refresh_at = now + msecs_to_jiffies(OCKAM_PEER_REFRESH_MS);
	return true;
}

/* A newer credential. One that is bad changes nothing. */
static enum ockam_drop
ockam_channel_renew(struct ockam_channel *ch,
		    const struct ockam_ident_payload *presented)
{
	struct ockam_credential *credential;
	enum ockam_drop why;

	why = ockam_channel_judge(&credential, ch, presented, ch->peer);
	if (!credential)
		return why;
	ockam_channel_keep(ch, credential);
	ockam_notify_peer(&ch->enc, OCKAM_EVENT_REFRESHED, OCKAM_DROP_NONE,
			  ch->peer);
	return OCKAM_DROP_NONE;
}

/**
 * ockam_channel_refresh() - the peer shows a newer history or credential
 * @ch:  channel, OPEN
 * @skb: the message; kept
 *
 * Its history must be good and its own, and no older than what it showed.
 *
 * Context: process.
 *
 * Return: OCKAM_DROP_NONE, or why it changes nothing.
 */
enum ockam_drop ockam_channel_refresh(struct ockam_channel *ch,
				      struct sk_buff *skb)
{
	struct ockam_ident_payload presented;
	struct ockam_identity identity;
	enum ockam_drop why;
	const u8 *data;

	data = skb->len <= OCKAM_NOISE_MSG_MAX ?
	       ockam_msg_linear(skb, skb->len) : NULL;
	if (!data ||
	    ockam_ident_parse_refresh(&presented, data, skb->len) ||
	    ockam_ident_verify_history(&identity, presented.history.data,
				       presented.history.len))
		return OCKAM_DROP_ID_MALFORMED;
	if (memcmp(identity.identifier, ch->peer, OCKAM_IDENTIFIER_LEN))
		return OCKAM_DROP_ID_SUBJECT;
	why = ockam_channel_know(ch, &identity, &presented.history);
	return why ?: ockam_channel_renew(ch, &presented);
}

/**
 * ockam_channel_refresh_message() - our own history and credential
 * @ch: channel
 *
 * Return: plaintext to seal; NULL when the node has no credential or another
 * identity by now, or no memory.
 */
struct sk_buff *ockam_channel_refresh_message(struct ockam_channel *ch)
{
	struct ockam_node_identity *identity = ockam_node_identity(ch->enc.node);
	struct sk_buff *skb = NULL;
	u8 *data = NULL;
	int len;

	if (!identity)
		return NULL;
	len = ockam_ident_put_refresh(NULL, 0, &identity->history,
				      &identity->credential);
	if (identity->credential.len &&
	    !memcmp(identity->identifier, ch->own, OCKAM_IDENTIFIER_LEN))
		data = kvmalloc(len, GFP_KERNEL);
	if (data) {
		ockam_ident_put_refresh(data, len, &identity->history,
					&identity->credential);
		skb = ockam_msg_from_bytes(data, len, GFP_KERNEL);
	}
	kvfree(data);
	ockam_node_identity_put(identity);
	return skb;
}

/**
 * ockam_channel_present() - tell the peer of our new credential
 * @ch: channel; nothing happens unless it is open
 *
 * Context: process.
 */
void ockam_channel_present(struct ockam_channel *ch)
{
	spin_lock_bh(&ch->lock);
	if (ch->state == OCKAM_CHANNEL_OPEN)
		ch->say_refresh = true;
	spin_unlock_bh(&ch->lock);
	ockam_channel_try_drain(ch);
}

/**
 * ockam_channel_present_all() - tell all peers of our new credential
 * @node: node
 *
 * Context: process.
 */
void ockam_channel_present_all(struct ockam_node *node)
{
	struct ockam_endpoint *ep;
	u32 id = 0;

	for (; (ep = ockam_endpoint_next(node, &id)); id++) {
		if (ockam_channel_of(ep))
			ockam_channel_present(ockam_channel_of(ep));
		ockam_endpoint_put(ep);
	}
}

/* Life */

/**
 * ockam_channel_peer_init() - nothing was presented yet
 * @ch: new channel
 */
void ockam_channel_peer_init(struct ockam_channel *ch)
{
	INIT_DELAYED_WORK(&ch->expiry, ockam_channel_expiry);
}

/**
 * ockam_channel_peer_free() - forget what was presented
 * @ch: channel that nobody uses any more
 */
void ockam_channel_peer_free(struct ockam_channel *ch)
{
	ockam_credential_put(ch->credential);
	ockam_authorities_put(ch->authorities);
}
