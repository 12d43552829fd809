/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Keys and counters after the handshake: seal, open, rekey, wipe. */
#ifndef OCKAM_SESSION_H
#define OCKAM_SESSION_H

#include <linux/skbuff.h>
#include "crypto.h"
#include "nonce.h"
#include "stats.h"

#define OCKAM_SEAL_OVERHEAD	(8 + OCKAM_TAG_LEN)

/**
 * struct ockam_tx_key - the sending key with its counter
 * @aead:    cipher with the key of @interval
 * @counter: next counter; lives here so that a nonce cannot be used twice
 * @interval: rekeys done
 * @next:    key of the interval after that
 * @ready:   @next is there
 */
struct ockam_tx_key {
	struct ockam_aead *aead;
	u64 counter;
	u64 interval;
	u8 next[OCKAM_KEY_LEN];
	bool ready;
};

/**
 * struct ockam_session - the secrets of an open channel
 * @tx:       sending half; only the channel's one drainer touches it
 * @rx:       keyed ciphers by enum ockam_key_slot
 * @rx_key:   bytes of the current and the next key
 * @rekeys:   intervals behind us in the receiving direction
 * @window:   accepted counters
 * @exhausted: no more receiving keys
 * @ahead:    genuine messages that were too far ahead, one after the other
 * @far_counter: of the last one of them
 * @far_interval: its interval
 * @far_key:  the key of that
 * @far_at:   when the next one may be looked at, jiffies
 * @next_ready: the next key is prepared
 * @rx_replays: rejected as replayed, for users
 * @rx_outside: rejected as outside the window, for users
 * @rx_auth_failed: rejected as not authentic, for users
 *
 * The receiving half is protected by the channel's rx_lock.
 */
struct ockam_session {
	struct ockam_tx_key tx;
	struct ockam_aead *rx[3];
	u8 rx_key[2][OCKAM_KEY_LEN];
	u64 rekeys;
	struct ockam_window window;
	bool exhausted;
	bool next_ready;
	u32 ahead;
	u64 far_counter;
	u64 far_interval;
	u8 far_key[OCKAM_KEY_LEN];
	unsigned long far_at;
	u64 rx_replays;
	u64 rx_outside;
	u64 rx_auth_failed;
};

struct ockam_session *ockam_session_create(const u8 tx[OCKAM_KEY_LEN],
					   const u8 rx[OCKAM_KEY_LEN]);
void ockam_session_free(struct ockam_session *session);	/* wipes; NULL ok */
/*
 * Payload becomes counter || ciphertext || tag. In place when the memory is
 * ours alone, else in a copy that replaces *skb. On error *skb is only fit to
 * be freed and its counter may be spent: -EKEYEXPIRED no counter left, -ENOMEM.
 */
int ockam_session_seal(struct ockam_session *session, struct sk_buff **skb);
/*
 * The reverse. OCKAM_DROP_NONE: payload is the plaintext, *counter is set.
 * Otherwise the reason, no state has changed, and the payload is garbage.
 */
enum ockam_drop ockam_session_open(struct ockam_session *session,
				   struct sk_buff **skb, u64 *counter);
/* After a message was sent: time for what the next key needs. */
void ockam_session_prepare_tx(struct ockam_session *session);
/* The same for receiving; off the path of a message. */
bool ockam_session_wants_rx(const struct ockam_session *session);
int ockam_session_prepare_rx(struct ockam_session *session);
/* Go on to the next sending key; the caller is the only sender. */
void ockam_session_rekey(struct ockam_session *session);
/* So much was lost that nothing of what comes will ever be accepted. */
bool ockam_session_deaf(const struct ockam_session *session);
const char *ockam_session_driver(const struct ockam_session *session);

#endif /* OCKAM_SESSION_H */
