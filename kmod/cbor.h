/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The subset of CBOR that Ockam speaks: tolerant reader, canonical writer. */
#ifndef OCKAM_CBOR_H
#define OCKAM_CBOR_H

#include "bytes.h"

#define OCKAM_CBOR_DEPTH	8	/* nesting of what is skipped */

enum ockam_cbor_major {
	OCKAM_CBOR_UINT = 0,
	OCKAM_CBOR_NEGATIVE = 1,
	OCKAM_CBOR_BYTES = 2,
	OCKAM_CBOR_TEXT = 3,
	OCKAM_CBOR_ARRAY = 4,
	OCKAM_CBOR_MAP = 5,
	OCKAM_CBOR_TAG = 6,
	OCKAM_CBOR_SIMPLE = 7,
};

#define OCKAM_CBOR_NULL		0xf6
#define OCKAM_CBOR_BREAK	0xff

/**
 * struct ockam_cbor_array - an array that is being read
 * @left:  elements left, when definite
 * @indef: ends with a break instead
 * @done:  nothing is left
 */
struct ockam_cbor_array {
	u64 left;
	bool indef;
	bool done;
};

/* Reading. A failed read sets r->bad; see struct ockam_reader. */

/* Head of an item of @major with a definite length or value. */
u64 ockam_cbor_head(struct ockam_reader *r, enum ockam_cbor_major major);
/* An unsigned integer of at most @max. */
u64 ockam_cbor_uint(struct ockam_reader *r, u64 max);
bool ockam_cbor_bool(struct ockam_reader *r);
/* A definite byte string; NULL when there is none. */
const u8 *ockam_cbor_bytes(struct ockam_reader *r, size_t *len);
/* A byte string of exactly @len bytes. */
const u8 *ockam_cbor_fixed(struct ockam_reader *r, size_t len);
/* Whether the next item is null, which is then consumed. */
bool ockam_cbor_null(struct ockam_reader *r);
struct ockam_cbor_array ockam_cbor_array(struct ockam_reader *r);
/* Whether another element follows; consumes the break behind the last. */
bool ockam_cbor_more(struct ockam_reader *r, struct ockam_cbor_array *array);
/* As ockam_cbor_more(), but an absent element is an error. */
void ockam_cbor_need(struct ockam_reader *r, struct ockam_cbor_array *array);
/* Skip the elements that we do not know, and the end. */
void ockam_cbor_finish(struct ockam_reader *r, struct ockam_cbor_array *array);
/* Head of an enum: a definite array of two; returns the variant. */
u32 ockam_cbor_enum(struct ockam_reader *r);
/* Skip one item of any kind, OCKAM_CBOR_DEPTH deep at most. */
void ockam_cbor_skip(struct ockam_reader *r);

/* Writing, in shortest form. */
void ockam_cbor_put_head(struct ockam_writer *w, enum ockam_cbor_major major,
			 u64 value);
void ockam_cbor_put_bytes(struct ockam_writer *w, const void *data, size_t len);
size_t ockam_cbor_head_len(u64 value);

#endif /* OCKAM_CBOR_H */
