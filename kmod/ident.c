// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Identities, attestations and credentials: decode and judge. */

#include <linux/errno.h>
#include "cbor.h"
#include "ed25519.h"
#include "ident.h"

#define OCKAM_IDENT_VERSION_1	1

enum {
	OCKAM_IDENT_TYPE_CHANGE = 1,
	OCKAM_IDENT_TYPE_ATTESTATION = 2,
	OCKAM_IDENT_TYPE_CREDENTIAL = 3,
};

enum {
	OCKAM_IDENT_ED25519 = 0,
	OCKAM_IDENT_P256 = 1,
};

/**
 * struct ockam_ident_signature - a decoded signature
 * @present: there is one
 * @alg:     OCKAM_IDENT_ED25519 or _P256
 * @bytes:   64 bytes, in the input
 */
struct ockam_ident_signature {
	bool present;
	u8 alg;
	const u8 *bytes;
};

/**
 * struct ockam_ident_change - a decoded change
 * @data:      encoded VersionedData: what is hashed
 * @signature: by the key of this change
 * @previous_signature: by the key of the one before
 * @version:   of the VersionedData
 * @previous:  hash of the change before, or NULL
 * @key:       primary public key
 * @valid_from: seconds
 * @valid_until: seconds
 */
struct ockam_ident_change {
	struct ockam_slice data;
	struct ockam_ident_signature signature;
	struct ockam_ident_signature previous_signature;
	u8 version;
	const u8 *previous;
	struct ockam_public_key key;
	u64 valid_from;
	u64 valid_until;
};

static int ockam_ident_hash(u8 hash[OCKAM_HASH_LEN],
			    const struct ockam_slice *data)
{
	const struct ockam_chunk chunk = { data->data, data->len };

	return ockam_sha256(hash, &chunk, 1);
}

static struct ockam_slice ockam_ident_bytes(struct ockam_reader *r)
{
	struct ockam_slice slice;

	slice.data = ockam_cbor_bytes(r, &slice.len);
	return slice;
}

/* A data field: an encoded record in a byte string of its own. */
static struct ockam_reader ockam_ident_inside(const struct ockam_slice *slice)
{
	return ockam_reader_init(slice->data, slice->data ? slice->len : 0);
}

/* Two enums share this shape: [variant, [bytes]]. */
static const u8 *ockam_ident_variant_bytes(struct ockam_reader *r, size_t len)
{
	struct ockam_cbor_array body = ockam_cbor_array(r);
	const u8 *bytes;

	ockam_cbor_need(r, &body);
	bytes = ockam_cbor_fixed(r, len);
	ockam_cbor_finish(r, &body);
	return bytes;
}

static void ockam_ident_public_key(struct ockam_reader *r,
				   struct ockam_public_key *key)
{
	u32 alg = ockam_cbor_enum(r);
	size_t len = alg ? OCKAM_P256_KEY_LEN : OCKAM_ED25519_KEY_LEN;
	const u8 *bytes;

	if (alg > OCKAM_IDENT_P256) {
		r->bad = true;
		return;
	}
	bytes = ockam_ident_variant_bytes(r, len);
	if (!bytes)
		return;
	key->alg = alg;
	memset(key->key, 0, sizeof(key->key));
	memcpy(key->key, bytes, len);
}

/* @optional: an unknown variant means that there is none. */
static void ockam_ident_signature(struct ockam_reader *r,
				  struct ockam_ident_signature *signature,
				  bool optional)
{
	u32 alg = ockam_cbor_enum(r);

	signature->present = false;
	if (alg > OCKAM_IDENT_P256) {
		if (optional)
			ockam_cbor_skip(r);
		else
			r->bad = true;
		return;
	}
	signature->alg = alg;
	signature->bytes = ockam_ident_variant_bytes(r, OCKAM_SIG_LEN);
	signature->present = !r->bad;
}

/* [version, type, data]; @version NULL: it must be 1. */
static enum ockam_ident_reason
ockam_ident_versioned(const struct ockam_slice *encoded, u8 type, u8 *version,
		      struct ockam_slice *data)
{
	struct ockam_reader r = ockam_ident_inside(encoded);
	struct ockam_cbor_array record = ockam_cbor_array(&r);
	u8 got_version, got_type;

	ockam_cbor_need(&r, &record);
	got_version = ockam_cbor_uint(&r, U8_MAX);
	ockam_cbor_need(&r, &record);
	got_type = ockam_cbor_uint(&r, U8_MAX);
	ockam_cbor_need(&r, &record);
	*data = ockam_ident_bytes(&r);
	ockam_cbor_finish(&r, &record);
	if (r.bad)
		return OCKAM_IDENT_MALFORMED;
	if (got_version != OCKAM_IDENT_VERSION_1 || got_type != type)
		return OCKAM_IDENT_VERSION;
	if (version)
		*version = got_version;
	return OCKAM_IDENT_GOOD;
}

static enum ockam_ident_reason
ockam_ident_change_data(struct ockam_ident_change *change)
{
	enum ockam_ident_reason reason;
	struct ockam_cbor_array record;
	struct ockam_slice data;
	struct ockam_reader r;

	reason = ockam_ident_versioned(&change->data, OCKAM_IDENT_TYPE_CHANGE,
				       &change->version, &data);
	if (reason)
		return reason;
	r = ockam_ident_inside(&data);
	record = ockam_cbor_array(&r);
	ockam_cbor_need(&r, &record);
	change->previous = ockam_cbor_null(&r) ? NULL :
			   ockam_cbor_fixed(&r, OCKAM_HASH_LEN);
	ockam_cbor_need(&r, &record);
	ockam_ident_public_key(&r, &change->key);
	ockam_cbor_need(&r, &record);
	ockam_cbor_bool(&r);		/* revoke_all: plays no part */
	ockam_cbor_need(&r, &record);
	change->valid_from = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_need(&r, &record);
	change->valid_until = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_finish(&r, &record);
	return r.bad ? OCKAM_IDENT_MALFORMED : OCKAM_IDENT_GOOD;
}

/* The outer record of a change, without what is inside its data. */
static void ockam_ident_change_outer(struct ockam_reader *r,
				     struct ockam_ident_change *change)
{
	struct ockam_cbor_array record = ockam_cbor_array(r);

	memset(change, 0, sizeof(*change));
	ockam_cbor_need(r, &record);
	change->data = ockam_ident_bytes(r);
	ockam_cbor_need(r, &record);
	ockam_ident_signature(r, &change->signature, false);
	if (ockam_cbor_more(r, &record) && !ockam_cbor_null(r))
		ockam_ident_signature(r, &change->previous_signature, true);
	ockam_cbor_finish(r, &record);
}

/* All outer records must decode before anything is judged. */
static enum ockam_ident_reason
ockam_ident_history_shape(const u8 *history, size_t len)
{
	struct ockam_reader r = ockam_reader_init(history, len);
	struct ockam_cbor_array list = ockam_cbor_array(&r);
	struct ockam_ident_change change;
	unsigned int count = 0;

	while (ockam_cbor_more(&r, &list)) {
		if (++count > OCKAM_CHANGES_MAX)
			return OCKAM_IDENT_TOO_MANY;
		ockam_ident_change_outer(&r, &change);
	}
	if (r.bad)
		return OCKAM_IDENT_MALFORMED;
	return count ? OCKAM_IDENT_GOOD : OCKAM_IDENT_EMPTY;
}

static enum ockam_ident_reason
ockam_ident_check_signature(const struct ockam_public_key *key,
			    const struct ockam_ident_signature *signature,
			    const u8 hash[OCKAM_HASH_LEN])
{
	int err;

	if (!signature->present || signature->alg != key->alg)
		return OCKAM_IDENT_SIGNATURE;
	if (key->alg == OCKAM_IDENT_ED25519)
		err = ockam_ed25519_verify(key->key, hash, OCKAM_HASH_LEN,
					   signature->bytes);
	else
		err = ockam_p256_verify(key->key, hash, OCKAM_HASH_LEN,
					signature->bytes);
	if (err == -EKEYREJECTED)
		return OCKAM_IDENT_SIGNATURE;
	return err ? OCKAM_IDENT_FAILED : OCKAM_IDENT_GOOD;
}

/* First pass: contents, links, dates. */
static enum ockam_ident_reason
ockam_ident_history_links(struct ockam_identity *out, const u8 *history,
			  size_t len)
{
	struct ockam_reader r = ockam_reader_init(history, len);
	struct ockam_cbor_array list = ockam_cbor_array(&r);
	enum ockam_ident_reason reason;
	struct ockam_ident_change change;

	while (ockam_cbor_more(&r, &list)) {
		ockam_ident_change_outer(&r, &change);
		reason = ockam_ident_change_data(&change);
		if (reason)
			return reason;
		if (!out->changes && change.previous)
			return OCKAM_IDENT_LINK;
		if (out->changes &&
		    (!change.previous || change.valid_from < out->valid_from ||
		     memcmp(change.previous, out->latest_hash,
			    OCKAM_HASH_LEN)))
			return OCKAM_IDENT_LINK;
		if (ockam_ident_hash(out->latest_hash, &change.data))
			return OCKAM_IDENT_FAILED;
		if (!out->changes)
			memcpy(out->identifier, out->latest_hash,
			       OCKAM_IDENTIFIER_LEN);
		out->latest_key = change.key;
		out->valid_from = change.valid_from;
		out->valid_until = change.valid_until;
		out->changes++;
	}
	return OCKAM_IDENT_GOOD;
}

/* Second pass: signatures, the previous key's first. */
static enum ockam_ident_reason
ockam_ident_history_signatures(const u8 *history, size_t len)
{
	struct ockam_reader r = ockam_reader_init(history, len);
	struct ockam_cbor_array list = ockam_cbor_array(&r);
	struct ockam_public_key previous;
	struct ockam_ident_change change;
	enum ockam_ident_reason reason;
	u8 hash[OCKAM_HASH_LEN];
	bool first = true;

	while (ockam_cbor_more(&r, &list)) {
		ockam_ident_change_outer(&r, &change);
		reason = ockam_ident_change_data(&change);
		if (reason)
			return reason;
		if (ockam_ident_hash(hash, &change.data))
			return OCKAM_IDENT_FAILED;
		if (!first)
			reason = ockam_ident_check_signature(&previous, &change.previous_signature,
							     hash);
		if (!reason)
			reason = ockam_ident_check_signature(&change.key, &change.signature,
							     hash);
		if (reason)
			return reason;
		previous = change.key;
		first = false;
	}
	return OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_verify_history() - verify a change history
 * @out:     set to what it says
 * @history: encoded
 * @len:     its bytes
 *
 * Return: OCKAM_IDENT_GOOD or the reason of the first failure. Context: may
 * sleep; at most two signature checks for each of OCKAM_CHANGES_MAX changes.
 */
enum ockam_ident_reason
ockam_ident_verify_history(struct ockam_identity *out, const u8 *history,
			   size_t len)
{
	enum ockam_ident_reason reason;

	memset(out, 0, sizeof(*out));
	reason = ockam_ident_history_shape(history, len);
	if (!reason)
		reason = ockam_ident_history_links(out, history, len);
	return reason ?: ockam_ident_history_signatures(history, len);
}

/* [data, signature] of an attestation or a credential. */
static void ockam_ident_signed(struct ockam_reader *r,
			       struct ockam_slice *data,
			       struct ockam_ident_signature *signature)
{
	struct ockam_cbor_array record = ockam_cbor_array(r);

	ockam_cbor_need(r, &record);
	*data = ockam_ident_bytes(r);
	ockam_cbor_need(r, &record);
	ockam_ident_signature(r, signature, false);
	ockam_cbor_finish(r, &record);
}

static void ockam_ident_purpose_key(struct ockam_reader *r,
				    struct ockam_attestation *out)
{
	struct ockam_cbor_array body;
	const u8 *bytes;
	u32 kind = ockam_cbor_enum(r);

	if (kind > 1) {
		r->bad = true;
		return;
	}
	out->is_channel = !kind;
	if (out->is_channel) {
		bytes = ockam_ident_variant_bytes(r, OCKAM_X25519_LEN);
		if (bytes)
			memcpy(out->key, bytes, OCKAM_X25519_LEN);
		return;
	}
	body = ockam_cbor_array(r);
	ockam_cbor_need(r, &body);
	ockam_ident_public_key(r, &out->signing_key);
	ockam_cbor_finish(r, &body);
}

static enum ockam_ident_reason
ockam_ident_attestation_data(struct ockam_attestation *out,
			     const struct ockam_slice *encoded)
{
	enum ockam_ident_reason reason;
	struct ockam_cbor_array record;
	struct ockam_slice data;
	struct ockam_reader r;
	const u8 *subject, *hash;

	reason = ockam_ident_versioned(encoded, OCKAM_IDENT_TYPE_ATTESTATION,
				       NULL, &data);
	if (reason)
		return reason;
	memset(out, 0, sizeof(*out));
	r = ockam_ident_inside(&data);
	record = ockam_cbor_array(&r);
	ockam_cbor_need(&r, &record);
	subject = ockam_cbor_fixed(&r, OCKAM_IDENTIFIER_LEN);
	ockam_cbor_need(&r, &record);
	hash = ockam_cbor_fixed(&r, OCKAM_HASH_LEN);
	ockam_cbor_need(&r, &record);
	ockam_ident_purpose_key(&r, out);
	ockam_cbor_need(&r, &record);
	out->created_at = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_need(&r, &record);
	out->expires_at = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_finish(&r, &record);
	if (r.bad)
		return OCKAM_IDENT_MALFORMED;
	memcpy(out->subject, subject, OCKAM_IDENTIFIER_LEN);
	memcpy(out->latest_hash, hash, OCKAM_HASH_LEN);
	return OCKAM_IDENT_GOOD;
}

static enum ockam_ident_reason
ockam_ident_check_dates(u64 created_at, u64 expires_at, u64 now)
{
	if (created_at > now && created_at - now > OCKAM_CLOCK_ALLOWANCE)
		return OCKAM_IDENT_FUTURE;
	return expires_at < now ? OCKAM_IDENT_EXPIRED : OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_verify_attestation() - verify a purpose key attestation
 * @out:         set to what it says
 * @attestation: encoded
 * @len:         its bytes
 * @identity:    verified history of the claimed subject
 * @subject:     identifier that it must be for, or NULL
 * @now:         wall clock, seconds
 *
 * Return: OCKAM_IDENT_GOOD or the reason of the first failure, in the order
 * of the specification.
 */
enum ockam_ident_reason
ockam_ident_verify_attestation(struct ockam_attestation *out,
			       const u8 *attestation, size_t len,
			       const struct ockam_identity *identity,
			       const u8 *subject, u64 now)
{
	struct ockam_reader r = ockam_reader_init(attestation, len);
	struct ockam_ident_signature signature;
	enum ockam_ident_reason reason;
	struct ockam_slice data;
	u8 hash[OCKAM_HASH_LEN];

	ockam_ident_signed(&r, &data, &signature);
	if (r.bad)
		return OCKAM_IDENT_MALFORMED;
	reason = ockam_ident_attestation_data(out, &data);
	if (reason)
		return reason;
	if (subject && memcmp(out->subject, subject, OCKAM_IDENTIFIER_LEN))
		return OCKAM_IDENT_SUBJECT;
	if (!identity ||
	    memcmp(out->subject, identity->identifier, OCKAM_IDENTIFIER_LEN))
		return OCKAM_IDENT_SUBJECT;
	if (memcmp(out->latest_hash, identity->latest_hash, OCKAM_HASH_LEN))
		return OCKAM_IDENT_STALE_KEY;
	if (out->expires_at > identity->valid_until ||
	    out->created_at < identity->valid_from)
		return OCKAM_IDENT_VALIDITY;
	reason = ockam_ident_check_dates(out->created_at, out->expires_at, now);
	if (reason)
		return reason;
	if (ockam_ident_hash(hash, &data))
		return OCKAM_IDENT_FAILED;
	return ockam_ident_check_signature(&identity->latest_key, &signature,
					   hash);
}

/**
 * struct ockam_ident_credential - a decoded credential
 * @subject:    identifier, or NULL
 * @attributes: encoded map
 * @created_at: seconds
 * @expires_at: seconds
 */
struct ockam_ident_credential {
	const u8 *subject;
	struct ockam_slice attributes;
	u64 created_at;
	u64 expires_at;
};

/* {bytes: bytes}, entries in any order. */
static void ockam_ident_map(struct ockam_reader *r, struct ockam_slice *map)
{
	const u8 *start = r->pos;
	size_t len;
	u64 left;

	if (ockam_reader_left(r) && *r->pos == 0xbf) {
		r->pos++;
		while (!r->bad && ockam_reader_left(r) &&
		       *r->pos != OCKAM_CBOR_BREAK) {
			ockam_cbor_bytes(r, &len);
			ockam_cbor_bytes(r, &len);
		}
		ockam_read_u8(r);
	} else {
		left = ockam_cbor_head(r, OCKAM_CBOR_MAP);
		for (; left && !r->bad; left--) {
			ockam_cbor_bytes(r, &len);
			ockam_cbor_bytes(r, &len);
		}
	}
	map->data = start;
	map->len = r->pos - start;
}

static enum ockam_ident_reason
ockam_ident_credential_data(struct ockam_ident_credential *out,
			    const struct ockam_slice *encoded)
{
	struct ockam_cbor_array record, attributes;
	enum ockam_ident_reason reason;
	struct ockam_slice data;
	struct ockam_reader r;

	reason = ockam_ident_versioned(encoded, OCKAM_IDENT_TYPE_CREDENTIAL,
				       NULL, &data);
	if (reason)
		return reason;
	r = ockam_ident_inside(&data);
	record = ockam_cbor_array(&r);
	ockam_cbor_need(&r, &record);
	out->subject = ockam_cbor_null(&r) ? NULL :
		       ockam_cbor_fixed(&r, OCKAM_IDENTIFIER_LEN);
	ockam_cbor_need(&r, &record);
	if (!ockam_cbor_null(&r))
		ockam_cbor_fixed(&r, OCKAM_HASH_LEN);
	ockam_cbor_need(&r, &record);
	attributes = ockam_cbor_array(&r);
	ockam_cbor_need(&r, &attributes);
	ockam_cbor_uint(&r, U64_MAX);	/* schema */
	ockam_cbor_need(&r, &attributes);
	ockam_ident_map(&r, &out->attributes);
	ockam_cbor_finish(&r, &attributes);
	ockam_cbor_need(&r, &record);
	out->created_at = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_need(&r, &record);
	out->expires_at = ockam_cbor_uint(&r, U64_MAX);
	ockam_cbor_finish(&r, &record);
	return r.bad ? OCKAM_IDENT_MALFORMED : OCKAM_IDENT_GOOD;
}

/* Steps 5 to 10: contents of a credential whose signature is good. */
static enum ockam_ident_reason
ockam_ident_credential_rules(struct ockam_ident_credential *credential,
			     const struct ockam_slice *data,
			     const struct ockam_attestation *issuer,
			     const u8 *subject, u64 now)
{
	enum ockam_ident_reason reason;

	reason = ockam_ident_credential_data(credential, data);
	if (reason)
		return reason;
	if (!credential->subject ||
	    (subject && memcmp(credential->subject, subject,
			       OCKAM_IDENTIFIER_LEN)))
		return OCKAM_IDENT_SUBJECT;
	if (credential->created_at < issuer->created_at ||
	    credential->expires_at > issuer->expires_at)
		return OCKAM_IDENT_VALIDITY;
	return ockam_ident_check_dates(credential->created_at,
				       credential->expires_at, now);
}

/* The next encoded item as a slice. */
static struct ockam_slice ockam_ident_item(struct ockam_reader *r)
{
	const u8 *start = r->pos;

	ockam_cbor_skip(r);
	return (struct ockam_slice){ start, r->pos - start };
}

/* [credential, attestation]: the credential's parts, the encoded attestation. */
static bool ockam_ident_credential_pair(const u8 *credential, size_t len,
					struct ockam_slice *data,
					struct ockam_ident_signature *signature,
					struct ockam_slice *attestation)
{
	struct ockam_reader r = ockam_reader_init(credential, len);
	struct ockam_cbor_array record = ockam_cbor_array(&r);

	ockam_cbor_need(&r, &record);
	ockam_ident_signed(&r, data, signature);
	ockam_cbor_need(&r, &record);
	*attestation = ockam_ident_item(&r);
	ockam_cbor_finish(&r, &record);
	return !r.bad;
}

/**
 * ockam_ident_read_credential() - what a credential says, without judging it
 * @out:        set
 * @credential: encoded [credential, attestation of the issuer's key]
 * @len:        its bytes
 *
 * Return: OCKAM_IDENT_GOOD, or why it cannot be read.
 */
enum ockam_ident_reason
ockam_ident_read_credential(struct ockam_credential_info *out,
			    const u8 *credential, size_t len)
{
	struct ockam_slice data, attestation;
	struct ockam_ident_signature signature;
	struct ockam_ident_credential parsed;
	struct ockam_attestation issuer;
	enum ockam_ident_reason reason;
	struct ockam_reader r;

	if (!ockam_ident_credential_pair(credential, len, &data, &signature,
					 &attestation))
		return OCKAM_IDENT_MALFORMED;
	reason = ockam_ident_credential_data(&parsed, &data);
	if (reason)
		return reason;
	if (!parsed.subject)
		return OCKAM_IDENT_SUBJECT;
	r = ockam_reader_init(attestation.data, attestation.len);
	ockam_ident_signed(&r, &data, &signature);
	if (r.bad)
		return OCKAM_IDENT_MALFORMED;
	reason = ockam_ident_attestation_data(&issuer, &data);
	if (reason)
		return reason;
	memcpy(out->issuer, issuer.subject, OCKAM_IDENTIFIER_LEN);
	memcpy(out->subject, parsed.subject, OCKAM_IDENTIFIER_LEN);
	out->attributes = parsed.attributes;
	out->created_at = parsed.created_at;
	out->expires_at = parsed.expires_at;
	return OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_verify_credential() - verify a credential and its purpose key
 * @attributes: set to the encoded attribute map
 * @expires_at: set, seconds
 * @credential: encoded [credential, attestation of the issuer's key]
 * @len:        its bytes
 * @authority:  verified history of the one acceptable issuer
 * @subject:    identifier that it must be for, or NULL
 * @now:        wall clock, seconds
 *
 * Return: OCKAM_IDENT_GOOD or the reason of the first failure.
 */
enum ockam_ident_reason
ockam_ident_verify_credential(struct ockam_slice *attributes, u64 *expires_at,
			      const u8 *credential, size_t len,
			      const struct ockam_identity *authority,
			      const u8 *subject, u64 now)
{
	struct ockam_slice data, attestation;
	struct ockam_ident_signature signature;
	struct ockam_ident_credential parsed;
	struct ockam_attestation issuer;
	enum ockam_ident_reason reason;
	u8 hash[OCKAM_HASH_LEN];

	if (!ockam_ident_credential_pair(credential, len, &data, &signature,
					 &attestation))
		return OCKAM_IDENT_MALFORMED;
	reason = ockam_ident_verify_attestation(&issuer, attestation.data,
						attestation.len, authority,
						NULL, now);
	if (reason == OCKAM_IDENT_SUBJECT)
		return OCKAM_IDENT_AUTHORITY;
	if (reason)
		return reason;
	if (issuer.is_channel)
		return OCKAM_IDENT_PURPOSE;
	if (ockam_ident_hash(hash, &data))
		return OCKAM_IDENT_FAILED;
	reason = ockam_ident_check_signature(&issuer.signing_key, &signature,
					     hash);
	if (!reason)
		reason = ockam_ident_credential_rules(&parsed, &data, &issuer,
						      subject, now);
	if (reason)
		return reason;
	*attributes = parsed.attributes;
	*expires_at = parsed.expires_at;
	return OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_compare() - which of two histories of one identity is newer?
 * @out:         set
 * @presented:     encoded history
 * @presented_len: its bytes
 * @known:       encoded history
 * @known_len:   its bytes
 *
 * Only the hashed data of the changes counts. Both were verified before.
 *
 * Return: OCKAM_IDENT_GOOD, _MALFORMED or _FAILED.
 */
enum ockam_ident_reason
ockam_ident_compare(enum ockam_ident_order *out, const u8 *presented,
		    size_t presented_len, const u8 *known, size_t known_len)
{
	struct ockam_reader a = ockam_reader_init(presented, presented_len);
	struct ockam_reader b = ockam_reader_init(known, known_len);
	struct ockam_cbor_array list_a = ockam_cbor_array(&a);
	struct ockam_cbor_array list_b = ockam_cbor_array(&b);
	struct ockam_ident_change change_a, change_b;
	bool more_a, more_b;

	for (;;) {
		more_a = ockam_cbor_more(&a, &list_a);
		more_b = ockam_cbor_more(&b, &list_b);
		if (!more_a || !more_b)
			break;
		ockam_ident_change_outer(&a, &change_a);
		ockam_ident_change_outer(&b, &change_b);
		if (a.bad || b.bad)
			break;
		/* Equal bytes and equal hashes are the same thing. */
		if (change_a.data.len != change_b.data.len ||
		    memcmp(change_a.data.data, change_b.data.data,
			   change_a.data.len)) {
			*out = OCKAM_IDENT_CONFLICT;
			return OCKAM_IDENT_GOOD;
		}
	}
	if (a.bad || b.bad)
		return OCKAM_IDENT_MALFORMED;
	if (more_a == more_b)
		*out = OCKAM_IDENT_EQUAL;
	else
		*out = more_a ? OCKAM_IDENT_NEWER : OCKAM_IDENT_OLDER;
	return OCKAM_IDENT_GOOD;
}

/* [[credential, attestation], ...] */
static u32 ockam_ident_credentials(struct ockam_reader *r,
				   struct ockam_slice *credentials)
{
	struct ockam_cbor_array list = ockam_cbor_array(r), pair;
	struct ockam_ident_signature signature;
	struct ockam_slice data;
	u32 count = 0;

	credentials->data = r->pos;
	credentials->len = 0;
	while (ockam_cbor_more(r, &list)) {
		pair = ockam_cbor_array(r);
		ockam_cbor_need(r, &pair);
		ockam_ident_signed(r, &data, &signature);
		ockam_cbor_need(r, &pair);
		ockam_ident_signed(r, &data, &signature);
		ockam_cbor_finish(r, &pair);
		credentials->len = r->pos - credentials->data;
		count++;
	}
	return count;
}

/**
 * ockam_ident_parse_payload() - find the parts of a handshake payload
 * @out:     set
 * @payload: encoded
 * @len:     its bytes
 *
 * Return: OCKAM_IDENT_GOOD, _MALFORMED.
 */
enum ockam_ident_reason
ockam_ident_parse_payload(struct ockam_ident_payload *out, const u8 *payload,
			  size_t len)
{
	struct ockam_reader r = ockam_reader_init(payload, len);
	struct ockam_cbor_array record = ockam_cbor_array(&r);

	memset(out, 0, sizeof(*out));
	ockam_cbor_need(&r, &record);
	out->history = ockam_ident_item(&r);
	ockam_cbor_need(&r, &record);
	out->attestation = ockam_ident_item(&r);
	ockam_cbor_need(&r, &record);
	out->credential_count = ockam_ident_credentials(&r, &out->credentials);
	ockam_cbor_finish(&r, &record);
	return r.bad ? OCKAM_IDENT_MALFORMED : OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_parse_refresh() - find the parts of a refresh message
 * @out:  set
 * @data: encoded [change_history, [credential...]]
 * @len:  its bytes
 *
 * Return: OCKAM_IDENT_GOOD, _MALFORMED.
 */
enum ockam_ident_reason
ockam_ident_parse_refresh(struct ockam_ident_payload *out, const u8 *data,
			  size_t len)
{
	struct ockam_reader r = ockam_reader_init(data, len);
	struct ockam_cbor_array record = ockam_cbor_array(&r);

	memset(out, 0, sizeof(*out));
	ockam_cbor_need(&r, &record);
	out->history = ockam_ident_item(&r);
	ockam_cbor_need(&r, &record);
	out->credential_count = ockam_ident_credentials(&r, &out->credentials);
	ockam_cbor_finish(&r, &record);
	return r.bad ? OCKAM_IDENT_MALFORMED : OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_judge() - judge who a peer says that it is
 * @out:        set to its identity, as soon as the history is verified
 * @parts:      set to the parts of the payload
 * @payload:    decrypted payload of message 2 or 3
 * @len:        its bytes
 * @static_key: static key that the peer used in this handshake
 * @now:        wall clock, seconds
 *
 * Return: OCKAM_IDENT_GOOD or the reason of the first failure. Whether the
 * identity is acceptable is not asked here.
 */
enum ockam_ident_reason
ockam_ident_judge(struct ockam_identity *out, struct ockam_ident_payload *parts,
		  const u8 *payload, size_t len,
		  const u8 static_key[OCKAM_X25519_LEN], u64 now)
{
	struct ockam_attestation attestation;
	enum ockam_ident_reason reason;

	memset(out, 0, sizeof(*out));
	reason = ockam_ident_parse_payload(parts, payload, len);
	if (reason)
		return reason;
	reason = ockam_ident_verify_history(out, parts->history.data,
					    parts->history.len);
	if (reason)
		return reason;
	reason = ockam_ident_verify_attestation(&attestation,
						parts->attestation.data,
						parts->attestation.len, out,
						out->identifier, now);
	if (reason)
		return reason;
	if (!attestation.is_channel)
		return OCKAM_IDENT_PURPOSE;
	if (!ockam_equal(attestation.key, static_key, OCKAM_X25519_LEN))
		return OCKAM_IDENT_STATIC_KEY;
	return OCKAM_IDENT_GOOD;
}

/**
 * ockam_ident_reason_name() - what users call a reason
 * @reason: reason
 *
 * Return: its name.
 */
const char *ockam_ident_reason_name(enum ockam_ident_reason reason)
{
	static const char * const names[] = {
		[OCKAM_IDENT_GOOD] = "good",
		[OCKAM_IDENT_MALFORMED] = "malformed",
		[OCKAM_IDENT_TOO_MANY] = "too-many",
		[OCKAM_IDENT_VERSION] = "version",
		[OCKAM_IDENT_EMPTY] = "empty",
		[OCKAM_IDENT_LINK] = "broken-link",
		[OCKAM_IDENT_SIGNATURE] = "bad-signature",
		[OCKAM_IDENT_SUBJECT] = "wrong-subject",
		[OCKAM_IDENT_STALE_KEY] = "stale-key",
		[OCKAM_IDENT_VALIDITY] = "outside-validity",
		[OCKAM_IDENT_FUTURE] = "not-yet-valid",
		[OCKAM_IDENT_EXPIRED] = "expired",
		[OCKAM_IDENT_PURPOSE] = "wrong-purpose",
		[OCKAM_IDENT_STATIC_KEY] = "wrong-static-key",
		[OCKAM_IDENT_AUTHORITY] = "wrong-authority",
		[OCKAM_IDENT_FAILED] = "failed",
	};

	return names[reason];
}
