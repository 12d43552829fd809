// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Replay window and rekey-interval arithmetic of the data phase. */

#include <linux/errno.h>
#include "nonce.h"

/**
 * ockam_window_check() - may a counter be accepted?
 * @window:  what was accepted so far
 * @counter: of the message
 *
 * Return: 0; -EALREADY replayed; -ESTALE too far behind; -ERANGE too far
 * ahead.
 */
int ockam_window_check(const struct ockam_window *window, u64 counter)
{
	u64 behind;

	if (counter > window->highest)
		return counter - window->highest > OCKAM_NONCE_WINDOW ?
		       -ERANGE : 0;
	behind = window->highest - counter;
	if (behind > OCKAM_NONCE_WINDOW)
		return -ESTALE;
	return window->bitmap >> behind & 1 ? -EALREADY : 0;
}

/**
 * ockam_window_commit() - note that a counter was accepted
 * @window:  window
 * @counter: one for which ockam_window_check() said 0
 */
void ockam_window_commit(struct ockam_window *window, u64 counter)
{
	if (counter > window->highest) {
		window->bitmap = window->bitmap << (counter - window->highest) |
				 1;
		window->highest = counter;
	} else {
		window->bitmap |= 1ULL << (window->highest - counter);
	}
}

/**
 * ockam_nonce_slot() - which key belongs to a counter?
 * @counter: of the message
 * @rekeys:  intervals that are behind us
 * @slot:    set
 *
 * Return: 0; -ERANGE or -ESTALE when no key that is kept can.
 */
int ockam_nonce_slot(u64 counter, u64 rekeys, enum ockam_key_slot *slot)
{
	u64 interval = counter / OCKAM_REKEY_INTERVAL;

	if (interval == rekeys)
		*slot = OCKAM_KEY_CURRENT;
	else if (interval == rekeys + 1)
		*slot = OCKAM_KEY_NEXT;
	else if (rekeys && interval == rekeys - 1)
		*slot = OCKAM_KEY_PREVIOUS;
	else
		return interval > rekeys ? -ERANGE : -ESTALE;
	return 0;
}

/**
 * ockam_nonce_rekeys() - must the sender rekey before this counter?
 * @counter: next counter
 *
 * Return: true at the start of each interval but the first.
 */
bool ockam_nonce_rekeys(u64 counter)
{
	return counter && counter % OCKAM_REKEY_INTERVAL == 0;
}
