/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Signed data, as it is on the wire: changes, attestations, credentials. */
#ifndef OCKAMCTL_SIGNED_H
#define OCKAMCTL_SIGNED_H

#include "cbor.h"
#include "pkey.h"

enum signed_type {
	SIGNED_CHANGE = 1,
	SIGNED_ATTESTATION = 2,
	SIGNED_CREDENTIAL = 3,
};

/* [1, type, data], with what was written from @start on; 0: it is too long. */
size_t signed_versioned(uint8_t *dst, size_t size, enum signed_type type,
			const struct ockam_writer *data, const uint8_t *start);
void signed_public(struct ockam_writer *w, const struct ockam_public_key *key);
/* [data, signature, previous signature]; @old may be NULL. 0 or an exit code. */
int signed_put(struct ockam_writer *w, EVP_PKEY *key, EVP_PKEY *old,
	       const uint8_t *data, size_t len);
/*
 * What @subject says of a purpose key, signed by its @key: @channel, an X25519
 * key, or else @credential. 0 or an exit code.
 */
int signed_attestation(struct ockam_writer *w,
		       const struct ockam_identity *subject, EVP_PKEY *key,
		       const uint8_t *channel,
		       const struct ockam_public_key *credential, uint64_t from,
		       uint64_t until);

#endif /* OCKAMCTL_SIGNED_H */
