// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Handshakes of two initiators with two responders at once, and someone who
 * delivers what they say to whom he likes, as often as he likes, changed or not.
 * A message of which a key is known is taken exactly by who has seen the same
 * messages as its author, byte for byte; and keys agree exactly then.
 */

#include "fuzz.h"
#include "noise.h"

#define SIDES		4		/* even: initiators */
#define SAID_MAX	32
#define ACTS_MAX	24
#define PAYLOAD_MAX	32

struct said {
	u8 data[OCKAM_NOISE_MSG2_LEN + PAYLOAD_MAX + 1];
	size_t len;
	int step;			/* which message it is; -1: nobody's */
	int seen[3];			/* what its author had seen */
};

struct side {
	struct ockam_noise noise;
	int seen[3];			/* messages, sent and taken */
	bool over;
};

static struct side sides[SIDES], fresh[SIDES];
static struct said said[SAID_MAX];
static int said_count;
static bool made;

/* Always the same: made once. */
static void make(int number)
{
	u8 secrets[2 * OCKAM_X25519_LEN];

	for (size_t i = 0; i < sizeof(secrets); i++)
		secrets[i] = 17 * number + 7 * i + 1;
	must(!ockam_noise_init(&fresh[number].noise, number % 2 ?
			       OCKAM_RESPONDER : OCKAM_INITIATOR,
			       ockam_noise_name, NULL, 0, secrets,
			       secrets + OCKAM_X25519_LEN));
}

/* The same bytes are the same message; SAID_MAX: no room. */
static int note(const struct said *message)
{
	int i;

	for (i = 0; i < said_count; i++)
		if (said[i].len == message->len &&
		    !memcmp(said[i].data, message->data, message->len))
			return i;
	if (i < SAID_MAX)
		said[said_count++] = *message;
	return i;
}

static void speak(struct input *in, struct side *side)
{
	struct ockam_slice payload = take_bytes(in, take(in, 1) % PAYLOAD_MAX);
	struct ockam_noise before = side->noise;
	struct said message = { .step = before.step };
	bool ours = before.step < 3 &&
		    (before.step == 1) == (before.role == OCKAM_RESPONDER);
	int len, number;

	if (side->over || said_count == SAID_MAX)
		return;
	len = ockam_noise_write(&side->noise, message.data,
				sizeof(message.data), payload.data,
				payload.len);
	if (!ours) {
		must(len == -EPROTO);
		must(!memcmp(&before, &side->noise, sizeof(before)));
		return;
	}
	if (len < 0) {			/* who called has a key of low order */
		must(len == -EKEYREJECTED);
		side->over = true;
		return;
	}
	message.len = len;
	memcpy(message.seen, side->seen, sizeof(message.seen));
	number = note(&message);
	must(side->noise.step == before.step + 1);
	side->seen[before.step] = number;
}

/* Someone's change of @message. */
static void change(struct input *in, struct said *message)
{
	size_t at = take(in, 1) % (message->len + !message->len);

	message->step = -1;
	switch (take(in, 1) % 4) {
	case 0:
		message->len = at;
		break;
	case 1:
		message->data[message->len++] = at;
		break;
	case 2:				/* a bit that X25519 ignores */
		message->data[OCKAM_X25519_LEN - 1] ^= 0x80;
		break;
	default:
		message->data[at] ^= 1 << take(in, 1) % 8;
	}
}

static bool to_be_taken(const struct side *side, const struct said *message)
{
	const struct ockam_noise *noise = &side->noise;

	if (noise->step >= 3 ||
	    (noise->step == 1) != (noise->role == OCKAM_INITIATOR))
		return false;
	if (!noise->step)		/* nothing protects the first */
		return message->len >= OCKAM_NOISE_MSG1_LEN;
	return message->step == noise->step &&
	       !memcmp(message->seen, side->seen,
		       noise->step * sizeof(*side->seen));
}

static void hear(struct input *in, struct side *side)
{
	struct ockam_noise before = side->noise;
	u8 out[sizeof(said->data)], *copy;
	struct said message;
	int got, number;
	bool taken;

	if (!said_count || side->over)
		return;
	message = said[take(in, 1) % said_count];
	if (take(in, 1) % 4 == 3 && message.len &&
	    message.len < sizeof(message.data))
		change(in, &message);
	number = note(&message);
	if (number == SAID_MAX)
		return;
	message = said[number];
	taken = to_be_taken(side, &message);
	copy = copy_of(message.data, message.len);
	got = ockam_noise_read(&side->noise, out, sizeof(out), copy,
			       message.len);
	free(copy);
	must((got >= 0) == taken);
	if (got < 0) {
		must(!memcmp(&before, &side->noise, sizeof(before)));
		return;
	}
	must(side->noise.step == before.step + 1);
	side->seen[before.step] = number;
}

static void compare(const struct side *a, const struct side *b)
{
	bool same = !memcmp(a->seen, b->seen, sizeof(a->seen));
	u8 tx[2][OCKAM_KEY_LEN], rx[2][OCKAM_KEY_LEN];

	must(!ockam_noise_split(&a->noise, tx[0], rx[0]));
	must(!ockam_noise_split(&b->noise, tx[1], rx[1]));
	must(same == !memcmp(tx[0], rx[1], OCKAM_KEY_LEN));
	must(same == !memcmp(rx[0], tx[1], OCKAM_KEY_LEN));
	must(same == !memcmp(a->noise.h, b->noise.h, OCKAM_HASH_LEN));
}

void fuzz_handshake(struct input *in)
{
	int acts, i;

	said_count = 0;
	for (i = 0; i < SIDES && !made; i++)
		make(i);
	made = true;
	memcpy(sides, fresh, sizeof(sides));
	for (acts = 0; acts < ACTS_MAX && in->left; acts++) {
		int act = take(in, 1);

		if (act & SIDES)
			hear(in, &sides[act % SIDES]);
		else
			speak(in, &sides[act % SIDES]);
	}
	for (i = 0; i < SIDES; i++)
		for (int j = 1 - i % 2; j < SIDES; j += 2)
			if (sides[i].noise.step == 3 && sides[j].noise.step == 3)
				compare(&sides[i], &sides[j]);
}
