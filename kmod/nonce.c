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

/**
 * ockam_nonce_take() - use up a counter
 * @next:    the sender's next one; goes on, and never back
 * @counter: set to the one that is used up
 *
 * Return: 0; -EKEYEXPIRED only the reserved one is left.
 */
int ockam_nonce_take(u64 *next, u64 *counter)
{
	if (*next == OCKAM_NONCE_LAST)
		return -EKEYEXPIRED;
	*counter = (*next)++;
	return 0;
}

/**
 * ockam_nonce_skip() - where the next interval begins
 * @counter: next counter; the one before it was used
 *
 * Not more than a window's width ahead of the last counter used. The last
 * interval has no next one.
 *
 * Return: first counter of the next interval; @counter when it is that already,
 * or when there is no next interval.
 */
u64 ockam_nonce_skip(u64 counter)
{
	u64 over = counter % OCKAM_REKEY_INTERVAL;

	if (!over || counter > OCKAM_NONCE_LAST - OCKAM_REKEY_INTERVAL)
		return counter;
	return counter + OCKAM_REKEY_INTERVAL - over;
}

/**
 * ockam_nonce_exhausted() - has the receiver come to the end?
 * @rekeys: intervals that are behind it
 *
 * Return: true in the last interval, which has the reserved counter in it.
 */
bool ockam_nonce_exhausted(u64 rekeys)
{
	return OCKAM_NONCE_LAST - OCKAM_REKEY_INTERVAL * rekeys <
	       OCKAM_REKEY_INTERVAL;
}
