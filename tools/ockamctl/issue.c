// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Issuing a credential. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/evp.h>
#include "authority.h"
#include "cbor.h"

#define SCHEMA_MEMBER	1	/* as upstream's command line */

enum {
	TYPE_ATTESTATION = 2,
	TYPE_CREDENTIAL = 3,
};

/* What a credential and the attestation of its key have in common. */
struct draft {
	const struct ockam_identity *issuer;
	const uint8_t *subject;
	const char *attributes[CTL_MAX_VALUES];
	int count;
	uint8_t public[32];	/* of the key that signs the credential */
	uint64_t from, until;
};

static void put_variant_head(struct ockam_writer *w, unsigned int variant)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_head(w, OCKAM_CBOR_UINT, variant);
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 1);
}

/* [1, type, body], and its hash. */
static size_t put_versioned(uint8_t *dst, size_t size, unsigned int type,
			    const uint8_t *body, const struct ockam_writer *end,
			    uint8_t hash[32])
{
	struct ockam_writer w = ockam_writer_init(dst, size);
	struct ockam_chunk chunk = { .data = dst };

	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 3);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, 1);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, type);
	ockam_cbor_put_bytes(&w, body, end->pos - body);
	chunk.len = w.pos - dst;
	return w.bad || end->bad || ockam_sha256(hash, &chunk, 1) ? 0 :
	       chunk.len;
}

static void put_signed(struct ockam_writer *w, const uint8_t *data, size_t len,
		       unsigned int alg, const uint8_t sig[64])
{
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_bytes(w, data, len);
	put_variant_head(w, alg);
	ockam_cbor_put_bytes(w, sig, 64);
}

static void put_dates(struct ockam_writer *w, const struct draft *draft)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_UINT, draft->from);
	ockam_cbor_put_head(w, OCKAM_CBOR_UINT, draft->until);
}

/* The identity says whose key signs the credential. */
static int put_attestation(struct ockam_writer *w, const struct draft *draft,
			   const char *name)
{
	uint8_t body[256], data[320], hash[32], sig[64];
	struct ockam_writer b = ockam_writer_init(body, sizeof(body));
	unsigned int alg;
	size_t len;
	int err;

	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 5);
	ockam_cbor_put_bytes(&b, draft->issuer->identifier, 32);
	ockam_cbor_put_bytes(&b, draft->issuer->latest_hash, 32);
	put_variant_head(&b, 1);	/* a key that signs credentials: */
	put_variant_head(&b, 0);	/* Ed25519 */
	ockam_cbor_put_bytes(&b, draft->public, 32);
	put_dates(&b, draft);
	len = put_versioned(data, sizeof(data), TYPE_ATTESTATION, body, &b,
			    hash);
	err = len ? identity_sign(name, hash, sig, &alg) : CTL_INTERNAL;
	if (!err)
		put_signed(w, data, len, alg, sig);
	return err;
}

/* As maps are sorted: shorter keys are no less than longer ones they begin. */
static int by_key(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = strcspn(x, "="), m = strcspn(y, "=");
	int order = memcmp(x, y, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

static int read_attributes(struct draft *draft, const struct ctl_values *values)
{
	for (int i = 0; i < values->count; i++) {
		draft->attributes[i] = values->value[i];
		if (!strchr(values->value[i], '=') || *values->value[i] == '=')
			return ctl_fail(CTL_USAGE, "'%s' is no attribute: KEY=VALUE",
					values->value[i]);
	}
	draft->count = values->count;
	qsort(draft->attributes, draft->count, sizeof(char *), by_key);
	for (int i = 1; i < draft->count; i++)
		if (!by_key(&draft->attributes[i - 1], &draft->attributes[i]))
			return ctl_fail(CTL_USAGE, "an attribute is given twice: %s",
					draft->attributes[i]);
	return 0;
}

static int put_credential(struct ockam_writer *w, const struct draft *draft,
			  EVP_PKEY *key)
{
	static uint8_t body[CREDENTIAL_MAX], data[CREDENTIAL_MAX];
	struct ockam_writer b = ockam_writer_init(body, sizeof(body));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t hash[32], sig[64];
	size_t len, sig_len = sizeof(sig);
	bool ok;

	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 5);
	ockam_cbor_put_bytes(&b, draft->subject, 32);
	ockam_write_u8(&b, OCKAM_CBOR_NULL);	/* its latest change: unknown */
	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, SCHEMA_MEMBER);
	ockam_cbor_put_head(&b, OCKAM_CBOR_MAP, draft->count);
	for (int i = 0; i < draft->count; i++) {
		len = strcspn(draft->attributes[i], "=");
		ockam_cbor_put_bytes(&b, (const u8 *)draft->attributes[i], len);
		ockam_cbor_put_bytes(&b, (const u8 *)draft->attributes[i] + len + 1,
				     strlen(draft->attributes[i] + len + 1));
	}
	put_dates(&b, draft);
	len = put_versioned(data, sizeof(data), TYPE_CREDENTIAL, body, &b, hash);
	ok = len && ctx &&
	     EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
	     EVP_DigestSign(ctx, sig, &sig_len, hash, 32) > 0;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return ctl_fail(CTL_DATA, "too many or too long attributes");
	put_signed(w, data, len, 0, sig);
	return 0;
}

/* Would those accept it to whom it is presented? */
static int check(const struct draft *draft, const uint8_t *credential,
		 size_t len)
{
	struct ockam_slice attributes;
	enum ockam_ident_reason reason;
	uint64_t expires_at;

	reason = ockam_ident_verify_credential(&attributes, &expires_at,
					       credential, len, draft->issuer,
					       draft->subject, time(NULL));
	if (!reason)
		return 0;
	return ctl_fail(CTL_DATA, "the credential would not be good: %s",
			ockam_ident_reason_name(reason));
}

/*
 * The key that signs a credential is made for it, attested for as long as it
 * is good, and forgotten: there is no second key to keep.
 */
int credential_issue(const char *issuer, const uint8_t subject[32],
		     const struct ctl_values *attributes, uint64_t seconds,
		     uint8_t out[CREDENTIAL_MAX], size_t *len)
{
	struct ockam_writer w = ockam_writer_init(out, CREDENTIAL_MAX);
	static struct identity identity;
	struct ockam_identity verified;
	struct draft draft = { .issuer = &verified, .subject = subject };
	size_t public_len = sizeof(draft.public);
	EVP_PKEY *key;
	int err;

	err = read_attributes(&draft, attributes);
	if (!err)
		err = identity_peek(issuer, &identity, false);
	if (err)
		return err;
	ockam_ident_verify_history(&verified, identity.history,
				   identity.history_len);
	draft.from = time(NULL);
	draft.until = draft.from + seconds;
	if (draft.from < verified.valid_from)
		draft.from = verified.valid_from;
	if (draft.until > verified.valid_until)
		draft.until = verified.valid_until;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!key || EVP_PKEY_get_raw_public_key(key, draft.public,
						&public_len) <= 0)
		err = ctl_fail(CTL_INTERNAL, "cannot make a key");
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 2);
	if (!err)
		err = put_credential(&w, &draft, key);
	if (!err)
		err = put_attestation(&w, &draft, issuer);
	EVP_PKEY_free(key);
	if (!err && w.bad)
		err = ctl_fail(CTL_DATA, "too many or too long attributes");
	*len = w.pos - out;
	return err ? err : check(&draft, out, *len);
}
