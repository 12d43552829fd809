// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The subset of CBOR that Ockam speaks: tolerant reader, canonical writer. */

#include "cbor.h"

#define OCKAM_CBOR_INDEFINITE	31	/* additional information */

/* One head of any kind; *info is the additional information. */
static u64 ockam_cbor_any_head(struct ockam_reader *r,
			       enum ockam_cbor_major *major, u8 *info)
{
	u8 first = ockam_read_u8(r);
	const u8 *more;
	u64 value = 0;
	int i, len;

	*major = first >> 5;
	*info = first & 31;
	if (*info < 24)
		return *info;
	if (*info == OCKAM_CBOR_INDEFINITE)
		return 0;
	if (*info > 27) {
		r->bad = true;
		return 0;
	}
	len = 1 << (*info - 24);
	more = ockam_read_bytes(r, len);
	for (i = 0; more && i < len; i++)
		value = value << 8 | more[i];
	return value;
}

/**
 * ockam_cbor_head() - read the head of an item
 * @r:     reader
 * @major: what it must be
 *
 * Return: its value or length; 0 and @r bad when it is of another kind or of
 * indefinite length.
 */
u64 ockam_cbor_head(struct ockam_reader *r, enum ockam_cbor_major major)
{
	enum ockam_cbor_major got;
	u64 value;
	u8 info;

	value = ockam_cbor_any_head(r, &got, &info);
	if (got != major || info == OCKAM_CBOR_INDEFINITE)
		r->bad = true;
	return r->bad ? 0 : value;
}

/**
 * ockam_cbor_uint() - read an unsigned integer
 * @r:   reader
 * @max: largest acceptable value
 *
 * Return: the value; 0 and @r bad otherwise.
 */
u64 ockam_cbor_uint(struct ockam_reader *r, u64 max)
{
	u64 value = ockam_cbor_head(r, OCKAM_CBOR_UINT);

	if (value > max)
		r->bad = true;
	return r->bad ? 0 : value;
}

/**
 * ockam_cbor_bool() - read a boolean
 * @r: reader
 *
 * Return: the value; false and @r bad otherwise.
 */
bool ockam_cbor_bool(struct ockam_reader *r)
{
	u8 byte = ockam_read_u8(r);

	if (byte != 0xf4 && byte != 0xf5)
		r->bad = true;
	return !r->bad && byte == 0xf5;
}

/**
 * ockam_cbor_bytes() - read a byte string of definite length
 * @r:   reader
 * @len: set to its length
 *
 * Return: its bytes, in the buffer; NULL and @r bad otherwise.
 */
const u8 *ockam_cbor_bytes(struct ockam_reader *r, size_t *len)
{
	u64 head = ockam_cbor_head(r, OCKAM_CBOR_BYTES);

	*len = 0;
	if (r->bad || head > ockam_reader_left(r)) {
		r->bad = true;
		return NULL;
	}
	*len = head;
	return ockam_read_bytes(r, head);
}

/**
 * ockam_cbor_fixed() - read a byte string of a known length
 * @r:   reader
 * @len: the length that it must have
 *
 * Return: its bytes; NULL and @r bad otherwise.
 */
const u8 *ockam_cbor_fixed(struct ockam_reader *r, size_t len)
{
	const u8 *data;
	size_t got;

	data = ockam_cbor_bytes(r, &got);
	if (got != len)
		r->bad = true;
	return r->bad ? NULL : data;
}

/**
 * ockam_cbor_null() - skip a null, if that is what follows
 * @r: reader
 *
 * Return: whether there was one.
 */
bool ockam_cbor_null(struct ockam_reader *r)
{
	if (r->bad || !ockam_reader_left(r) || *r->pos != OCKAM_CBOR_NULL)
		return false;
	r->pos++;
	return true;
}

/**
 * ockam_cbor_array() - begin to read an array
 * @r: reader
 *
 * Return: its state for ockam_cbor_more().
 */
struct ockam_cbor_array ockam_cbor_array(struct ockam_reader *r)
{
	struct ockam_cbor_array array = {};
	enum ockam_cbor_major major;
	u8 info;

	array.left = ockam_cbor_any_head(r, &major, &info);
	array.indef = info == OCKAM_CBOR_INDEFINITE;
	if (major != OCKAM_CBOR_ARRAY)
		r->bad = true;
	return array;
}

/**
 * ockam_cbor_more() - whether an array has another element
 * @r:     reader, at the element
 * @array: state
 *
 * Return: true when the next item is an element. False at the end (an
 * indefinite array's break is then consumed) and when @r is bad.
 */
bool ockam_cbor_more(struct ockam_reader *r, struct ockam_cbor_array *array)
{
	if (r->bad || array->done)
		return false;
	if (!array->indef) {
		if (array->left) {
			array->left--;
			return true;
		}
		array->done = true;
		return false;
	}
	if (!ockam_reader_left(r)) {
		r->bad = true;
		return false;
	}
	if (*r->pos != OCKAM_CBOR_BREAK)
		return true;
	r->pos++;
	array->done = true;
	return false;
}

/**
 * ockam_cbor_need() - begin a field that must be there
 * @r:     reader
 * @array: the record
 */
void ockam_cbor_need(struct ockam_reader *r, struct ockam_cbor_array *array)
{
	if (!ockam_cbor_more(r, array))
		r->bad = true;
}

/**
 * ockam_cbor_finish() - leave an array
 * @r:     reader
 * @array: state
 */
void ockam_cbor_finish(struct ockam_reader *r, struct ockam_cbor_array *array)
{
	while (ockam_cbor_more(r, array))
		ockam_cbor_skip(r);
}

/**
 * ockam_cbor_enum() - read the head of an enum
 * @r: reader
 *
 * Return: the variant, whose body follows; 0 and @r bad otherwise.
 */
u32 ockam_cbor_enum(struct ockam_reader *r)
{
	if (ockam_cbor_head(r, OCKAM_CBOR_ARRAY) != 2)
		r->bad = true;
	return ockam_cbor_uint(r, U32_MAX);
}

/**
 * struct ockam_cbor_level - an item whose inside is being skipped
 * @left:  items left in it, when definite
 * @chunk: for an indefinite string, the major type of its chunks; else 0
 * @indef: ends with a break
 * @map:   items come in pairs
 * @odd:   an odd number of items was seen
 */
struct ockam_cbor_level {
	u64 left;
	u8 chunk;
	bool indef;
	bool map;
	bool odd;
};

/* Skip a head and what it holds itself; true when @inside is to be skipped. */
static bool ockam_cbor_skip_head(struct ockam_reader *r, u8 chunk,
				 struct ockam_cbor_level *inside)
{
	enum ockam_cbor_major major;
	u64 value;
	u8 info;

	*inside = (struct ockam_cbor_level){};
	value = ockam_cbor_any_head(r, &major, &info);
	inside->indef = info == OCKAM_CBOR_INDEFINITE;
	if (chunk && (major != chunk || inside->indef))
		r->bad = true;
	switch (major) {
	case OCKAM_CBOR_BYTES:
	case OCKAM_CBOR_TEXT:
		inside->chunk = major;
		if (!inside->indef && value > ockam_reader_left(r))
			r->bad = true;
		else if (!inside->indef)
			ockam_read_bytes(r, value);
		return inside->indef;
	case OCKAM_CBOR_MAP:
		inside->map = true;
		if (value > ockam_reader_left(r))
			r->bad = true;
		inside->left = value * 2;
		return true;
	case OCKAM_CBOR_ARRAY:
		inside->left = value;
		return true;
	case OCKAM_CBOR_TAG:
		inside->left = 1;
		break;
	default:
		break;
	}
	if (inside->indef)
		r->bad = true;
	return major == OCKAM_CBOR_TAG;
}

/* Whether another item follows on this level. */
static bool ockam_cbor_level_more(struct ockam_reader *r,
				  struct ockam_cbor_level *level)
{
	if (!level->indef) {
		if (!level->left)
			return false;
		level->left--;
		return true;
	}
	if (!ockam_reader_left(r)) {
		r->bad = true;
		return false;
	}
	if (*r->pos == OCKAM_CBOR_BREAK) {
		r->pos++;
		if (level->map && level->odd)
			r->bad = true;
		return false;
	}
	level->odd = !level->odd;
	return true;
}

/**
 * ockam_cbor_skip() - skip one item of any kind
 * @r: reader
 *
 * Iterative, bounded in depth and by the bytes left; every step advances.
 */
void ockam_cbor_skip(struct ockam_reader *r)
{
	struct ockam_cbor_level levels[OCKAM_CBOR_DEPTH + 1];
	struct ockam_cbor_level inside;
	int depth = 0;

	levels[0] = (struct ockam_cbor_level){ .left = 1 };
	while (depth >= 0 && !r->bad) {
		if (!ockam_cbor_level_more(r, &levels[depth])) {
			depth--;
			continue;
		}
		if (!ockam_cbor_skip_head(r, levels[depth].indef ?
					  levels[depth].chunk : 0, &inside))
			continue;
		if (depth == OCKAM_CBOR_DEPTH)
			r->bad = true;
		else
			levels[++depth] = inside;
	}
}

/**
 * ockam_cbor_head_len() - bytes of a head in shortest form
 * @value: value or length
 *
 * Return: 1, 2, 3, 5 or 9.
 */
size_t ockam_cbor_head_len(u64 value)
{
	if (value < 24)
		return 1;
	if (value <= U8_MAX)
		return 2;
	if (value <= U16_MAX)
		return 3;
	return value <= U32_MAX ? 5 : 9;
}

/**
 * ockam_cbor_put_head() - write a head in shortest form
 * @w:     writer
 * @major: kind of item
 * @value: value or length
 */
void ockam_cbor_put_head(struct ockam_writer *w, enum ockam_cbor_major major,
			 u64 value)
{
	size_t more = ockam_cbor_head_len(value) - 1;
	u8 info = value;
	size_t i;

	switch (more) {
	case 1:
		info = 24;
		break;
	case 2:
		info = 25;
		break;
	case 4:
		info = 26;
		break;
	case 8:
		info = 27;
		break;
	}
	ockam_write_u8(w, major << 5 | info);
	for (i = more; i-- > 0; )
		ockam_write_u8(w, value >> (8 * i));
}

/**
 * ockam_cbor_put_bytes() - write a byte string
 * @w:    writer
 * @data: its bytes
 * @len:  how many
 */
void ockam_cbor_put_bytes(struct ockam_writer *w, const void *data, size_t len)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_BYTES, len);
	ockam_write_bytes(w, data, len);
}
