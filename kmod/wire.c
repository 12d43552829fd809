// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Message envelopes on a transport and inside a channel, and their limits. */

#include <linux/errno.h>
#include "wire.h"

const u8 ockam_inner_close[OCKAM_INNER_CLOSE_LEN] = {
	0x82, 0x82, 0x02, 0x80, 0x40
};

/* One address; false when it is over our limit. */
static bool ockam_wire_scan_addr(struct ockam_reader *r, size_t *len)
{
	struct ockam_cbor_array record = ockam_cbor_array(r);

	ockam_cbor_need(r, &record);
	ockam_cbor_uint(r, U8_MAX);
	ockam_cbor_need(r, &record);
	ockam_cbor_bytes(r, len);
	ockam_cbor_finish(r, &record);
	return *len <= OCKAM_ADDR_MAX;
}

/* A route; returns -EMSGSIZE when it is well formed and over our limits. */
static int ockam_wire_scan_route(struct ockam_reader *r, const u8 *start,
				 struct ockam_wire_route *out)
{
	struct ockam_cbor_array list = ockam_cbor_array(r);
	bool fits = true;
	size_t len = 0;

	*out = (struct ockam_wire_route){ .off = r->pos - start };
	while (ockam_cbor_more(r, &list)) {
		fits &= ockam_wire_scan_addr(r, &len);
		if (out->count == OCKAM_HOPS_MAX)
			fits = false;
		if (!fits)
			continue;
		out->count++;
		out->bytes += 2 + len;
		out->len = r->pos - start - out->off;
	}
	return fits ? 0 : -EMSGSIZE;
}

/*
 * Both routes and the head of the payload; @record is the array that they are
 * in. The payload itself may lie behind what is at hand.
 */
static int ockam_wire_scan_message(struct ockam_wire_head *out,
				   struct ockam_reader *r, const u8 *start,
				   size_t total, struct ockam_cbor_array *record)
{
	int over;
	u64 len;

	ockam_cbor_need(r, record);
	over = ockam_wire_scan_route(r, start, &out->onward);
	ockam_cbor_need(r, record);
	over = ockam_wire_scan_route(r, start, &out->ret) ?: over;
	ockam_cbor_need(r, record);
	len = ockam_cbor_head(r, OCKAM_CBOR_BYTES);
	if (r->bad)
		return 0;
	out->payload_off = r->pos - start;
	if (len > total - out->payload_off) {
		r->bad = true;
		return -EBADMSG;
	}
	out->payload_len = len;
	return over;
}

/* What a failed or finished scan means to the caller. */
static int ockam_wire_verdict(const struct ockam_reader *r, int err,
			      size_t have, size_t total)
{
	if (err == -EBADMSG)
		return err;
	if (r->bad)
		return have < total ? -ENODATA : -EBADMSG;
	return err;
}

/**
 * ockam_wire_scan_transport() - find the parts of a transport message
 * @out:   set
 * @head:  its first bytes
 * @have:  how many
 * @total: bytes of the whole message
 *
 * Return: 0 or as in wire.h.
 */
int ockam_wire_scan_transport(struct ockam_wire_head *out, const u8 *head,
			      size_t have, size_t total)
{
	struct ockam_reader r = ockam_reader_init(head, have);
	int err;

	*out = (struct ockam_wire_head){ .kind = OCKAM_INNER_PAYLOAD };
	out->open[0] = ockam_cbor_array(&r);
	out->depth = 1;
	err = ockam_wire_scan_message(out, &r, head, total, &out->open[0]);
	return ockam_wire_verdict(&r, err, have, total);
}

/* [change_history, [credential...]]: delimited here, judged by ident.c. */
static void ockam_wire_scan_refresh(struct ockam_wire_head *out,
				    struct ockam_reader *r, const u8 *start)
{
	out->payload_off = r->pos - start;
	ockam_cbor_skip(r);
	out->payload_len = r->pos - start - out->payload_off;
}

/* Leave all open arrays; the padding, a byte string, must be there. */
static void ockam_wire_leave(struct ockam_wire_head *out,
			     struct ockam_reader *r, size_t total_left)
{
	u64 len;

	while (out->depth > 1)
		ockam_cbor_finish(r, &out->open[--out->depth]);
	if (out->padded) {
		ockam_cbor_need(r, &out->open[0]);
		len = ockam_cbor_head(r, OCKAM_CBOR_BYTES);
		if (len > ockam_reader_left(r) + total_left)
			r->bad = true;
		/* Padding may reach behind what is at hand. */
		if (!r->bad && len > ockam_reader_left(r) &&
		    !out->open[0].indef && !out->open[0].left) {
			r->pos = r->end;
			return;
		}
		ockam_read_bytes(r, len);
	}
	ockam_cbor_finish(r, &out->open[0]);
}

/**
 * ockam_wire_scan_inner() - find the parts of a channel's plaintext
 * @out:   set
 * @head:  its first bytes
 * @have:  how many
 * @total: bytes of the whole plaintext
 *
 * Return: 0 or as in wire.h.
 */
int ockam_wire_scan_inner(struct ockam_wire_head *out, const u8 *head,
			  size_t have, size_t total)
{
	struct ockam_reader r = ockam_reader_init(head, have);
	int err = 0;
	u32 kind;

	*out = (struct ockam_wire_head){ .padded = true, .depth = 1 };
	out->open[0] = ockam_cbor_array(&r);
	ockam_cbor_need(&r, &out->open[0]);
	kind = ockam_cbor_enum(&r);
	if (!r.bad && kind > OCKAM_INNER_CLOSE)
		return -EBADMSG;
	out->kind = kind;
	if (kind == OCKAM_INNER_CLOSE) {
		ockam_cbor_skip(&r);
	} else {
		out->open[out->depth++] = ockam_cbor_array(&r);
		ockam_cbor_need(&r, &out->open[1]);
		if (kind == OCKAM_INNER_REFRESH) {
			ockam_wire_scan_refresh(out, &r, head);
		} else {
			out->open[out->depth++] = ockam_cbor_array(&r);
			err = ockam_wire_scan_message(out, &r, head, total,
						      &out->open[2]);
		}
	}
	if (!r.bad && kind != OCKAM_INNER_PAYLOAD)
		ockam_wire_leave(out, &r, total - have);
	return ockam_wire_verdict(&r, err, have, total);
}

/* Bytes of the UTF-8 sequence at @p, of which @left are at hand; 0: none. */
static size_t ockam_wire_utf8_len(const u8 *p, size_t left)
{
	static const u32 lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;
	u32 code;

	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc0 || p[0] > 0xf7 || len > left)
		return 0;
	code = p[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < lowest[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

/* Element 3: null, text or nothing. Its content is ignored. */
static void ockam_wire_tracing(struct ockam_reader *r,
			       struct ockam_cbor_array *record)
{
	size_t len, one;
	const u8 *text;

	if (!ockam_cbor_more(r, record) || ockam_cbor_null(r))
		return;
	len = ockam_cbor_head(r, OCKAM_CBOR_TEXT);
	text = ockam_read_bytes(r, len);
	for (; text && len; text += one, len -= one) {
		one = ockam_wire_utf8_len(text, len);
		if (!one) {
			r->bad = true;
			return;
		}
	}
}

/**
 * ockam_wire_check_tail() - judge what follows the payload
 * @head:  of the scan
 * @tail:  first bytes behind the payload
 * @have:  how many
 * @total: bytes behind the payload
 *
 * Return: 0, -ENODATA with more at hand it could be said, -EBADMSG.
 */
int ockam_wire_check_tail(const struct ockam_wire_head *head, const u8 *tail,
			  size_t have, size_t total)
{
	struct ockam_reader r = ockam_reader_init(tail, have);
	struct ockam_wire_head work = *head;

	if (!work.padded)
		ockam_wire_tracing(&r, &work.open[0]);
	ockam_wire_leave(&work, &r, total - have);
	return ockam_wire_verdict(&r, 0, have, total);
}

/**
 * ockam_wire_get_route() - a scanned route in binary form
 * @out:   set to a slice of @dst
 * @dst:   where to write
 * @size:  room; @route->bytes suffice
 * @head:  the bytes that were scanned
 * @route: what the scan said
 *
 * Return: 0, -ENOSPC.
 */
int ockam_wire_get_route(struct ockam_route *out, u8 *dst, size_t size,
			 const u8 *head, const struct ockam_wire_route *route)
{
	struct ockam_reader r = ockam_reader_init(head + route->off,
						  route->len);
	struct ockam_writer w = ockam_writer_init(dst, size);
	struct ockam_cbor_array record;
	const u8 *value;
	size_t len;
	u16 i;

	for (i = 0; i < route->count; i++) {
		record = ockam_cbor_array(&r);
		ockam_cbor_need(&r, &record);
		ockam_write_u8(&w, ockam_cbor_uint(&r, U8_MAX));
		ockam_cbor_need(&r, &record);
		value = ockam_cbor_bytes(&r, &len);
		ockam_cbor_finish(&r, &record);
		if (r.bad)
			return -EBADMSG;
		ockam_write_u8(&w, len);
		ockam_write_bytes(&w, value, len);
	}
	if (w.bad)
		return -ENOSPC;
	*out = (struct ockam_route){ .hops = dst, .len = w.pos - dst,
				     .count = route->count };
	return 0;
}

static size_t ockam_wire_route_len(const struct ockam_route *route)
{
	size_t len = ockam_cbor_head_len(route->count);
	struct ockam_route rest = *route;
	struct ockam_addr addr;

	while (ockam_route_pop(&rest, &addr))
		len += 1 + ockam_cbor_head_len(addr.type) +
		       ockam_cbor_head_len(addr.len) + addr.len;
	return len;
}

static void ockam_wire_put_route(struct ockam_writer *w,
				 const struct ockam_route *route)
{
	struct ockam_route rest = *route;
	struct ockam_addr addr;

	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, route->count);
	while (ockam_route_pop(&rest, &addr)) {
		ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
		ockam_cbor_put_head(w, OCKAM_CBOR_UINT, addr.type);
		ockam_cbor_put_bytes(w, addr.value, addr.len);
	}
}

/* Fixed bytes in front, both routes, the payload's head. */
static int ockam_wire_put(u8 *dst, size_t size, const u8 *front,
			  size_t front_len, const struct ockam_route *onward,
			  const struct ockam_route *ret, size_t payload_len)
{
	size_t need = front_len + ockam_wire_route_len(onward) +
		      ockam_wire_route_len(ret) +
		      ockam_cbor_head_len(payload_len);
	struct ockam_writer w = ockam_writer_init(dst, size);

	if (payload_len > OCKAM_FRAME_MAX ||
	    need + payload_len + 1 > OCKAM_FRAME_MAX + OCKAM_FRAME_HEAD)
		return -EMSGSIZE;
	if (!dst)
		return need;
	ockam_write_bytes(&w, front, front_len);
	ockam_wire_put_route(&w, onward);
	ockam_wire_put_route(&w, ret);
	ockam_cbor_put_head(&w, OCKAM_CBOR_BYTES, payload_len);
	return w.bad ? -ENOSPC : (int)need;
}

/**
 * ockam_wire_put_transport() - write frame length and head of a message
 * @dst:         where to, NULL to ask for the length
 * @size:        room
 * @onward:      onward route
 * @ret:         return route
 * @payload_len: bytes of payload
 *
 * Return: bytes of the head, or as in wire.h.
 */
int ockam_wire_put_transport(u8 *dst, size_t size,
			     const struct ockam_route *onward,
			     const struct ockam_route *ret, size_t payload_len)
{
	const u8 front[OCKAM_FRAME_HEAD + 1] = { 0, 0, 0, 0, 0x84 };
	int len = ockam_wire_put(dst, size, front, sizeof(front), onward, ret,
				 payload_len);

	if (dst && len > 0)
		ockam_put_be32(dst, len - OCKAM_FRAME_HEAD + payload_len + 1);
	return len;
}

/**
 * ockam_wire_put_inner() - write the head of a channel's plaintext
 * @dst:         where to, NULL to ask for the length
 * @size:        room
 * @onward:      onward route
 * @ret:         return route
 * @payload_len: bytes of payload
 *
 * Return: bytes of the head, or as in wire.h.
 */
int ockam_wire_put_inner(u8 *dst, size_t size, const struct ockam_route *onward,
			 const struct ockam_route *ret, size_t payload_len)
{
	static const u8 front[] = { 0x82, 0x82, 0x00, 0x81, 0x83 };

	return ockam_wire_put(dst, size, front, sizeof(front), onward, ret,
			      payload_len);
}

/**
 * ockam_bare_get_len() - read the length in front of a BARE string or data
 * @data: encoded
 * @size: bytes at hand
 * @len:  set to the length
 *
 * Return: offset of the first byte behind it; -EBADMSG.
 */
int ockam_bare_get_len(const u8 *data, size_t size, size_t *len)
{
	struct ockam_reader r = ockam_reader_init(data, size);
	unsigned int shift;
	u64 value = 0;
	u8 byte;

	for (shift = 0; shift < 70; shift += 7) {
		byte = ockam_read_u8(&r);
		if (shift == 63 && byte != 1)
			return -EBADMSG;
		value |= (u64)(byte & 127) << shift;
		if (!(byte & 128))
			break;
	}
	if (r.bad)
		return -EBADMSG;
	*len = value;
	return r.pos - data;
}

/**
 * ockam_bare_get() - find the bytes of a BARE string or data
 * @data: encoded
 * @size: bytes at hand
 * @len:  set to the number of its bytes
 *
 * Return: offset of the bytes; -EBADMSG.
 */
int ockam_bare_get(const u8 *data, size_t size, size_t *len)
{
	int off = ockam_bare_get_len(data, size, len);

	return off < 0 || *len > size - off ? -EBADMSG : off;
}

/**
 * ockam_bare_put_len() - write a BARE varint
 * @dst:  where to
 * @size: room; OCKAM_BARE_LEN_MAX always suffices
 * @len:  value
 *
 * Return: bytes written; -ENOSPC.
 */
int ockam_bare_put_len(u8 *dst, size_t size, u64 len)
{
	struct ockam_writer w = ockam_writer_init(dst, size);

	for (; len > 127; len >>= 7)
		ockam_write_u8(&w, (len & 127) | 128);
	ockam_write_u8(&w, len);
	return w.bad ? -ENOSPC : (int)(w.pos - dst);
}
