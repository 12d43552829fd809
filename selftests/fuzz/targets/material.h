/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Identity material that a target makes itself, so that it knows the verdict. */
#ifndef OCKAM_FUZZ_MATERIAL_H
#define OCKAM_FUZZ_MATERIAL_H

#include "fuzz.h"

/* What is wrong with one change of a history. */
enum fault {
	NO_CHANGES, TOO_MANY, LINK_FLIP, LINK_MISSING, LINK_FIRST, DATE,
	SIG_FLIP, SIG_ALG, SIG_OTHER_KEY, SIG_SHORT, PREV_MISSING, PREV_FLIP,
	PREV_NEW_KEY, VERSION, TYPE, KEY_SHORT, NO_BOOL, CUT, FINE,
};

/* Style: of indefinite length, with a field that nobody knows, or plain. */
void open_record(struct out *out, int fields, u8 style);
void close_record(struct out *out, u8 style);
/* [variant, [bytes]] */
void put_enum(struct out *out, u8 variant, const u8 *data, size_t len);
size_t key_len(const struct ockam_public_key *key);
struct ockam_public_key make_key(u8 alg, u8 number);
/* [version, type, data] as a byte string, and its hash. */
void put_versioned(struct out *out, u8 version, u8 type,
		   const struct out *data, u8 hash[OCKAM_HASH_LEN]);
/* @flip: which bits are wrong, -1 none. */
void put_signature(struct out *out, u8 alg, const struct ockam_public_key *key,
		   const u8 *hash, int flip);
/* A history of @count changes; @fault is that of number @where. */
void put_history(struct out *out, struct input *in, struct ockam_identity *id,
		 int count, int where, enum fault fault);

#endif /* OCKAM_FUZZ_MATERIAL_H */
