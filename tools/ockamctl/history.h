/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What an identity signs: changes of its history, attestations. */
#ifndef OCKAMCTL_HISTORY_H
#define OCKAMCTL_HISTORY_H

#include "keys.h"
#include "pkey.h"

/* One change of a history, for showing it. */
struct change {
	uint8_t hash[OCKAM_HASH_LEN];
	struct ockam_public_key key;
	bool revoke;
	uint64_t valid_from, valid_until;
};

/*
 * Adds a change to what @identity has, or makes the first one: signed by @key,
 * and by @old, the key of the change before (NULL: there is none). The result
 * is verified, into @verified. 0 or an exit code.
 */
int history_add(struct identity *identity, struct ockam_identity *verified,
		EVP_PKEY *old, EVP_PKEY *key, bool revoke);
/* Verifies, and sets the identifier. 0, or CTL_DATA after one line. */
int history_verify(struct identity *identity, struct ockam_identity *verified);
/* The changes of a history that was verified; how many. */
int history_read(struct change changes[OCKAM_CHANGES_MAX],
		 const struct identity *identity);
/* Bytes of the one item that @data begins with; 0 if there is none. */
size_t history_len(const uint8_t *data, size_t len);
/* A new attestation of a channel's public key, verified. */
int attestation_make(struct identity *identity,
		     const struct ockam_identity *verified, EVP_PKEY *key,
		     const uint8_t public[OCKAM_X25519_LEN]);
/* Is it there, good for this key, and for a while? */
bool attestation_is_good(struct identity *identity,
			 const struct ockam_identity *verified,
			 const uint8_t public[OCKAM_X25519_LEN]);

#endif /* OCKAMCTL_HISTORY_H */
