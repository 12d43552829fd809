/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Replay window and rekey-interval arithmetic of the data phase. */
#ifndef OCKAM_NONCE_H
#define OCKAM_NONCE_H

#include <linux/types.h>

#define OCKAM_REKEY_INTERVAL	32	/* messages under one key */
#define OCKAM_NONCE_WINDOW	32	/* behind and ahead, inclusive */
#define OCKAM_NONCE_LAST	(~0ULL)	/* reserved for REKEY */

/**
 * struct ockam_window - which counters were accepted
 * @highest: highest accepted counter, 0 at the start
 * @bitmap:  bit i stands for counter @highest - i
 */
struct ockam_window {
	u64 highest;
	u64 bitmap;
};

/* Which key a counter belongs to, relative to the newest interval reached. */
enum ockam_key_slot {
	OCKAM_KEY_PREVIOUS,
	OCKAM_KEY_CURRENT,
	OCKAM_KEY_NEXT,
};

/* 0; -EALREADY replayed, -ESTALE too far behind, -ERANGE too far ahead. */
int ockam_window_check(const struct ockam_window *window, u64 counter);
/* Only after the tag was found good, and only for a counter that checks. */
void ockam_window_commit(struct ockam_window *window, u64 counter);
/* Slot of @counter when @rekeys rekeys are behind us; -ERANGE or -ESTALE. */
int ockam_nonce_slot(u64 counter, u64 rekeys, enum ockam_key_slot *slot);
/* Whether the sender must REKEY before it seals @counter. */
bool ockam_nonce_rekeys(u64 counter);
/* Use up the counter *@next. -EKEYEXPIRED: there is none any more. */
int ockam_nonce_take(u64 *next, u64 *counter);
/* The counter that the sender goes on with to REKEY early; never a lower one. */
u64 ockam_nonce_skip(u64 counter);
/* Whether the receiver has no key for the interval after @rekeys intervals. */
bool ockam_nonce_exhausted(u64 rekeys);

#endif /* OCKAM_NONCE_H */
