/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Ed25519 signature verification (RFC 8032), nothing else. */
#ifndef OCKAM_ED25519_H
#define OCKAM_ED25519_H

#include <linux/types.h>

#define OCKAM_ED25519_KEY_LEN	32
#define OCKAM_ED25519_SIG_LEN	64

/*
 * Cofactorless, s must be below the group order, encodings canonical. Works on
 * public data only: not constant-time. 0 when good, -EKEYREJECTED otherwise,
 * or the error of a primitive. Context: may sleep.
 */
int ockam_ed25519_verify(const u8 key[OCKAM_ED25519_KEY_LEN], const u8 *msg,
			 size_t len, const u8 sig[OCKAM_ED25519_SIG_LEN]);

#endif /* OCKAM_ED25519_H */
