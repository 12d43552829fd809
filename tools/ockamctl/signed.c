// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Signed data, as it is on the wire: changes, attestations, credentials. */

#include "bytes.h"
#include "ctl.h"
#include "signed.h"

size_t signed_versioned(uint8_t *dst, size_t size, enum signed_type type,
			const struct ockam_writer *data, const uint8_t *start)
{
	struct ockam_writer w = ockam_writer_init(dst, size);

	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 3);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, 1);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, type);
	ockam_cbor_put_bytes(&w, start, data->pos - start);
	return w.bad || data->bad ? 0 : (size_t)(w.pos - dst);
}

/* [variant, [...]], of which the last part follows */
static void put_variant(struct ockam_writer *w, unsigned int variant)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_head(w, OCKAM_CBOR_UINT, variant);
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 1);
}

static void put_bytes(struct ockam_writer *w, unsigned int variant,
		      const uint8_t *bytes, size_t len)
{
	put_variant(w, variant);
	ockam_cbor_put_bytes(w, bytes, len);
}

void signed_public(struct ockam_writer *w, const struct ockam_public_key *key)
{
	put_bytes(w, key->alg, key->key,
		  key->alg == PKEY_P256 ? OCKAM_P256_KEY_LEN : 32);
}

int signed_put(struct ockam_writer *w, EVP_PKEY *key, EVP_PKEY *old,
	       const uint8_t *data, size_t len)
{
	const struct ockam_chunk chunk = { data, len };
	EVP_PKEY *const keys[] = { key, old };
	uint8_t hash[OCKAM_HASH_LEN], sig[OCKAM_SIG_LEN];
	struct ockam_public_key public;

	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, old ? 3 : 2);
	ockam_cbor_put_bytes(w, data, len);
	if (!len || ockam_sha256(hash, &chunk, 1))
		return ctl_fail(CTL_INTERNAL, "cannot hash");
	for (int i = 0; i < 2 && keys[i]; i++) {
		if (pkey_public(&public, keys[i]) ||
		    pkey_sign(sig, keys[i], hash))
			return CTL_INTERNAL;
		put_bytes(w, public.alg, sig, sizeof(sig));
	}
	return 0;
}

int signed_attestation(struct ockam_writer *w,
		       const struct ockam_identity *subject, EVP_PKEY *key,
		       const uint8_t *channel,
		       const struct ockam_public_key *credential, uint64_t from,
		       uint64_t until)
{
	uint8_t body[256], data[320];
	struct ockam_writer b = ockam_writer_init(body, sizeof(body));
	size_t len;

	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 5);
	ockam_cbor_put_bytes(&b, subject->identifier, OCKAM_IDENTIFIER_LEN);
	ockam_cbor_put_bytes(&b, subject->latest_hash, OCKAM_HASH_LEN);
	if (channel) {
		put_bytes(&b, 0, channel, OCKAM_X25519_LEN);
	} else {
		put_variant(&b, 1);
		signed_public(&b, credential);
	}
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, from);
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, until);
	len = signed_versioned(data, sizeof(data), SIGNED_ATTESTATION, &b, body);
	return signed_put(w, key, NULL, data, len);
}
