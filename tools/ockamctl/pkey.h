/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Private keys and what they sign: the tool's face of OpenSSL. */
#ifndef OCKAMCTL_PKEY_H
#define OCKAMCTL_PKEY_H

#include <stdbool.h>
#include <openssl/evp.h>
#include "ident.h"

/* Numbers of public keys and signatures on the wire. */
enum pkey_alg {
	PKEY_ED25519 = 0,
	PKEY_P256 = 1,
};

/* All print one line on stderr when they fail. */

EVP_PKEY *pkey_new(enum pkey_alg alg);
EVP_PKEY *pkey_new_channel(void);	/* X25519 */
/* "ed25519" or "p256"; 0 or CTL_USAGE */
int pkey_parse_alg(enum pkey_alg *alg, const char *text);
bool pkey_is_channel(const EVP_PKEY *key);
/* Does its public part belong to the private one? */
bool pkey_is_whole(EVP_PKEY *key);
/* 0 or CTL_DATA: it is neither Ed25519 nor P-256 */
int pkey_public(struct ockam_public_key *out, EVP_PKEY *key);
/* Of an X25519 key. */
int pkey_channel_secret(uint8_t secret[OCKAM_X25519_LEN], EVP_PKEY *key);
/* The signature of a hash, as it is on the wire. */
int pkey_sign(uint8_t sig[OCKAM_SIG_LEN], EVP_PKEY *key,
	      const uint8_t hash[OCKAM_HASH_LEN]);

#endif /* OCKAMCTL_PKEY_H */
