/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The Noise XX handshake as Ockam uses it: bytes in, bytes out. */
#ifndef OCKAM_NOISE_H
#define OCKAM_NOISE_H

#include <linux/types.h>
#include "crypto.h"

#define OCKAM_NOISE_MSG_MAX	65535
#define OCKAM_NOISE_MSG1_LEN	32	/* without payload */
#define OCKAM_NOISE_MSG2_LEN	96
#define OCKAM_NOISE_MSG3_LEN	64
#define OCKAM_NOISE_NAME_LEN	32

extern const char ockam_noise_name[OCKAM_NOISE_NAME_LEN];

enum ockam_role {
	OCKAM_INITIATOR,
	OCKAM_RESPONDER,
};

/**
 * struct ockam_noise - one side of a handshake
 * @role:     who we are
 * @step:     messages done, 0 to 3
 * @has_key:  @k is set
 * @h:        transcript hash
 * @ck:       chaining key
 * @k:        current key
 * @n:        its counter
 * @s_secret: our static secret
 * @s_public: our static public key
 * @e_secret: our ephemeral secret
 * @e_public: our ephemeral public key
 * @rs:       the peer's static public key, once received
 * @re:       the peer's ephemeral public key, once received
 *
 * Flat memory without pointers: a reader works on a copy and commits it only
 * when the whole message was good, so that a bad message changes nothing.
 * Holds secrets: end with ockam_noise_wipe().
 */
struct ockam_noise {
	enum ockam_role role;
	u8 step;
	bool has_key;
	u8 h[OCKAM_HASH_LEN];
	u8 ck[OCKAM_KEY_LEN];
	u8 k[OCKAM_KEY_LEN];
	u64 n;
	u8 s_secret[OCKAM_X25519_LEN];
	u8 s_public[OCKAM_X25519_LEN];
	u8 e_secret[OCKAM_X25519_LEN];
	u8 e_public[OCKAM_X25519_LEN];
	u8 rs[OCKAM_X25519_LEN];
	u8 re[OCKAM_X25519_LEN];
};

/* @name and @prologue are parameters so that public Noise vectors apply too. */
int ockam_noise_init(struct ockam_noise *noise, enum ockam_role role,
		     const char name[OCKAM_NOISE_NAME_LEN], const u8 *prologue,
		     size_t prologue_len,
		     const u8 static_secret[OCKAM_X25519_LEN],
		     const u8 ephemeral_secret[OCKAM_X25519_LEN]);
/* Our next message into @dst; returns its length. -EPROTO: not our turn. */
int ockam_noise_write(struct ockam_noise *noise, u8 *dst, size_t size,
		      const u8 *payload, size_t len);
/*
 * The peer's next message; its payload goes to @payload (size >= len), the
 * payload's length is returned. On any error nothing has changed: -EPROTO not
 * the peer's turn, -EBADMSG too short or not authentic, -EMSGSIZE too long.
 */
int ockam_noise_read(struct ockam_noise *noise, u8 *payload, size_t size,
		     const u8 *msg, size_t len);
/* The two keys, already in the order in which this side uses them. */
int ockam_noise_split(const struct ockam_noise *noise, u8 tx[OCKAM_KEY_LEN],
		      u8 rx[OCKAM_KEY_LEN]);
void ockam_noise_wipe(struct ockam_noise *noise);

#endif /* OCKAM_NOISE_H */
