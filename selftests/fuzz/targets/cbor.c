// SPDX-License-Identifier: GPL-2.0 OR MIT
/* CBOR against a naive reader, and what is written read again. */

#include "cbor.h"
#include "fuzz.h"

#define UNREADABLE	SIZE_MAX

static size_t naive_item(const u8 *data, size_t len, int depth);

/* Major type, argument and bytes of a head; false when there is none. */
static bool naive_head(const u8 *data, size_t len, u8 *major, u8 *info,
		       u64 *value, size_t *used)
{
	if (!len)
		return false;
	*major = data[0] >> 5;
	*info = data[0] & 31;
	*value = *info < 24 ? *info : 0;
	*used = 1;
	if (*info < 24 || *info == 31)
		return true;
	if (*info > 27 || len - 1 < 1u << (*info - 24))
		return false;
	for (int i = 0; i < 1 << (*info - 24); i++)
		*value = *value << 8 | data[(*used)++];
	return true;
}

/* Items up to @count, or to a break; each is @major when that is not 0. */
static size_t naive_items(const u8 *data, size_t len, u64 count, bool indef,
			  u8 major, bool pairs, int depth)
{
	size_t at = 0, one;
	u64 done;

	for (done = 0; indef || done < count; done++) {
		if (at == len)
			return UNREADABLE;
		if (indef && data[at] == 0xff) {
			at++;
			return pairs && done % 2 ? UNREADABLE : at;
		}
		if (major && (data[at] >> 5 != major || (data[at] & 31) == 31))
			return UNREADABLE;
		one = naive_item(data + at, len - at, depth);
		if (one == UNREADABLE)
			return one;
		at += one;
	}
	return at;
}

/* Bytes of one item, UNREADABLE: as slow and plain as it can be. */
static size_t naive_item(const u8 *data, size_t len, int depth)
{
	u8 major, info;
	size_t used, inside;
	bool indef;
	u64 value;

	if (!naive_head(data, len, &major, &info, &value, &used))
		return UNREADABLE;
	indef = info == 31;
	if (major == 0 || major == 1 || major == 7)
		return indef ? UNREADABLE : used;
	if ((major == 2 || major == 3) && !indef)
		return value > len - used ? UNREADABLE : used + value;
	if (depth == OCKAM_CBOR_DEPTH || (major == 6 && indef) ||
	    (major > 3 && major < 6 && value > len - used))
		return UNREADABLE;
	if (major == 6)
		value = 1;
	else if (major == 5)
		value *= 2;
	inside = naive_items(data + used, len - used, value, indef,
			     major < 4 ? major : 0, major == 5, depth + 1);
	return inside == UNREADABLE ? inside : used + inside;
}

/* A readable item must not be read from less than itself. */
static void cut(const u8 *data, size_t len)
{
	u8 *copy = copy_of(data, len - 1);
	struct ockam_reader r = ockam_reader_init(copy, len - 1);

	ockam_cbor_skip(&r);
	must(r.bad);
	free(copy);
}

/* One reader for one kind of item, against the head that is there. */
static void typed(const u8 *data, size_t size)
{
	struct ockam_reader r = ockam_reader_init(data, size);
	u8 major, info;
	size_t used, len;
	u64 value;
	bool is_head;

	is_head = naive_head(data, size, &major, &info, &value, &used) &&
		  info != 31;
	value = is_head ? value : 0;
	must(ockam_cbor_uint(&r, U8_MAX) ==
	     (is_head && !major && value <= U8_MAX ? value : 0));
	must(r.bad == !(is_head && !major && value <= U8_MAX));
	r = ockam_reader_init(data, size);
	is_head = is_head && major == OCKAM_CBOR_BYTES && value <= size - used;
	must((ockam_cbor_bytes(&r, &len) == data + used) == is_head);
	must(r.bad == !is_head && len == (is_head ? value : 0));
	r = ockam_reader_init(data, size);
	must((ockam_cbor_fixed(&r, 32) && !r.bad) == (is_head && value == 32));
	r = ockam_reader_init(data, size);
	must(ockam_cbor_bool(&r) == (size && data[0] == 0xf5));
	must(r.bad == !(size && (data[0] | 1) == 0xf5));
	r = ockam_reader_init(data, size);
	must(ockam_cbor_null(&r) == (size && data[0] == OCKAM_CBOR_NULL) &&
	     !r.bad);
	r = ockam_reader_init(data, size);
	ockam_cbor_enum(&r);
	must(r.bad || data[0] >> 5 == OCKAM_CBOR_ARRAY);
}

/* An array is left behind itself, with all that is in it. */
static void array(const u8 *data, size_t size)
{
	struct ockam_reader r = ockam_reader_init(data, size), all = r;
	struct ockam_cbor_array state;

	if (!size || data[0] >> 5 != OCKAM_CBOR_ARRAY)
		return;
	state = ockam_cbor_array(&r);
	ockam_cbor_finish(&r, &state);
	ockam_cbor_skip(&all);
	must(all.bad || (!r.bad && r.pos == all.pos));
	must(r.bad || state.done);
}

void fuzz_cbor(struct input *in)
{
	struct ockam_reader r = ockam_reader_init(in->at, in->left);
	size_t one;

	typed(in->at, in->left);
	array(in->at, in->left);
	while (ockam_reader_left(&r)) {
		const u8 *before = r.pos;

		one = naive_item(before, ockam_reader_left(&r), 0);
		ockam_cbor_skip(&r);
		must(r.bad == (one == UNREADABLE));
		if (r.bad)
			break;
		must(r.pos == before + one);
		cut(before, one);
	}
	must(r.pos <= in->at + in->left);
}

/* Any head, in any room: whole and shortest, or not at all. */
void fuzz_cbor_write(struct input *in)
{
	u64 value = take(in, 8) >> take(in, 1) % 64;
	enum ockam_cbor_major major = take(in, 1) % 7, got;
	size_t room = take(in, 1) % 12, need = ockam_cbor_head_len(value);
	u8 *dst = malloc(room ? room : 1), info;
	struct ockam_writer w = ockam_writer_init(dst, room);
	size_t used;
	u8 raw;
	u64 back;

	ockam_cbor_put_head(&w, major, value);
	must(w.bad == (need > room));
	if (!w.bad) {
		must(w.pos == dst + need);
		must(naive_head(dst, need, &raw, &info, &back, &used));
		got = raw;
		must(got == major && back == value && used == need);
		must(need == 1 || (need == 2 && value > 23) ||
		     (need == 3 && value > U8_MAX) ||
		     (need == 5 && value > U16_MAX) ||
		     (need == 9 && value > U32_MAX));
	}
	free(dst);
}
