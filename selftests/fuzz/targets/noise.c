// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Noise: two honest sides, and someone between them who changes bytes. */

#include "fuzz.h"
#include "noise.h"

/* Bytes of each message without payload. */
static const size_t least[] = {
	OCKAM_NOISE_MSG1_LEN, OCKAM_NOISE_MSG2_LEN, OCKAM_NOISE_MSG3_LEN
};

/* Its secrets, static and ephemeral, are the first thing in the input. */
static void start(struct input *in, struct ockam_noise *noise,
		  enum ockam_role role)
{
	struct ockam_slice given = take_bytes(in, 2 * OCKAM_X25519_LEN);
	u8 secrets[2 * OCKAM_X25519_LEN] = { role };

	if (given.len)
		memcpy(secrets, given.data, given.len);
	must(!ockam_noise_init(noise, role, ockam_noise_name, NULL, 0, secrets,
			       secrets + OCKAM_X25519_LEN));
}

/* Refused with one of the errors for what a peer sends; nothing changed. */
static void refuse(struct ockam_noise *noise, const u8 *msg, size_t len)
{
	struct ockam_noise before = *noise;
	u8 *copy = copy_of(msg, len), *payload = malloc(len + 1);
	int err = ockam_noise_read(noise, payload, len, copy, len);

	must(err == -EBADMSG || err == -EKEYREJECTED || err == -EPROTO ||
	     err == -EMSGSIZE);
	must(!memcmp(&before, noise, sizeof(before)));
	free(payload);
	free(copy);
}

/* Taken, and the payload is @payload. */
static void accept(struct ockam_noise *noise, const u8 *msg, size_t len,
		   const struct ockam_slice *payload)
{
	u8 step = noise->step, *copy = copy_of(msg, len);
	u8 *out = malloc(payload->len);

	must(!payload->len ||
	     ockam_noise_read(noise, out, payload->len - 1, copy, len) ==
	     -EMSGSIZE);
	must(ockam_noise_read(noise, out, payload->len, copy, len) ==
	     (int)payload->len);
	must(noise->step == step + 1);
	must(!payload->len || !memcmp(out, payload->data, payload->len));
	free(out);
	free(copy);
}

/* Someone changes @msg. Message 1 is not protected: only its length counts. */
static void attack(struct input *in, struct ockam_noise *noise, const u8 *msg,
		   size_t len)
{
	size_t at = take(in, 2) % len;
	u8 *copy = malloc(len + 1), step = noise->step;

	memcpy(copy, msg, len);
	copy[len] = 0;
	switch (take(in, 1) % 4) {
	case 0:
		if (step)
			refuse(noise, copy, at);
		break;
	case 1:
		if (step)
			refuse(noise, copy, len + 1);
		break;
	case 2:		/* a point of low order */
		memset(copy, 0, OCKAM_X25519_LEN);
		if (step)
			refuse(noise, copy, len);
		break;
	default:
		copy[at] ^= take(in, 1) ?: 1;
		if (step)
			refuse(noise, copy, len);
	}
	free(copy);
}

/* A side that is not to speak, or not to listen. */
static void out_of_turn(struct ockam_noise *noise, const u8 *msg, size_t len,
			bool writes)
{
	struct ockam_noise before = *noise;
	u8 *out = malloc(len + 200), tx[OCKAM_KEY_LEN], rx[OCKAM_KEY_LEN];

	must(ockam_noise_split(noise, tx, rx) == -EPROTO);
	if (writes)
		must(ockam_noise_write(noise, out, len + 200, msg, len) ==
		     -EPROTO);
	else
		must(ockam_noise_read(noise, out, len, msg, len) == -EPROTO);
	must(!memcmp(&before, noise, sizeof(before)));
	free(out);
}

static void finish(struct ockam_noise sides[2])
{
	u8 tx[2][OCKAM_KEY_LEN], rx[2][OCKAM_KEY_LEN], none[96];

	for (int i = 0; i < 2; i++) {
		must(!ockam_noise_split(&sides[i], tx[i], rx[i]));
		must(!memcmp(sides[i].rs, sides[!i].s_public,
			     OCKAM_X25519_LEN));
		must(!memcmp(sides[i].re, sides[!i].e_public,
			     OCKAM_X25519_LEN));
		must(ockam_noise_write(&sides[i], none, sizeof(none), none,
				       0) == -EPROTO);
		must(ockam_noise_read(&sides[i], none, sizeof(none), none,
				      sizeof(none)) == -EPROTO);
	}
	must(!memcmp(sides[0].h, sides[1].h, OCKAM_HASH_LEN));
	must(!memcmp(tx[0], rx[1], OCKAM_KEY_LEN));
	must(!memcmp(tx[1], rx[0], OCKAM_KEY_LEN));
	must(memcmp(tx[0], tx[1], OCKAM_KEY_LEN));
}

void fuzz_noise(struct input *in)
{
	struct ockam_noise sides[2];
	struct ockam_slice payload;

	start(in, &sides[0], OCKAM_INITIATOR);
	start(in, &sides[1], OCKAM_RESPONDER);
	for (int step = 0; step < 3; step++) {
		struct ockam_noise *from = &sides[step == 1];
		struct ockam_noise *to = &sides[step != 1];
		int attacks = take(in, 1) % 4;
		size_t len;
		u8 *msg;

		payload = take_bytes(in, take(in, 1));
		len = payload.len + least[step];
		msg = malloc(len);
		must(ockam_noise_write(from, msg, len - 1, payload.data,
				       payload.len) == -EMSGSIZE);
		out_of_turn(to, msg, len, true);
		out_of_turn(from, msg, len, false);
		must(ockam_noise_write(from, msg, len, payload.data,
				       payload.len) == (int)len);
		if (payload.len >= 8)	/* only the first is in the clear */
			must(!step == !!memmem(msg, len, payload.data,
					       payload.len));
		refuse(to, msg, least[step] - 1);
		must(ockam_noise_read(to, msg, len, msg, least[step] - 1) ==
		     -EBADMSG);
		while (attacks--)
			attack(in, to, msg, len);
		accept(to, msg, len, &payload);
		free(msg);
	}
	finish(sides);
}

/* Messages from outside for one side with the keys of the vectors. */
void fuzz_noise_read(struct input *in)
{
	enum ockam_role role = take(in, 1) & 1;
	static u8 out[8192];
	struct ockam_noise noise, before;
	struct ockam_slice msg;
	int got;

	start(in, &noise, role);
	while (noise.step < 3 && in->left) {
		if ((noise.step == 1) == (role == OCKAM_RESPONDER)) {
			got = ockam_noise_write(&noise, out, sizeof(out), NULL,
						0);
			if (got == -EKEYREJECTED)	/* of low order */
				return;
			must(got > 0);
			continue;
		}
		msg = take_part(in);
		before = noise;
		got = ockam_noise_read(&noise, out, sizeof(out), msg.data,
				       msg.len);
		if (got >= 0) {
			must(noise.step == before.step + 1);
			must((size_t)got < msg.len);
		} else {
			must(!memcmp(&before, &noise, sizeof(noise)));
		}
	}
}
