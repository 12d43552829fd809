// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Attestations, credentials and payloads of handshakes, some with something
 * wrong or dates at an edge, against rules that are written down once more.
 */

#include "material.h"

/* What an attestation or a credential says, and what is wrong with it. */
struct voucher {
	u8 subject[OCKAM_IDENTIFIER_LEN];
	u64 created_at, expires_at;
	bool wrong_subject, unsigned_one, old, wrong_type;
};

/* Dates at the edges of @from and @until; now and then a fault. */
static void choose(struct voucher *v, struct input *in, const u8 *subject,
		   u64 from, u64 until)
{
	u8 what = take(in, 1), dates = take(in, 1), at = take(in, 1);

	*v = (struct voucher){
		.created_at = from + (dates & 7) - (dates & 128 ? 1 : 0),
		.expires_at = until - (dates >> 3 & 7) + (dates & 64 ? 1 : 0),
		.wrong_subject = what % 16 == 1,
		.unsigned_one = what % 16 == 2,
		.old = what % 16 == 3,
		.wrong_type = what % 16 == 4,
	};
	memcpy(v->subject, subject, OCKAM_IDENTIFIER_LEN);
	if (v->wrong_subject)
		v->subject[at % OCKAM_IDENTIFIER_LEN] ^= 1 << at / 32;
}

/* A clock at the edges of what @v allows, or between them. */
static u64 choose_clock(struct input *in, const struct voucher *v)
{
	u8 how = take(in, 1);

	switch (how & 3) {
	case 0:
		return v->created_at - OCKAM_CLOCK_ALLOWANCE + (how >> 2) % 4 -
		       2;
	case 1:
		return v->expires_at + (how >> 2) % 4 - 2;
	default:
		return v->created_at + how;
	}
}

static enum ockam_ident_reason by_clock(const struct voucher *v, u64 now)
{
	if (v->created_at > now + OCKAM_CLOCK_ALLOWANCE)
		return OCKAM_IDENT_FUTURE;
	return now > v->expires_at ? OCKAM_IDENT_EXPIRED : OCKAM_IDENT_GOOD;
}

static enum ockam_ident_reason
attestation_verdict(const struct voucher *v, const struct ockam_identity *id,
		    u64 now)
{
	if (v->wrong_type)
		return OCKAM_IDENT_VERSION;
	if (v->wrong_subject)
		return OCKAM_IDENT_SUBJECT;
	if (v->old)
		return OCKAM_IDENT_STALE_KEY;
	if (v->created_at < id->valid_from || v->expires_at > id->valid_until)
		return OCKAM_IDENT_VALIDITY;
	if (by_clock(v, now))
		return by_clock(v, now);
	return v->unsigned_one ? OCKAM_IDENT_SIGNATURE : OCKAM_IDENT_GOOD;
}

static void put_attestation(struct out *out, struct input *in,
			    const struct voucher *v,
			    const struct ockam_identity *id, const u8 *channel,
			    const struct ockam_public_key *signing)
{
	static struct out data;
	u8 style = take(in, 1), hash[OCKAM_HASH_LEN];
	u16 at = take(in, 2);

	data.len = 0;
	open_record(&data, 5, style);
	put_string(&data, v->subject, sizeof(v->subject));
	memcpy(hash, id->latest_hash, sizeof(hash));
	hash[at % OCKAM_HASH_LEN] ^= v->old << (at >> 8 & 7);
	put_string(&data, hash, sizeof(hash));
	if (signing) {
		put_byte(&data, 0x82);
		put_byte(&data, 1);
		put_byte(&data, 0x81);
		put_enum(&data, signing->alg, signing->key, key_len(signing));
	} else {
		put_enum(&data, 0, channel, OCKAM_X25519_LEN);
	}
	put_head(&data, 0, v->created_at, 0);
	put_head(&data, 0, v->expires_at, 0);
	close_record(&data, style);
	put_byte(out, 0x82);
	put_versioned(out, 1, 2 + v->wrong_type, &data, hash);
	put_signature(out, id->latest_key.alg, &id->latest_key, hash,
		      v->unsigned_one ? at : -1);
}

static void put_credential(struct out *out, struct input *in,
			   const struct voucher *v,
			   const struct ockam_public_key *key)
{
	static struct out data;
	u8 style = take(in, 1), hash[OCKAM_HASH_LEN];
	u16 at = take(in, 2);

	data.len = 0;
	open_record(&data, 5, style);
	if (v->old)		/* nobody's */
		put_byte(&data, 0xf6);
	else
		put_string(&data, v->subject, sizeof(v->subject));
	put_byte(&data, 0xf6);
	put_bytes(&data, "\x82\x02\xa1\x41k\x41v", 7);
	put_head(&data, 0, v->created_at, 0);
	put_head(&data, 0, v->expires_at, 0);
	close_record(&data, style);
	put_byte(out, 0x82);
	put_versioned(out, 1, 3 - v->wrong_type, &data, hash);
	put_signature(out, key->alg, key, hash, v->unsigned_one ? at : -1);
}

static enum ockam_ident_reason
credential_verdict(const struct voucher *v, const struct voucher *issuer,
		   u64 now)
{
	if (v->unsigned_one)
		return OCKAM_IDENT_SIGNATURE;
	if (v->wrong_type)
		return OCKAM_IDENT_VERSION;
	if (v->wrong_subject || v->old)
		return OCKAM_IDENT_SUBJECT;
	if (v->created_at < issuer->created_at ||
	    v->expires_at > issuer->expires_at)
		return OCKAM_IDENT_VALIDITY;
	return by_clock(v, now);
}

static void vouch_credential(struct input *in, const struct ockam_identity *id)
{
	static struct out out;
	static const u8 subject[OCKAM_IDENTIFIER_LEN] = { 5, 6, 7 };
	static const u8 channel[OCKAM_X25519_LEN] = { 1 };
	struct ockam_public_key key = make_key(take(in, 1) & 1, 50);
	bool purpose = take(in, 1) % 8 == 7;
	struct voucher issuer, v;
	enum ockam_ident_reason wanted;
	struct ockam_slice attributes;
	u64 now, expires_at;

	choose(&issuer, in, id->identifier, id->valid_from, id->valid_until);
	choose(&v, in, subject, issuer.created_at, issuer.expires_at);
	now = choose_clock(in, &v);
	out.len = 0;
	put_byte(&out, 0x82);
	put_credential(&out, in, &v, &key);
	put_attestation(&out, in, &issuer, id, channel, purpose ? NULL : &key);
	wanted = attestation_verdict(&issuer, id, now);
	if (wanted == OCKAM_IDENT_SUBJECT)
		wanted = OCKAM_IDENT_AUTHORITY;
	if (!wanted && purpose)
		wanted = OCKAM_IDENT_PURPOSE;
	if (!wanted)
		wanted = credential_verdict(&v, &issuer, now);
	must(ockam_ident_verify_credential(&attributes, &expires_at, out.data,
					   out.len, id, subject, now) == wanted);
	must(wanted || (attributes.len == 5 && expires_at == v.expires_at));
}

/* A whole payload of a handshake: a good history and an attestation. */
static void vouch_payload(struct input *in)
{
	static struct out out;
	u8 channel[OCKAM_X25519_LEN] = { 9 }, used[OCKAM_X25519_LEN];
	u8 at = take(in, 1), how = take(in, 1) % 8;
	struct ockam_public_key key = make_key(0, 50);
	struct ockam_ident_payload parts;
	struct ockam_identity id, got;
	enum ockam_ident_reason wanted;
	struct voucher v;
	u64 now;

	out.len = 0;
	put_byte(&out, 0x83);
	put_history(&out, in, &id, 1 + take(in, 1) % 4, 0, FINE);
	choose(&v, in, id.identifier, id.valid_from, id.valid_until);
	now = choose_clock(in, &v);
	put_attestation(&out, in, &v, &id, channel, how == 1 ? &key : NULL);
	put_byte(&out, 0x80);
	memcpy(used, channel, sizeof(used));
	if (how == 2)
		used[at % OCKAM_X25519_LEN] ^= 1 << at / 32;
	wanted = attestation_verdict(&v, &id, now);
	if (!wanted && how == 1)
		wanted = OCKAM_IDENT_PURPOSE;
	if (!wanted && how == 2)
		wanted = OCKAM_IDENT_STATIC_KEY;
	must(ockam_ident_judge(&got, &parts, out.data, out.len, used, now) ==
	     wanted);
	must(!memcmp(got.identifier, id.identifier, OCKAM_IDENTIFIER_LEN));
	must(!parts.credential_count);
}

void fuzz_vouch(struct input *in)
{
	static struct out out;
	struct ockam_attestation said;
	struct ockam_identity id;
	struct voucher v;
	u8 kind = take(in, 1) % 3;
	static const u8 channel[OCKAM_X25519_LEN] = { 1 };
	u64 now;

	sign_mode = SIGN_MODEL;
	if (kind == 2) {
		vouch_payload(in);
		return;
	}
	out.len = 0;
	put_history(&out, in, &id, 1, 0, FINE);
	if (kind == 1) {
		vouch_credential(in, &id);
		return;
	}
	out.len = 0;
	choose(&v, in, id.identifier, id.valid_from, id.valid_until);
	now = choose_clock(in, &v);
	put_attestation(&out, in, &v, &id, channel, NULL);
	must(ockam_ident_verify_attestation(&said, out.data, out.len, &id,
					    NULL, now) ==
	     attestation_verdict(&v, &id, now));
}
