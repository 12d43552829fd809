// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Identity material that a target makes itself, as a history or in parts. */

#include "material.h"

#define START	1000000		/* seconds, when the first key begins */

void open_record(struct out *out, int fields, u8 style)
{
	if (style & 1)
		put_byte(out, 0x9f);
	else
		put_head(out, 4, fields + !!(style & 2), style >> 2 & 1);
}

void close_record(struct out *out, u8 style)
{
	if (style & 2)
		put_string(out, "new", 3);
	if (style & 1)
		put_byte(out, 0xff);
}

void put_enum(struct out *out, u8 variant, const u8 *data, size_t len)
{
	put_byte(out, 0x82);
	put_byte(out, variant);
	put_byte(out, 0x81);
	put_string(out, data, len);
}

size_t key_len(const struct ockam_public_key *key)
{
	return key->alg ? OCKAM_P256_KEY_LEN : 32;
}

struct ockam_public_key make_key(u8 alg, u8 number)
{
	struct ockam_public_key key = { .alg = alg };

	for (size_t i = 0; i < key_len(&key); i++)
		key.key[i] = number + i * 7;
	return key;
}

void put_versioned(struct out *out, u8 version, u8 type,
		   const struct out *data, u8 hash[OCKAM_HASH_LEN])
{
	static struct out inner;
	struct ockam_chunk whole = { inner.data, 0 };

	inner.len = 0;
	put_byte(&inner, 0x83);
	put_head(&inner, 0, version, 0);
	put_head(&inner, 0, type, 0);
	put_string(&inner, data->data, data->len);
	put_string(out, inner.data, inner.len);
	whole.len = inner.len;
	must(!ockam_sha256(hash, &whole, 1));
}

void put_signature(struct out *out, u8 alg, const struct ockam_public_key *key,
		   const u8 *hash, int flip)
{
	u8 sig[OCKAM_SIG_LEN];

	sign(sig, key, hash);
	if (flip >= 0)
		sig[flip % OCKAM_SIG_LEN] ^= 1 + flip / OCKAM_SIG_LEN % 255;
	put_enum(out, alg, sig, sizeof(sig));
}

static void put_change_data(struct out *out, struct input *in,
			    const struct ockam_identity *id,
			    const struct ockam_public_key *key, u64 from,
			    enum fault fault)
{
	u8 style = take(in, 1), previous[OCKAM_HASH_LEN];

	out->len = 0;
	open_record(out, 5, style);
	memcpy(previous, id->latest_hash, sizeof(previous));
	if (fault == LINK_FLIP)
		previous[take(in, 1) % OCKAM_HASH_LEN] ^= take(in, 1) ?: 1;
	if ((!id->changes && fault != LINK_FIRST) || fault == LINK_MISSING)
		put_byte(out, 0xf6);
	else
		put_string(out, previous, sizeof(previous));
	put_enum(out, key->alg, key->key, key_len(key) - (fault == KEY_SHORT));
	put_byte(out, fault == NO_BOOL ? 1 : 0xf4 | (style >> 4 & 1));
	put_head(out, 0, from, 8);
	put_head(out, 0, from + 1000, 8);
	close_record(out, style);
}

static void put_change(struct out *out, struct input *in,
		       struct ockam_identity *id, enum fault fault)
{
	static struct out data;
	u8 style = take(in, 1), hash[OCKAM_HASH_LEN];
	struct ockam_public_key key = make_key(style >> 3 & 1, id->changes);
	struct ockam_public_key other = make_key(key.alg, 100);
	u64 from = id->valid_from + take(in, 1);
	int flip = take(in, 2);
	bool previous = id->changes && fault != PREV_MISSING;

	if (fault == DATE)
		from = id->valid_from - 1 - flip % 100;
	put_change_data(&data, in, id, &key, from, fault);
	open_record(out, 2 + (previous || style & 2), style);
	put_versioned(out, 1 + (fault == VERSION), 1 + (fault == TYPE), &data,
		      hash);
	if (fault == SIG_SHORT)
		put_enum(out, key.alg, hash, OCKAM_SIG_LEN / 2);
	else
		put_signature(out, key.alg ^ (fault == SIG_ALG),
			      fault == SIG_OTHER_KEY ? &other : &key, hash,
			      fault == SIG_FLIP ? flip : -1);
	if (previous)
		put_signature(out, id->latest_key.alg, fault == PREV_NEW_KEY ?
			      &key : &id->latest_key, hash,
			      fault == PREV_FLIP ? flip : -1);
	else if (style & 2)
		put_byte(out, 0xf6);
	close_record(out, style);
	if (!id->changes++)
		memcpy(id->identifier, hash, sizeof(hash));
	memcpy(id->latest_hash, hash, sizeof(hash));
	id->latest_key = key;
	id->valid_from = from;
	id->valid_until = from + 1000;
}

void put_history(struct out *out, struct input *in, struct ockam_identity *id,
		 int count, int where, enum fault fault)
{
	u8 style = take(in, 1) & 5;

	memset(id, 0, sizeof(*id));
	id->valid_from = START;
	open_record(out, count, style);
	for (int i = 0; i < count; i++)
		put_change(out, in, id, i == where ? fault : FINE);
	close_record(out, style);
}
