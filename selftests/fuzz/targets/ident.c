// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Identity material as it comes: a byte for how signatures are judged, a clock
 * where one is asked, then the bytes. What is accepted must keep all rules.
 */

#include "cbor.h"
#include "fuzz.h"

static void choose_mode(struct input *in)
{
	sign_mode = take(in, 1) & 1 ? SIGN_LAX : SIGN_REAL;
}

static bool within(const struct ockam_slice *part, const u8 *data, size_t len)
{
	return part->data >= data && part->len <= len &&
	       part->data + part->len <= data + len;
}

/* Verify; what is good was checked by every signature that it has. */
static bool history_is_good(struct ockam_identity *out,
			    const struct ockam_slice *history)
{
	u8 *copy = copy_of(history->data, history->len);
	enum ockam_ident_reason reason;

	sign_checks = 0;
	reason = ockam_ident_verify_history(out, copy, history->len);
	free(copy);
	must(reason <= OCKAM_IDENT_FAILED && ockam_ident_reason_name(reason));
	if (reason)
		return false;
	must(out->changes && out->changes <= OCKAM_CHANGES_MAX);
	must(sign_checks == 2u * out->changes - 1);
	must((out->changes == 1) == !memcmp(out->identifier, out->latest_hash,
					    OCKAM_HASH_LEN));
	must(out->latest_key.alg <= 1);
	return true;
}

/* Its item alone is as good; a byte less is no history. */
void fuzz_history(struct input *in)
{
	struct ockam_identity identity, again;
	struct ockam_slice history;
	struct ockam_reader r;

	choose_mode(in);
	history = take_bytes(in, in->left);
	if (!history_is_good(&identity, &history))
		return;
	r = ockam_reader_init(history.data, history.len);
	ockam_cbor_skip(&r);
	if (r.bad)	/* nested deeper than what is skipped */
		return;
	history.len = r.pos - history.data;
	must(history_is_good(&again, &history));
	must(!memcmp(&identity, &again, sizeof(again)));
	history.len--;
	must(!history_is_good(&again, &history));
}

void fuzz_compare(struct input *in)
{
	enum ockam_ident_order order = OCKAM_IDENT_CONFLICT, mirror = order;
	struct ockam_identity a, b;
	struct ockam_slice left, right;
	bool good, same;

	choose_mode(in);
	left = take_part(in);
	right = take_bytes(in, in->left);
	good = history_is_good(&a, &left) && history_is_good(&b, &right);
	must(ockam_ident_compare(&order, left.data, left.len, right.data,
				 right.len) ==
	     ockam_ident_compare(&mirror, right.data, right.len, left.data,
				 left.len));
	if (!good)
		return;
	must((order == OCKAM_IDENT_NEWER) == (mirror == OCKAM_IDENT_OLDER));
	must((order == OCKAM_IDENT_OLDER) == (mirror == OCKAM_IDENT_NEWER));
	same = !memcmp(a.latest_hash, b.latest_hash, OCKAM_HASH_LEN);
	must((order == OCKAM_IDENT_EQUAL) == same);
	must(order != OCKAM_IDENT_NEWER || a.changes > b.changes);
	must(order != OCKAM_IDENT_OLDER || a.changes < b.changes);
	if (memcmp(a.identifier, b.identifier, OCKAM_IDENTIFIER_LEN))
		must(order == OCKAM_IDENT_CONFLICT);
	else if (a.changes == 1 || b.changes == 1)
		must(order != OCKAM_IDENT_CONFLICT);
}

/* NULL, the right one, or one that it cannot be for. */
static const u8 *expected(struct input *in, u8 subject[OCKAM_IDENTIFIER_LEN],
			  const u8 *right)
{
	u8 how = take(in, 1);

	memcpy(subject, right, OCKAM_IDENTIFIER_LEN);
	if (how & 2)
		subject[how >> 2 & 31] ^= 1 << (how >> 5 & 7 & ~4);
	return how & 3 ? subject : NULL;
}

void fuzz_attestation(struct input *in)
{
	u8 subject[OCKAM_IDENTIFIER_LEN], *copy;
	struct ockam_attestation out;
	struct ockam_identity identity;
	struct ockam_slice history;
	enum ockam_ident_reason reason;
	const u8 *wanted;
	u64 now;

	choose_mode(in);
	now = take(in, 8);
	history = take_part(in);
	if (!history_is_good(&identity, &history))
		return;
	wanted = expected(in, subject, identity.identifier);
	copy = copy_of(in->at, in->left);
	sign_checks = 0;
	reason = ockam_ident_verify_attestation(&out, copy, in->left,
						&identity, wanted, now);
	free(copy);
	if (reason)
		return;
	must(sign_checks == 1);
	must(!wanted || !memcmp(wanted, out.subject, OCKAM_IDENTIFIER_LEN));
	must(!memcmp(out.subject, identity.identifier, OCKAM_IDENTIFIER_LEN));
	must(!memcmp(out.latest_hash, identity.latest_hash, OCKAM_HASH_LEN));
	must(out.created_at >= identity.valid_from &&
	     out.expires_at <= identity.valid_until);
	must(out.expires_at >= now);
	must(out.created_at <= now ||
	     out.created_at - now <= OCKAM_CLOCK_ALLOWANCE);
}

void fuzz_credential(struct input *in)
{
	u8 subject[OCKAM_IDENTIFIER_LEN], *copy;
	struct ockam_slice authority, attributes, given;
	enum ockam_ident_reason reason, readable;
	struct ockam_credential_info info;
	struct ockam_identity identity;
	struct ockam_reader r;
	const u8 *wanted;
	u64 now, expires_at;

	choose_mode(in);
	now = take(in, 8);
	authority = take_part(in);
	given = take_bytes(in, OCKAM_IDENTIFIER_LEN);
	if (given.len < OCKAM_IDENTIFIER_LEN ||
	    !history_is_good(&identity, &authority))
		return;
	wanted = expected(in, subject, given.data);
	copy = copy_of(in->at, in->left);
	readable = ockam_ident_read_credential(&info, copy, in->left);
	must(readable || within(&info.attributes, copy, in->left));
	sign_checks = 0;
	reason = ockam_ident_verify_credential(&attributes, &expires_at, copy,
					       in->left, &identity, wanted,
					       now);
	if (!reason) {
		must(sign_checks == 2);
		must(!readable && info.expires_at == expires_at &&
		     info.attributes.data == attributes.data &&
		     !memcmp(info.issuer, identity.identifier,
			     OCKAM_IDENTIFIER_LEN));
		must(expires_at >= now && expires_at <= identity.valid_until);
		must(within(&attributes, copy, in->left));
		must(!wanted || memmem(copy, in->left, wanted,
				       OCKAM_IDENTIFIER_LEN));
		r = ockam_reader_init(attributes.data, attributes.len);
		ockam_cbor_skip(&r);
		must(!r.bad && !ockam_reader_left(&r));
	}
	free(copy);
}

static void check_parts(const struct ockam_ident_payload *parts, const u8 *data,
			size_t len)
{
	/* As we send it: one credential, or none. */
	struct ockam_slice credential = { 0 };
	struct ockam_ident_payload again;
	int need;
	u8 *out;

	if (parts->credential_count == 1)
		credential = parts->credentials;
	need = ockam_ident_put_payload(NULL, 0, &parts->history,
				       &parts->attestation, &credential);
	out = malloc(need);

	must(within(&parts->history, data, len) &&
	     within(&parts->attestation, data, len) &&
	     within(&parts->credentials, data, len));
	must(parts->history.data + parts->history.len <=
	     parts->attestation.data);
	must(!parts->credential_count == !parts->credentials.len);
	must(ockam_ident_put_payload(out, need - 1, &parts->history,
				     &parts->attestation,
				     &credential) == -ENOSPC);
	must(ockam_ident_put_payload(out, need, &parts->history,
				     &parts->attestation, &credential) == need);
	must(!ockam_ident_parse_payload(&again, out, need));
	must(again.history.len == parts->history.len &&
	     again.attestation.len == parts->attestation.len &&
	     again.credentials.len == credential.len &&
	     again.credential_count == !!credential.len);
	must(ockam_ident_parse_payload(&again, out, need - 1));
	free(out);
}

/* A payload of a handshake in which the peer used the key in front of it. */
void fuzz_payload(struct input *in)
{
	u8 key[OCKAM_X25519_LEN] = { 0 }, *copy;
	struct ockam_ident_payload parts, refresh;
	struct ockam_identity identity;
	struct ockam_slice given;
	enum ockam_ident_reason reason;
	u64 now;

	choose_mode(in);
	now = take(in, 8);
	given = take_bytes(in, sizeof(key));
	if (given.len)
		memcpy(key, given.data, given.len);
	copy = copy_of(in->at, in->left);
	if (!ockam_ident_parse_refresh(&refresh, copy, in->left))
		must(within(&refresh.history, copy, in->left) &&
		     within(&refresh.credentials, copy, in->left));
	reason = ockam_ident_parse_payload(&parts, copy, in->left);
	if (!reason)
		check_parts(&parts, copy, in->left);
	sign_checks = 0;
	if (!ockam_ident_judge(&identity, &parts, copy, in->left, key, now)) {
		must(!reason && sign_checks == 2u * identity.changes);
		must(memmem(parts.attestation.data, parts.attestation.len,
			    key, sizeof(key)));
		key[now & 31] ^= 1 << (now >> 8 & 7);
		must(ockam_ident_judge(&identity, &parts, copy, in->left, key,
				       now) == OCKAM_IDENT_STATIC_KEY);
	}
	free(copy);
}
