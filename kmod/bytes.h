/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Bounded read and write cursors over byte buffers, with a sticky error. */
#ifndef OCKAM_BYTES_H
#define OCKAM_BYTES_H

#include <linux/types.h>
#include <linux/string.h>

/**
 * struct ockam_reader - cursor that never reads past its end
 * @pos: next unread byte
 * @end: first byte behind the buffer
 * @bad: set by the first failed read and never cleared
 *
 * After a failed read every later read returns zero or NULL, so that a decoder
 * can read a whole record and check @bad once.
 */
struct ockam_reader {
	const u8 *pos;
	const u8 *end;
	bool bad;
};

/**
 * struct ockam_writer - cursor that never writes past its end
 * @pos: next byte to write
 * @end: first byte behind the buffer
 * @bad: set by the first write that did not fit and never cleared
 */
struct ockam_writer {
	u8 *pos;
	u8 *end;
	bool bad;
};

static inline struct ockam_reader ockam_reader_init(const void *data,
						    size_t len)
{
	return (struct ockam_reader){ .pos = data,
				      .end = (const u8 *)data + len };
}

static inline size_t ockam_reader_left(const struct ockam_reader *r)
{
	return r->end - r->pos;
}

/* The next @len bytes, which are consumed; NULL and @bad when there are fewer. */
static inline const u8 *ockam_read_bytes(struct ockam_reader *r, size_t len)
{
	const u8 *start = r->pos;

	if (r->bad || len > ockam_reader_left(r)) {
		r->bad = true;
		return NULL;
	}
	r->pos += len;
	return start;
}

static inline u8 ockam_read_u8(struct ockam_reader *r)
{
	const u8 *byte = ockam_read_bytes(r, 1);

	return byte ? *byte : 0;
}

static inline struct ockam_writer ockam_writer_init(void *data, size_t len)
{
	return (struct ockam_writer){ .pos = data,
				      .end = data ? (u8 *)data + len : NULL };
}

static inline void ockam_write_bytes(struct ockam_writer *w, const void *data,
				     size_t len)
{
	if (w->bad || len > (size_t)(w->end - w->pos)) {
		w->bad = true;
		return;
	}
	memcpy(w->pos, data, len);
	w->pos += len;
}

static inline void ockam_write_u8(struct ockam_writer *w, u8 byte)
{
	ockam_write_bytes(w, &byte, 1);
}

static inline u64 ockam_get_be64(const u8 *p)
{
	u64 value = 0;
	int i;

	for (i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static inline void ockam_put_be64(u8 *p, u64 value)
{
	int i;

	for (i = 7; i >= 0; i--, value >>= 8)
		p[i] = (u8)value;
}

static inline u32 ockam_get_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline void ockam_put_be32(u8 *p, u32 value)
{
	p[0] = (u8)(value >> 24);
	p[1] = (u8)(value >> 16);
	p[2] = (u8)(value >> 8);
	p[3] = (u8)value;
}

#endif /* OCKAM_BYTES_H */
