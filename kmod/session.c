// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Keys and counters after the handshake: seal, open, rekey, wipe. */

#include <linux/slab.h>
#include "bytes.h"
#include "msg.h"
#include "session.h"

#define OCKAM_SESSION_COUNTER	8	/* bytes of it on the wire */
#define OCKAM_SESSION_FAR	256	/* intervals ahead that are looked at */
#define OCKAM_SESSION_FAR_ON	4096	/* the same, of a peer that is ahead */
#define OCKAM_SESSION_DEAF	10	/* seconds until it is deaf for good */

/**
 * ockam_session_prepare_rx() - make the next receiving key ahead of its need
 * @session: session; its receiving half is locked by the caller
 *
 * Return: 0; without memory it is tried again when the key is needed.
 */
int ockam_session_prepare_rx(struct ockam_session *session)
{
	int err;

	if (session->next_ready)
		return 0;
	err = ockam_aead_next_key(session->rx[OCKAM_KEY_CURRENT],
				  session->rx_key[1]);
	if (!err)
		err = ockam_aead_set_key(session->rx[OCKAM_KEY_NEXT],
					 session->rx_key[1]);
	session->next_ready = !err;
	return err;
}

/**
 * ockam_session_create() - begin the data phase
 * @tx: key to send with
 * @rx: key to receive with
 *
 * Return: the session, or an ERR_PTR. The caller wipes its copies of the keys.
 */
struct ockam_session *ockam_session_create(const u8 tx[OCKAM_KEY_LEN],
					   const u8 rx[OCKAM_KEY_LEN])
{
	struct ockam_session *session;
	int err, i;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	ockam_ledger_created(OCKAM_OBJ_SESSION);
	session->far_at = jiffies;
	memcpy(session->rx_key[0], rx, OCKAM_KEY_LEN);
	session->tx.aead = ockam_aead_alloc();
	err = PTR_ERR_OR_ZERO(session->tx.aead);
	for (i = 0; !err && i < (int)ARRAY_SIZE(session->rx); i++) {
		session->rx[i] = ockam_aead_alloc();
		err = PTR_ERR_OR_ZERO(session->rx[i]);
	}
	if (!err)
		err = ockam_aead_set_key(session->tx.aead, tx);
	if (!err)
		err = ockam_aead_set_key(session->rx[OCKAM_KEY_CURRENT], rx);
	if (!err)
		err = ockam_session_prepare_rx(session);
	if (!err)
		return session;
	ockam_session_free(session);
	return ERR_PTR(err);
}

/**
 * ockam_session_free() - end the data phase: wipe all keys
 * @session: session or NULL; nobody uses it
 */
void ockam_session_free(struct ockam_session *session)
{
	int i;

	if (!session)
		return;
	ockam_aead_free(session->tx.aead);
	for (i = 0; i < (int)ARRAY_SIZE(session->rx); i++)
		ockam_aead_free(session->rx[i]);
	kfree_sensitive(session);
	ockam_ledger_destroyed(OCKAM_OBJ_SESSION);
}

/* From the key that the cipher has. */
static int ockam_session_tx_next(struct ockam_tx_key *tx)
{
	int err = 0;

	if (!tx->ready)
		err = ockam_aead_next_key(tx->aead, tx->next);
	tx->ready = !err;
	return err;
}

/*
 * The sending key of the interval that the next counter is in. Whatever fails,
 * the next key stays until the cipher has it.
 */
static int ockam_session_tx_rekey(struct ockam_tx_key *tx)
{
	int err;

	if (tx->interval == tx->counter / OCKAM_REKEY_INTERVAL)
		return 0;
	err = ockam_session_tx_next(tx);
	if (!err)
		err = ockam_aead_set_key(tx->aead, tx->next);
	if (err)
		return err;
	tx->interval++;
	tx->ready = false;
	ockam_wipe(tx->next, sizeof(tx->next));
	return 0;
}

/**
 * ockam_session_prepare_tx() - make the next sending key ahead of its need
 * @session: session; the caller is its only sender, and has just sent
 *
 * Half an interval ahead, so that a channel of few messages does without.
 */
void ockam_session_prepare_tx(struct ockam_session *session)
{
	struct ockam_tx_key *tx = &session->tx;

	/* Without memory now, it is made when it is needed. */
	if (tx->counter % OCKAM_REKEY_INTERVAL >= OCKAM_REKEY_INTERVAL / 2)
		ockam_session_tx_next(tx);
}

/**
 * ockam_session_rekey() - go on to the next sending key
 * @session: session; the caller is its only sender
 *
 * When there is no memory for the key, it is made before the next message.
 */
void ockam_session_rekey(struct ockam_session *session)
{
	session->tx.counter = ockam_nonce_skip(session->tx.counter);
	ockam_session_tx_rekey(&session->tx);
}

/**
 * ockam_session_seal() - encrypt a message
 * @session: session; the caller is its only sender
 * @skb:     message; its payload becomes counter, ciphertext, tag
 *
 * This is the one place that decides what may be encrypted in place: memory
 * that is ours alone. A counter is used for one attempt, whatever comes of it.
 *
 * Return: 0; -EKEYEXPIRED no counter is left; -ENOMEM.
 */
int ockam_session_seal(struct ockam_session *session, struct sk_buff **skb)
{
	struct ockam_tx_key *tx = &session->tx;
	unsigned int len = (*skb)->len;
	u64 counter;
	u8 *head;
	int err;

	err = ockam_session_tx_rekey(tx);
	if (!err)
		err = ockam_msg_make_ours(skb);
	if (!err)
		err = ockam_msg_append(*skb, NULL, OCKAM_TAG_LEN);
	if (err)
		return err;
	head = ockam_msg_push(*skb, OCKAM_SESSION_COUNTER);
	if (!head)
		return -ENOMEM;
	err = ockam_nonce_take(&tx->counter, &counter);
	if (err)
		return err;
	ockam_put_be64(head, counter);
	return ockam_aead_seal_skb(tx->aead, counter, *skb,
				   OCKAM_SESSION_COUNTER, len);
}

static enum ockam_drop ockam_session_reject(struct ockam_session *session,
					    int err)
{
	switch (err) {
	case -ERANGE:
		session->rx_outside++;
		return OCKAM_DROP_TOO_FAR_AHEAD;
	case -ESTALE:
		session->rx_outside++;
		return OCKAM_DROP_TOO_OLD;
	case -EALREADY:
		session->rx_replays++;
		return OCKAM_DROP_REPLAY;
	case -ENOMEM:
		return OCKAM_DROP_NO_MEMORY;
	default:
		session->rx_auth_failed++;
		return OCKAM_DROP_AUTH_FAILED;
	}
}

/* A message of the next interval was good: it is the current one now. */
static void ockam_session_advance(struct ockam_session *session)
{
	struct ockam_aead *oldest = session->rx[OCKAM_KEY_PREVIOUS];

	session->rx[OCKAM_KEY_PREVIOUS] = session->rx[OCKAM_KEY_CURRENT];
	session->rx[OCKAM_KEY_CURRENT] = session->rx[OCKAM_KEY_NEXT];
	session->rx[OCKAM_KEY_NEXT] = oldest;
	memcpy(session->rx_key[0], session->rx_key[1], OCKAM_KEY_LEN);
	session->next_ready = false;
	session->rekeys++;
	session->exhausted = ockam_nonce_exhausted(session->rekeys);
}

/**
 * ockam_session_wants_rx() - is it time to make the next receiving key?
 * @session: session; its receiving half is locked by the caller
 *
 * Half an interval ahead, as for sending; at once when that takes the place of
 * a key that is over.
 *
 * Return: true when ockam_session_prepare_rx() has something to do.
 */
bool ockam_session_wants_rx(const struct ockam_session *session)
{
	return !session->next_ready && !session->exhausted &&
	       (session->rekeys >= 2 ||
		session->window.highest % OCKAM_REKEY_INTERVAL >=
		OCKAM_REKEY_INTERVAL / 2);
}

/* Go from the key of interval @at to that of interval @to. */
static int ockam_session_derive(u8 key[OCKAM_KEY_LEN], u64 at, u64 to)
{
	int err = 0;

	for (; !err && at < to; at++)
		err = ockam_aead_rekey(key, key);
	return err;
}

/*
 * A message that is too far ahead. When it is genuine, the peer has gone on
 * without us, and if that stays so we are deaf. Anybody can send such a counter,
 * so only the tag counts, and it is looked at once a second; keys that are far
 * are made only after it was good once. The next key's cipher is borrowed for it.
 */
static void ockam_session_far(struct ockam_session *session,
			      struct sk_buff **skb, u64 counter)
{
	const u64 to = counter / OCKAM_REKEY_INTERVAL;
	u64 at = session->rekeys, most = OCKAM_SESSION_FAR;
	u8 key[OCKAM_KEY_LEN];
	int err;

	if (session->exhausted || time_before(jiffies, session->far_at))
		return;
	memcpy(key, session->rx_key[0], sizeof(key));
	if (session->ahead) {
		at = session->far_interval;
		most = OCKAM_SESSION_FAR_ON;
		memcpy(key, session->far_key, sizeof(key));
	}
	if (to < at || to - at > most ||
	    (session->ahead && counter <= session->far_counter))
		goto out;
	session->far_at = jiffies + HZ;
	session->next_ready = false;
	err = ockam_session_derive(key, at, to);
	if (!err)
		err = ockam_aead_set_key(session->rx[OCKAM_KEY_NEXT], key);
	if (!err)
		err = ockam_msg_make_ours(skb);
	if (!err)
		err = ockam_aead_open_skb(session->rx[OCKAM_KEY_NEXT], counter,
					  *skb, OCKAM_SESSION_COUNTER,
					  (*skb)->len - OCKAM_SESSION_COUNTER);
	if (!err) {
		session->ahead++;
		session->far_counter = counter;
		session->far_interval = to;
		memcpy(session->far_key, key, sizeof(key));
	}
	/* Without memory now, it is tried again when the key is needed. */
	ockam_session_prepare_rx(session);
out:
	ockam_wipe(key, sizeof(key));
}

/**
 * ockam_session_deaf() - is there no way back into the window?
 * @session: session; its receiving half is locked by the caller
 *
 * Return: true when for some seconds all that was genuine was too far ahead.
 */
bool ockam_session_deaf(const struct ockam_session *session)
{
	return session->ahead >= OCKAM_SESSION_DEAF;
}

/**
 * ockam_session_driver() - who encrypts
 * @session: session
 *
 * Return: name of the cipher's driver.
 */
const char *ockam_session_driver(const struct ockam_session *session)
{
	return ockam_aead_driver(session->tx.aead);
}

/**
 * ockam_session_open() - decrypt a message
 * @session: session; its receiving half is locked by the caller
 * @skb:     message; its payload becomes the plaintext
 * @counter: set to the message's counter
 *
 * The state moves only after the tag was found good.
 *
 * Return: OCKAM_DROP_NONE, or why the message was rejected.
 */
enum ockam_drop ockam_session_open(struct ockam_session *session,
				   struct sk_buff **skb, u64 *counter)
{
	enum ockam_key_slot slot;
	u8 *head;
	int err;

	if ((*skb)->len < OCKAM_SEAL_OVERHEAD)
		return OCKAM_DROP_MALFORMED;
	head = ockam_msg_linear(*skb, OCKAM_SESSION_COUNTER);
	if (!head)
		return OCKAM_DROP_NO_MEMORY;
	*counter = ockam_get_be64(head);
	err = session->exhausted ? -ERANGE :
	      ockam_window_check(&session->window, *counter);
	if (!err)
		err = ockam_nonce_slot(*counter, session->rekeys, &slot);
	if (!err && slot == OCKAM_KEY_NEXT)
		err = ockam_session_prepare_rx(session);
	if (!err)
		err = ockam_msg_make_ours(skb);
	if (!err)
		err = ockam_aead_open_skb(session->rx[slot], *counter, *skb,
					  OCKAM_SESSION_COUNTER,
					  (*skb)->len - OCKAM_SESSION_COUNTER);
	if (err == -ERANGE)
		ockam_session_far(session, skb, *counter);
	if (err)
		return ockam_session_reject(session, err);
	ockam_window_commit(&session->window, *counter);
	if (session->ahead)
		memzero_explicit(session->far_key, sizeof(session->far_key));
	session->ahead = 0;
	if (slot == OCKAM_KEY_NEXT)
		ockam_session_advance(session);
	if (ockam_msg_trim(*skb, (*skb)->len - OCKAM_TAG_LEN) ||
	    ockam_msg_pull(*skb, OCKAM_SESSION_COUNTER))
		return OCKAM_DROP_NO_MEMORY;
	return OCKAM_DROP_NONE;
}
