// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The replay window against a list of what was accepted; key intervals. */

#include "fuzz.h"
#include "nonce.h"

#define SEEN_MAX	2048

static u64 seen[SEEN_MAX];
static int seen_count;

static int naive_check(u64 highest, u64 counter)
{
	if (counter > highest && counter - highest > 32)
		return -ERANGE;
	if (counter < highest && highest - counter > 32)
		return -ESTALE;
	for (int i = 0; i < seen_count; i++)
		if (seen[i] == counter)
			return -EALREADY;
	return 0;
}

/* A counter near the highest, anywhere, or one that was there. */
static u64 next_counter(struct input *in, u64 highest)
{
	u8 how = take(in, 1);

	if (how < 160)
		return highest + how - 80;
	if (how < 200)
		return take(in, 8);
	if (how < 240 && seen_count)
		return seen[take(in, 2) % seen_count];
	return highest + 1;
}

/* Each starts anywhere: a window that began there is as good as any. */
void fuzz_nonce(struct input *in)
{
	u64 start = take(in, 1) & 1 ? take(in, 8) : 0;
	struct ockam_window window = { .highest = start }, before;
	u64 highest = start, counter;
	int wanted;

	seen_count = 0;
	while (in->left && seen_count < SEEN_MAX) {
		counter = next_counter(in, highest);
		wanted = naive_check(highest, counter);
		before = window;
		must(ockam_window_check(&window, counter) == wanted);
		must(!memcmp(&before, &window, sizeof(before)));
		if (wanted || take(in, 1) % 8 == 7)
			continue;	/* refused, or its tag was bad */
		ockam_window_commit(&window, counter);
		seen[seen_count++] = counter;
		if (counter > highest)
			highest = counter;
		must(window.highest == highest);
		must(ockam_window_check(&window, counter) == -EALREADY);
	}
}

void fuzz_slot(struct input *in)
{
	while (in->left) {
		u64 rekeys = take(in, 8) >> (5 + take(in, 1) % 59);
		unsigned __int128 first = (unsigned __int128)rekeys * 32;
		u64 counter = take(in, 1) & 1 ? take(in, 8) :
			      (u64)first + take(in, 1) - 128;
		enum ockam_key_slot slot = OCKAM_KEY_CURRENT, wanted;
		int err = ockam_nonce_slot(counter, rekeys, &slot), bad = 0;

		wanted = OCKAM_KEY_CURRENT;
		if (counter < first && first - counter <= 32)
			wanted = OCKAM_KEY_PREVIOUS;
		else if (counter < first)
			bad = -ESTALE;
		else if (counter - first >= 64)
			bad = -ERANGE;
		else if (counter - first >= 32)
			wanted = OCKAM_KEY_NEXT;
		must(err == bad);
		must(err || slot == wanted);
		must(ockam_nonce_rekeys(counter) ==
		     (counter >= 32 && !(counter & 31)));
	}
}
