// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The Noise XX handshake as Ockam uses it: bytes in, bytes out. */

#include <linux/errno.h>
#include <linux/string.h>
#include "noise.h"

/*
 *	-> e
 *	<- e, ee, s, es
 *	-> s, se
 *
 * Each message ends with its payload, sealed as soon as there is a key. After
 * the last one two keys come out of the chaining key; the initiator sends with
 * the second, which is not what plain Noise does.
 */

const char ockam_noise_name[OCKAM_NOISE_NAME_LEN] = {
	'O', 'C', 'K', 'A', 'M', '_', 'X', 'X', '_', '2', '5', '5', '1', '9',
	'_', 'A', 'E', 'S', '2', '5', '6', '_', 'G', 'C', 'M', '_', 'S', 'H',
	'A', '2', '5', '6',
};

static int ockam_noise_mix_hash(struct ockam_noise *noise, const u8 *data,
				size_t len)
{
	const struct ockam_chunk chunks[] = {
		{ noise->h, OCKAM_HASH_LEN }, { data, len },
	};

	return ockam_sha256(noise->h, chunks, 2);
}

static int ockam_noise_mix_key(struct ockam_noise *noise, const u8 *secret,
			       const u8 *public)
{
	u8 dh[OCKAM_X25519_LEN];
	int err;

	err = ockam_x25519(dh, secret, public);
	if (!err)
		err = ockam_hkdf2(noise->ck, noise->k, noise->ck, dh,
				  sizeof(dh));
	ockam_wipe(dh, sizeof(dh));
	noise->n = 0;
	noise->has_key = true;
	return err;
}

/* Seal when there is a key, else copy; @dst has room for a tag. */
static int ockam_noise_encrypt(struct ockam_noise *noise, u8 *dst,
			       const u8 *data, size_t len)
{
	size_t out = len;
	int err = 0;

	if (noise->has_key) {
		out += OCKAM_TAG_LEN;
		err = ockam_aead_seal_once(noise->k, noise->n++, noise->h,
					   OCKAM_HASH_LEN, dst, data, len);
	} else if (len) {
		memmove(dst, data, len);
	}
	return err ?: ockam_noise_mix_hash(noise, dst, out);
}

static int ockam_noise_decrypt(struct ockam_noise *noise, u8 *dst,
			       const u8 *data, size_t len)
{
	u8 h[OCKAM_HASH_LEN];
	int err;

	memcpy(h, noise->h, sizeof(h));
	/* The hash covers the ciphertext, which opening may overwrite. */
	err = ockam_noise_mix_hash(noise, data, len);
	if (err)
		return err;
	if (noise->has_key)
		return ockam_aead_open_once(noise->k, noise->n++, h, sizeof(h),
					    dst, data, len);
	if (len)
		memmove(dst, data, len);
	return 0;
}

/**
 * ockam_noise_init() - begin a handshake
 * @noise:            state
 * @role:             ours
 * @name:             protocol name
 * @prologue:         bytes that both sides must agree on
 * @prologue_len:     how many
 * @static_secret:    our static secret
 * @ephemeral_secret: fresh random bytes
 *
 * Return: 0 or the error of a primitive.
 */
int ockam_noise_init(struct ockam_noise *noise, enum ockam_role role,
		     const char name[OCKAM_NOISE_NAME_LEN], const u8 *prologue,
		     size_t prologue_len,
		     const u8 static_secret[OCKAM_X25519_LEN],
		     const u8 ephemeral_secret[OCKAM_X25519_LEN])
{
	int err;

	memset(noise, 0, sizeof(*noise));
	noise->role = role;
	memcpy(noise->h, name, OCKAM_NOISE_NAME_LEN);
	memcpy(noise->ck, name, OCKAM_NOISE_NAME_LEN);
	memcpy(noise->s_secret, static_secret, OCKAM_X25519_LEN);
	memcpy(noise->e_secret, ephemeral_secret, OCKAM_X25519_LEN);
	err = ockam_x25519_public(noise->s_public, noise->s_secret);
	if (!err)
		err = ockam_x25519_public(noise->e_public, noise->e_secret);
	return err ?: ockam_noise_mix_hash(noise, prologue, prologue_len);
}

static int ockam_noise_write_1(struct ockam_noise *noise, u8 *dst,
			       const u8 *payload, size_t len)
{
	int err;

	memcpy(dst, noise->e_public, OCKAM_X25519_LEN);
	err = ockam_noise_mix_hash(noise, dst, OCKAM_X25519_LEN);
	return err ?: ockam_noise_encrypt(noise, dst + OCKAM_NOISE_MSG1_LEN,
					  payload, len);
}

static int ockam_noise_write_2(struct ockam_noise *noise, u8 *dst,
			       const u8 *payload, size_t len)
{
	u8 *s = dst + OCKAM_X25519_LEN;
	int err;

	memcpy(dst, noise->e_public, OCKAM_X25519_LEN);
	err = ockam_noise_mix_hash(noise, dst, OCKAM_X25519_LEN);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->e_secret, noise->re);
	if (!err)
		err = ockam_noise_encrypt(noise, s, noise->s_public,
					  OCKAM_X25519_LEN);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->s_secret, noise->re);
	return err ?: ockam_noise_encrypt(noise, s + OCKAM_X25519_LEN +
					  OCKAM_TAG_LEN, payload, len);
}

static int ockam_noise_write_3(struct ockam_noise *noise, u8 *dst,
			       const u8 *payload, size_t len)
{
	int err;

	err = ockam_noise_encrypt(noise, dst, noise->s_public,
				  OCKAM_X25519_LEN);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->s_secret, noise->re);
	return err ?: ockam_noise_encrypt(noise, dst + OCKAM_X25519_LEN +
					  OCKAM_TAG_LEN, payload, len);
}

/* Bytes that message number @step needs around its payload. */
static size_t ockam_noise_overhead(u8 step)
{
	static const size_t overhead[] = {
		OCKAM_NOISE_MSG1_LEN, OCKAM_NOISE_MSG2_LEN,
		OCKAM_NOISE_MSG3_LEN,
	};

	return overhead[step];
}

/* The initiator writes messages 0 and 2, the responder message 1. */
static bool ockam_noise_our_turn(const struct ockam_noise *noise)
{
	return noise->step < 3 &&
	       (noise->step == 1) == (noise->role == OCKAM_RESPONDER);
}

/**
 * ockam_noise_write() - make our next message
 * @noise:   state
 * @dst:     where to
 * @size:    room
 * @payload: its payload
 * @len:     bytes of payload
 *
 * Return: bytes of the message; -EPROTO it is not our turn; -EMSGSIZE; the
 * error of a primitive, after which the handshake is over.
 */
int ockam_noise_write(struct ockam_noise *noise, u8 *dst, size_t size,
		      const u8 *payload, size_t len)
{
	size_t total;
	int err;

	if (!ockam_noise_our_turn(noise))
		return -EPROTO;
	total = ockam_noise_overhead(noise->step) + len;
	if (total > OCKAM_NOISE_MSG_MAX || total > size)
		return -EMSGSIZE;
	switch (noise->step) {
	case 0:
		err = ockam_noise_write_1(noise, dst, payload, len);
		break;
	case 1:
		err = ockam_noise_write_2(noise, dst, payload, len);
		break;
	default:
		err = ockam_noise_write_3(noise, dst, payload, len);
		break;
	}
	if (err)
		return err;
	noise->step++;
	return total;
}

static int ockam_noise_read_1(struct ockam_noise *noise, u8 *payload,
			      const u8 *msg, size_t len)
{
	int err;

	memcpy(noise->re, msg, OCKAM_X25519_LEN);
	err = ockam_noise_mix_hash(noise, msg, OCKAM_X25519_LEN);
	return err ?: ockam_noise_decrypt(noise, payload,
					  msg + OCKAM_NOISE_MSG1_LEN,
					  len - OCKAM_NOISE_MSG1_LEN);
}

static int ockam_noise_read_2(struct ockam_noise *noise, u8 *payload,
			      const u8 *msg, size_t len)
{
	const u8 *s = msg + OCKAM_X25519_LEN;
	const size_t sealed = OCKAM_X25519_LEN + OCKAM_TAG_LEN;
	int err;

	memcpy(noise->re, msg, OCKAM_X25519_LEN);
	err = ockam_noise_mix_hash(noise, msg, OCKAM_X25519_LEN);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->e_secret, noise->re);
	if (!err)
		err = ockam_noise_decrypt(noise, noise->rs, s, sealed);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->e_secret, noise->rs);
	return err ?: ockam_noise_decrypt(noise, payload, s + sealed,
					  len - OCKAM_X25519_LEN - sealed);
}

static int ockam_noise_read_3(struct ockam_noise *noise, u8 *payload,
			      const u8 *msg, size_t len)
{
	const size_t sealed = OCKAM_X25519_LEN + OCKAM_TAG_LEN;
	int err;

	err = ockam_noise_decrypt(noise, noise->rs, msg, sealed);
	if (!err)
		err = ockam_noise_mix_key(noise, noise->e_secret, noise->rs);
	return err ?: ockam_noise_decrypt(noise, payload, msg + sealed,
					  len - sealed);
}

/**
 * ockam_noise_read() - take the peer's next message
 * @noise:   state; unchanged on any error
 * @payload: where its payload goes
 * @size:    room
 * @msg:     message
 * @len:     its bytes
 *
 * Return: bytes of payload; -EPROTO it is not the peer's turn; -EBADMSG too
 * short or not authentic; -EMSGSIZE too long; -EKEYREJECTED a public key of
 * low order; or the error of a primitive.
 */
int ockam_noise_read(struct ockam_noise *noise, u8 *payload, size_t size,
		     const u8 *msg, size_t len)
{
	struct ockam_noise next;
	size_t overhead;
	int err;

	if (noise->step >= 3 || ockam_noise_our_turn(noise))
		return -EPROTO;
	overhead = ockam_noise_overhead(noise->step);
	if (len < overhead)
		return -EBADMSG;
	if (len > OCKAM_NOISE_MSG_MAX || len - overhead > size)
		return -EMSGSIZE;
	next = *noise;
	switch (noise->step) {
	case 0:
		err = ockam_noise_read_1(&next, payload, msg, len);
		break;
	case 1:
		err = ockam_noise_read_2(&next, payload, msg, len);
		break;
	default:
		err = ockam_noise_read_3(&next, payload, msg, len);
		break;
	}
	if (!err) {
		next.step++;
		*noise = next;
	}
	ockam_noise_wipe(&next);
	return err ?: (int)(len - overhead);
}

/**
 * ockam_noise_split() - the keys of the data phase
 * @noise: state after the last message
 * @tx:    set to the key that this side sends with
 * @rx:    set to the key that it receives with
 *
 * Return: 0; -EPROTO the handshake is not done.
 */
int ockam_noise_split(const struct ockam_noise *noise, u8 tx[OCKAM_KEY_LEN],
		      u8 rx[OCKAM_KEY_LEN])
{
	if (noise->step != 3)
		return -EPROTO;
	if (noise->role == OCKAM_INITIATOR)
		return ockam_hkdf2(rx, tx, noise->ck, NULL, 0);
	return ockam_hkdf2(tx, rx, noise->ck, NULL, 0);
}

/**
 * ockam_noise_wipe() - forget everything
 * @noise: state
 */
void ockam_noise_wipe(struct ockam_noise *noise)
{
	ockam_wipe(noise, sizeof(*noise));
}
