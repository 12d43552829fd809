// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What an identity signs: changes of its history, attestations. */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "bytes.h"
#include "cbor.h"
#include "ctl.h"
#include "history.h"
#include "signed.h"

#define VALID_HISTORY		(10L * 365 * 86400)	/* seconds, as upstream */
#define VALID_ATTESTATION	(5L * 365 * 86400)

static int too_large(void)
{
	return ctl_fail(CTL_INTERNAL, "too large to sign");
}

/* What a new change says. @previous: the state before, or NULL. */
static size_t put_change(uint8_t *dst, size_t size,
			 const struct ockam_identity *previous,
			 const struct ockam_public_key *key, bool revoke)
{
	uint64_t from = time(NULL);
	uint8_t change[256];
	struct ockam_writer w = ockam_writer_init(change, sizeof(change));

	/* A clock that was put back must not break the order. */
	if (previous && from < previous->valid_from)
		from = previous->valid_from;
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 5);
	if (previous)
		ockam_cbor_put_bytes(&w, previous->latest_hash, OCKAM_HASH_LEN);
	else
		ockam_write_u8(&w, OCKAM_CBOR_NULL);
	signed_public(&w, key);
	ockam_write_u8(&w, revoke ? 0xf5 : 0xf4);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, from);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, from + VALID_HISTORY);
	return signed_versioned(dst, size, SIGNED_CHANGE, &w, change);
}

/* The changes as they are, behind the head of a list with one more. */
static void put_old_changes(struct ockam_writer *w,
			    const struct identity *identity, unsigned int count)
{
	struct ockam_reader r = ockam_reader_init(identity->history,
						  identity->history_len);
	struct ockam_cbor_array list = { 0 };
	const uint8_t *start;

	if (count)
		list = ockam_cbor_array(&r);
	start = r.pos;
	for (unsigned int i = 0; i < count; i++) {
		ockam_cbor_need(&r, &list);
		ockam_cbor_skip(&r);
	}
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, count + 1);
	ockam_write_bytes(w, start, r.pos - start);
	w->bad |= r.bad;
}

int history_add(struct identity *identity, struct ockam_identity *verified,
		EVP_PKEY *old, EVP_PKEY *key, bool revoke)
{
	static uint8_t history[KEYS_HISTORY_MAX];
	struct ockam_writer w = ockam_writer_init(history, sizeof(history));
	struct ockam_public_key public;
	uint8_t data[320];
	size_t len;
	int err;

	if (old && verified->changes == OCKAM_CHANGES_MAX)
		return ctl_fail(CTL_EXISTS, "identity '%s' has %d changes: peers accept no more",
				identity->name, OCKAM_CHANGES_MAX);
	err = pkey_public(&public, key);
	if (err)
		return err;
	len = put_change(data, sizeof(data), old ? verified : NULL, &public,
			 revoke);
	put_old_changes(&w, identity, old ? verified->changes : 0);
	err = signed_put(&w, key, old, data, len);
	if (!err && w.bad)
		err = too_large();
	if (err)
		return err;
	identity->history_len = w.pos - history;
	memcpy(identity->history, history, identity->history_len);
	return history_verify(identity, verified);
}

int history_verify(struct identity *identity, struct ockam_identity *verified)
{
	enum ockam_ident_reason reason;

	reason = ockam_ident_verify_history(verified, identity->history,
					    identity->history_len);
	if (reason)
		return ctl_fail(CTL_DATA, "identity '%s': its change history is damaged (%s)",
				identity->name, ockam_ident_reason_name(reason));
	memcpy(identity->id, verified->identifier, OCKAM_IDENTIFIER_LEN);
	identity->changes = verified->changes;
	return 0;
}

/* The byte string inside [version, type, data]. */
static struct ockam_reader inside(const uint8_t *data, size_t len)
{
	struct ockam_reader r = ockam_reader_init(data, len);
	struct ockam_cbor_array record = ockam_cbor_array(&r);
	size_t inner_len = 0;
	const uint8_t *inner;

	for (int i = 0; i < 2; i++) {
		ockam_cbor_need(&r, &record);
		ockam_cbor_skip(&r);
	}
	ockam_cbor_need(&r, &record);
	inner = ockam_cbor_bytes(&r, &inner_len);
	return ockam_reader_init(inner, inner ? inner_len : 0);
}

static void read_key(struct ockam_reader *r, struct ockam_public_key *key)
{
	struct ockam_cbor_array body;
	const uint8_t *bytes;
	size_t len;

	key->alg = ockam_cbor_enum(r);
	len = key->alg == PKEY_P256 ? OCKAM_P256_KEY_LEN : 32;
	body = ockam_cbor_array(r);
	ockam_cbor_need(r, &body);
	bytes = ockam_cbor_fixed(r, len);
	if (bytes)
		memcpy(key->key, bytes, len);
	ockam_cbor_finish(r, &body);
}

static void read_change(struct change *change, const uint8_t *data, size_t len)
{
	const struct ockam_chunk chunk = { data, len };
	struct ockam_reader r = inside(data, len);
	struct ockam_cbor_array record = ockam_cbor_array(&r);

	ockam_sha256(change->hash, &chunk, 1);
	ockam_cbor_need(&r, &record);
	ockam_cbor_skip(&r);			/* the change before */
	ockam_cbor_need(&r, &record);
	read_key(&r, &change->key);
	ockam_cbor_need(&r, &record);
	change->revoke = ockam_cbor_bool(&r);
	ockam_cbor_need(&r, &record);
	change->valid_from = ockam_cbor_uint(&r, UINT64_MAX);
	ockam_cbor_need(&r, &record);
	change->valid_until = ockam_cbor_uint(&r, UINT64_MAX);
}

int history_read(struct change changes[OCKAM_CHANGES_MAX],
		 const struct identity *identity)
{
	struct ockam_reader r = ockam_reader_init(identity->history,
						  identity->history_len);
	struct ockam_cbor_array list = ockam_cbor_array(&r), record;
	const uint8_t *data;
	size_t len = 0;
	int count = 0;

	memset(changes, 0, OCKAM_CHANGES_MAX * sizeof(*changes));
	while (count < OCKAM_CHANGES_MAX && ockam_cbor_more(&r, &list)) {
		record = ockam_cbor_array(&r);
		ockam_cbor_need(&r, &record);
		data = ockam_cbor_bytes(&r, &len);
		if (data)
			read_change(&changes[count++], data, len);
		ockam_cbor_finish(&r, &record);
	}
	return count;
}

size_t history_len(const uint8_t *data, size_t len)
{
	struct ockam_reader r = ockam_reader_init(data, len);

	ockam_cbor_skip(&r);
	return r.bad ? 0 : (size_t)(r.pos - data);
}

int attestation_make(struct identity *identity,
		     const struct ockam_identity *verified, EVP_PKEY *key,
		     const uint8_t public[OCKAM_X25519_LEN])
{
	uint64_t now = time(NULL), from = now, until = now + VALID_ATTESTATION;
	struct ockam_writer w = ockam_writer_init(identity->attestation,
						  sizeof(identity->attestation));
	struct ockam_attestation attestation;
	enum ockam_ident_reason reason;

	if (from < verified->valid_from)
		from = verified->valid_from;
	if (until > verified->valid_until)
		until = verified->valid_until;
	if (signed_attestation(&w, verified, key, public, NULL, from, until))
		return CTL_INTERNAL;
	if (w.bad)
		return too_large();
	identity->attestation_len = w.pos - identity->attestation;
	identity->expires = until;
	reason = ockam_ident_verify_attestation(&attestation,
						identity->attestation,
						identity->attestation_len,
						verified, verified->identifier,
						now);
	if (reason == OCKAM_IDENT_EXPIRED)
		return ctl_fail(CTL_REFUSED, "the key of identity '%s' has expired: ockamctl identity rotate %s",
				identity->name, identity->name);
	if (reason == OCKAM_IDENT_FUTURE)
		return ctl_fail(CTL_REFUSED, "the key of identity '%s' is not valid yet: is the clock right?",
				identity->name);
	return reason ? ctl_fail(CTL_DATA, "identity '%s': its key and its change history do not belong together",
				 identity->name) : 0;
}

bool attestation_is_good(struct identity *identity,
			 const struct ockam_identity *verified,
			 const uint8_t public[OCKAM_X25519_LEN])
{
	uint64_t now = time(NULL), then = now + KEYS_RENEW_BEFORE;
	struct ockam_attestation attestation;

	/* Nothing can be good for longer than the key. */
	if (then > verified->valid_until)
		then = verified->valid_until;
	if (then < now || !identity->attestation_len ||
	    ockam_ident_verify_attestation(&attestation, identity->attestation,
					   identity->attestation_len, verified,
					   verified->identifier, then))
		return false;
	identity->expires = attestation.expires_at;
	return attestation.is_channel &&
	       attestation.created_at <= now + OCKAM_CLOCK_ALLOWANCE &&
	       !memcmp(attestation.key, public, OCKAM_X25519_LEN);
}
