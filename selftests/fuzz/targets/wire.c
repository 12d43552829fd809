// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Envelopes: what is accepted lies within, and is what was put in. */

#include "fuzz.h"
#include "wire.h"

struct parsed {
	struct ockam_wire_head head;
	struct ockam_route onward, ret;
	u8 a[OCKAM_ROUTE_MAX], b[OCKAM_ROUTE_MAX];
};

static int scan(struct ockam_wire_head *head, const u8 *data, size_t have,
		size_t total, bool inner)
{
	return inner ? ockam_wire_scan_inner(head, data, have, total) :
	       ockam_wire_scan_transport(head, data, have, total);
}

/* Scan, tail and routes of a whole envelope. */
static int parse(struct parsed *out, const u8 *data, size_t size, bool inner)
{
	struct ockam_wire_head *head = &out->head;
	int err = scan(head, data, size, size, inner);
	size_t end;

	must(err != -ENODATA);
	if (err || head->kind != OCKAM_INNER_PAYLOAD)
		return err;
	end = (size_t)head->payload_off + head->payload_len;
	must(end <= size);
	err = ockam_wire_check_tail(head, data + end, size - end, size - end);
	must(err != -ENODATA);
	if (err)
		return err;
	must(head->onward.count <= OCKAM_HOPS_MAX &&
	     head->ret.count <= OCKAM_HOPS_MAX);
	must(head->onward.off + head->onward.len <= head->ret.off &&
	     head->ret.off + head->ret.len < head->payload_off);
	must(!ockam_wire_get_route(&out->onward, out->a, head->onward.bytes,
				   data, &head->onward));
	must(!ockam_wire_get_route(&out->ret, out->b, head->ret.bytes, data,
				   &head->ret));
	must(out->onward.len == head->onward.bytes);
	must(!head->ret.bytes ||
	     ockam_wire_get_route(&out->ret, out->b, head->ret.bytes - 1, data,
				  &head->ret) == -ENOSPC);
	return 0;
}

static void check_route(const struct ockam_route *route)
{
	struct ockam_route again;

	must(!ockam_route_parse(&again, route->hops, route->len));
	must(again.count == route->count);
}

/* Encode what was decoded; decoded again it is the same. */
static void check_again(const struct parsed *p, const u8 *payload, bool inner)
{
	static struct parsed twice;
	size_t len = p->head.payload_len;
	int need, skip = inner ? 0 : OCKAM_FRAME_HEAD;
	int (*put)(u8 *dst, size_t size, const struct ockam_route *onward,
		   const struct ockam_route *ret, size_t payload_len) =
		inner ? ockam_wire_put_inner : ockam_wire_put_transport;
	u8 *out;

	check_route(&p->onward);
	check_route(&p->ret);
	need = put(NULL, 0, &p->onward, &p->ret, len);
	must(need > skip);
	out = malloc(need + len + 1);
	must(put(out, need - 1, &p->onward, &p->ret, len) == -ENOSPC);
	must(put(out, need, &p->onward, &p->ret, len) == need);
	memcpy(out + need, payload, len);
	out[need + len] = inner ? OCKAM_INNER_TAIL : OCKAM_TRANSPORT_TAIL;
	must(inner || ockam_get_be32(out) == need + len + 1 - skip);
	must(!parse(&twice, out + skip, need + len + 1 - skip, inner));
	must(ockam_route_equal(&p->onward, &twice.onward));
	must(ockam_route_equal(&p->ret, &twice.ret));
	must(twice.head.payload_len == len &&
	     !memcmp(out + skip + twice.head.payload_off, payload, len));
	free(out);
}

/* From its first bytes alone: the same answer, or more is asked for. */
static void check_part(const u8 *data, size_t size, size_t have, int whole,
		       const struct ockam_wire_head *head, bool inner)
{
	u8 *part = copy_of(data, have);
	struct ockam_wire_head some;
	int err = scan(&some, part, have, size, inner);

	must(err != -ENODATA || have < size);
	if (!err)
		must(!whole && some.payload_off == head->payload_off &&
		     some.payload_len == head->payload_len &&
		     some.onward.count == head->onward.count);
	else if (err != -ENODATA)
		must(whole == err);
	/* Cut for good, it is never half of something. */
	err = scan(&some, part, have, have, inner);
	must(err != -ENODATA);
	if (!err && some.kind == OCKAM_INNER_PAYLOAD)
		must((size_t)some.payload_off + some.payload_len <= have);
	free(part);
}

static void envelope(struct input *in, bool inner)
{
	static struct parsed p;
	size_t cut = take(in, 2);
	u8 *data = copy_of(in->at, in->left);
	int scanned, err;

	scanned = scan(&p.head, data, in->left, in->left, inner);
	check_part(data, in->left, cut % (in->left + 1), scanned, &p.head,
		   inner);
	err = parse(&p, data, in->left, inner);
	must(!scanned || err == scanned);
	if (!err && p.head.kind == OCKAM_INNER_PAYLOAD)
		check_again(&p, data + p.head.payload_off, inner);
	else if (!err)
		must(inner && (size_t)p.head.payload_off + p.head.payload_len <=
			      in->left);
	free(data);
}

void fuzz_transport(struct input *in)
{
	envelope(in, false);
}

void fuzz_inner(struct input *in)
{
	envelope(in, true);
}

/* A route of any number and size of addresses, as both forms. */
static bool make_route(struct input *in, struct out *cbor, struct out *binary)
{
	static u8 value[OCKAM_ADDR_MAX + 8];
	u16 count = take(in, 1) % 36, size;
	bool indef = take(in, 1) & 1, fits = count <= OCKAM_HOPS_MAX;
	u8 type, form;

	binary->len = 0;
	if (indef)
		put_byte(cbor, 0x9f);
	else
		put_head(cbor, 4, count, take(in, 1) % 9);
	while (count--) {
		type = take(in, 1);
		form = take(in, 1);
		size = form > 250 ? 253 + take(in, 1) % 6 : form % 20;
		fits &= size <= OCKAM_ADDR_MAX;
		memset(value, take(in, 1), sizeof(value));
		put_byte(cbor, form & 1 ? 0x9f : form & 2 ? 0x83 : 0x82);
		put_head(cbor, 0, type, form >> 2 & 3);
		put_head(cbor, 2, size, form >> 4 & 3);
		put_bytes(cbor, value, size);
		if (form & 1)
			put_byte(cbor, 0xff);
		else if (form & 2)
			put_byte(cbor, 0x80);
		put_byte(binary, type);
		put_byte(binary, size);
		put_bytes(binary, value, size);
	}
	if (indef)
		put_byte(cbor, 0xff);
	return fits;
}

/* An envelope that is known: its routes and payload come out, or -EMSGSIZE. */
void fuzz_envelope(struct input *in)
{
	static struct out cbor, onward, ret;
	static struct parsed p;
	u8 how = take(in, 1);
	bool inner = how & 1, padded = how % 8 != 7, fits;
	const u8 front[] = { 0x81 + padded, 0x82, 0, 0x81, 0x83 };
	struct ockam_slice payload;
	u8 *data;
	int err;

	cbor.len = 0;
	if (inner)
		put_bytes(&cbor, front, sizeof(front));
	else
		put_byte(&cbor, 0x84);
	fits = make_route(in, &cbor, &onward);
	fits &= make_route(in, &cbor, &ret);
	payload = take_bytes(in, 64);
	put_string(&cbor, payload.data, payload.len);
	if (padded)
		put_byte(&cbor, inner ? OCKAM_INNER_TAIL : OCKAM_TRANSPORT_TAIL);
	data = copy_of(cbor.data, cbor.len);
	err = parse(&p, data, cbor.len, inner);
	must(err == (!fits ? -EMSGSIZE : padded ? 0 : -EBADMSG));
	if (!err) {
		must(p.onward.len == onward.len && p.ret.len == ret.len);
		must(!memcmp(p.a, onward.data, onward.len));
		must(!memcmp(p.b, ret.data, ret.len));
		must(p.head.payload_len == payload.len);
		check_again(&p, data + p.head.payload_off, inner);
		/* One byte less is one too few. */
		must(parse(&p, data, cbor.len - 1, inner) == -EBADMSG);
	}
	free(data);
}

/* A varint by hand: its bytes, 0 when there is none. */
static size_t naive_varint(const u8 *data, size_t size, u64 *value)
{
	unsigned __int128 all = 0;

	for (size_t i = 0; i < size && i < OCKAM_BARE_LEN_MAX; i++) {
		all |= (unsigned __int128)(data[i] & 127) << 7 * i;
		if (data[i] & 128)
			continue;
		if (all >> 64 || (i == 9 && data[i] != 1))
			return 0;
		*value = all;
		return i + 1;
	}
	return 0;
}

void fuzz_bare(struct input *in)
{
	u8 *data = copy_of(in->at, in->left), out[OCKAM_BARE_LEN_MAX];
	size_t used, len = 0, got = 0;
	u64 value = 0;
	int off, put;

	used = naive_varint(data, in->left, &value);
	off = ockam_bare_get_len(data, in->left, &len);
	must(used ? off == (int)used && len == value : off == -EBADMSG);
	off = ockam_bare_get(data, in->left, &got);
	must((off >= 0) == (used && value <= in->left - used));
	must(off < 0 || (off == (int)used && got == value));
	put = ockam_bare_put_len(out, sizeof(out), value);
	must(put > 0 && ockam_bare_get_len(out, put, &got) == put &&
	     got == value);
	must(put == 1 || out[put - 1]);
	must(ockam_bare_put_len(out, put - 1, value) == -ENOSPC);
	free(data);
}
