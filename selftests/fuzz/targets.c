// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One libFuzzer target for each decoder of the pure core that eats bytes of a
 * peer or a user: -DTARGET=name chooses. Each checks what must hold for any
 * input, besides what the sanitizers see. With -DPLANT one check is wrong on
 * purpose, to prove that a broken rule is found.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cbor.h"
#include "ident.h"
#include "multiaddr.h"
#include "noise.h"
#include "nonce.h"
#include "wire.h"

#ifdef PLANT
#define PLANTED	1
#else
#define PLANTED	0
#endif

#define NOW	1720000000ULL	/* within the validity of the seeds */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Everything that an accepted envelope says lies within it; encode it again. */
static void check_envelope(const struct ockam_wire_head *head, const u8 *data,
			   size_t size, bool inner)
{
	static u8 a[OCKAM_ROUTE_MAX], b[OCKAM_ROUTE_MAX];
	struct ockam_route onward, ret, again;
	struct ockam_wire_head copy;
	size_t len = head->payload_len;
	int need;
	u8 *out;

	must(head->payload_off <= size && len <= size - head->payload_off);
	must(!ockam_wire_get_route(&onward, a, sizeof(a), data, &head->onward));
	must(!ockam_wire_get_route(&ret, b, sizeof(b), data, &head->ret));
	must(!ockam_route_parse(&again, onward.hops, onward.len));
	must(again.count == head->onward.count && ret.count == head->ret.count);
	need = inner ? ockam_wire_put_inner(NULL, 0, &onward, &ret, len) :
	       ockam_wire_put_transport(NULL, 0, &onward, &ret, len);
	must(need > 0);
	out = malloc(need + len + 1);
	must(need == (inner ?
		      ockam_wire_put_inner(out, need, &onward, &ret, len) :
		      ockam_wire_put_transport(out, need, &onward, &ret, len)));
	memcpy(out + need, data + head->payload_off, len);
	out[need + len] = inner ? OCKAM_INNER_TAIL : OCKAM_TRANSPORT_TAIL;
	if (inner)
		must(!ockam_wire_scan_inner(&copy, out, need + len + 1,
					    need + len + 1));
	else
		must(!ockam_wire_scan_transport(&copy, out + OCKAM_FRAME_HEAD,
						need + len + 1 - OCKAM_FRAME_HEAD,
						need + len + 1 - OCKAM_FRAME_HEAD));
	must(copy.payload_len == len && copy.onward.count == onward.count);
	free(out);
}

static void envelope(const u8 *data, size_t size, bool inner)
{
	struct ockam_wire_head head;
	size_t end;
	int err;

	err = inner ? ockam_wire_scan_inner(&head, data, size, size) :
	      ockam_wire_scan_transport(&head, data, size, size);
	must(err != -ENODATA);
	if (err || head.kind != OCKAM_INNER_PAYLOAD)
		return;
	end = head.payload_off + head.payload_len;
	must(!PLANTED || !head.onward.count);
	must(end <= size);
	if (!ockam_wire_check_tail(&head, data + end, size - end, size - end))
		check_envelope(&head, data, size, inner);
}

static __attribute__((unused)) void fuzz_transport(const u8 *data, size_t size)
{
	envelope(data, size, false);
}

static __attribute__((unused)) void fuzz_inner(const u8 *data, size_t size)
{
	envelope(data, size, true);
}

static __attribute__((unused)) void fuzz_cbor(const u8 *data, size_t size)
{
	struct ockam_reader r = ockam_reader_init(data, size);

	while (!r.bad && ockam_reader_left(&r)) {
		const u8 *before = r.pos;

		ockam_cbor_skip(&r);
		must(r.bad || r.pos > before);
	}
	must(r.pos <= data + size);
}

static __attribute__((unused)) void fuzz_route(const u8 *data, size_t size)
{
	static char text[16384];
	struct ockam_route route, rest;
	struct ockam_addr addr;
	int hops = 0;

	if (!ockam_addr_parse_text((const char *)data, size, &addr))
		must(addr.len <= size);
	if (ockam_route_parse(&route, data, size))
		return;
	must(route.len == size && route.count <= OCKAM_HOPS_MAX);
	must(ockam_route_print(text, sizeof(text), &route) < sizeof(text));
	for (rest = route; ockam_route_pop(&rest, &addr); hops++)
		must(addr.value >= data && addr.value + addr.len <= data + size);
	must(hops == route.count && !rest.len);
	rest = ockam_route_but_last(&route);
	must(!route.count || rest.count == route.count - 1);
}

static __attribute__((unused)) void fuzz_bare(const u8 *data, size_t size)
{
	size_t len = 0;
	int off = ockam_bare_get(data, size, &len);

	must(off < 0 || ((size_t)off <= size && len <= size - off));
}

static __attribute__((unused)) void fuzz_history(const u8 *data, size_t size)
{
	struct ockam_identity identity;
	enum ockam_ident_order order;

	if (ockam_ident_verify_history(&identity, data, size))
		return;
	must(identity.changes && identity.changes <= OCKAM_CHANGES_MAX);
	must(!ockam_ident_compare(&order, data, size, data, size) &&
	     order == OCKAM_IDENT_EQUAL);
}

/* Length of the first part (two bytes), the first part, the second. */
static size_t split(const u8 **data, size_t *size)
{
	size_t first;

	if (*size < 2)
		return 0;
	first = (*data)[0] << 8 | (*data)[1];
	*data += 2;
	*size -= 2;
	return first < *size ? first : *size;
}

static __attribute__((unused)) void fuzz_attestation(const u8 *data, size_t size)
{
	size_t first = split(&data, &size);
	struct ockam_attestation attestation;
	struct ockam_identity identity;

	if (!ockam_ident_verify_history(&identity, data, first) &&
	    !ockam_ident_verify_attestation(&attestation, data + first,
					    size - first, &identity, NULL, NOW))
		must(!memcmp(attestation.subject, identity.identifier,
			     OCKAM_IDENTIFIER_LEN) &&
		     attestation.created_at <= attestation.expires_at);
}

static __attribute__((unused)) void fuzz_credential(const u8 *data, size_t size)
{
	size_t first = split(&data, &size);
	struct ockam_slice attributes;
	struct ockam_identity identity;
	u64 expires_at;

	if (!ockam_ident_verify_history(&identity, data, first) &&
	    !ockam_ident_verify_credential(&attributes, &expires_at,
					   data + first, size - first,
					   &identity, NULL, NOW))
		must(expires_at >= NOW && attributes.data >= data &&
		     attributes.data + attributes.len <= data + size);
}

static __attribute__((unused)) void fuzz_payload(const u8 *data, size_t size)
{
	static const u8 key[OCKAM_X25519_LEN];
	struct ockam_ident_payload parts;
	struct ockam_identity identity;
	struct ockam_slice history;

	if (!ockam_ident_parse_payload(&parts, data, size))
		must(parts.history.data + parts.history.len <= data + size);
	if (!ockam_ident_parse_refresh(&history, data, size))
		must(history.data + history.len <= data + size);
	ockam_ident_judge(&identity, &parts, data, size, key, NOW);
}

/* Whose turn it is, and messages: a bad one must change nothing. */
static __attribute__((unused)) void fuzz_noise(const u8 *data, size_t size)
{
	static const u8 s[OCKAM_X25519_LEN] = { 1 }, e[OCKAM_X25519_LEN] = { 2 };
	static u8 out[OCKAM_NOISE_MSG_MAX + 128];
	struct ockam_noise noise, before;
	size_t len;
	int got;

	if (!size || ockam_noise_init(&noise, *data & 1, ockam_noise_name, NULL,
				      0, s, e))
		return;
	for (data++, size--; size >= 2; data += len, size -= len) {
		len = split(&data, &size);
		before = noise;
		if (len % 5 == 4) {
			got = ockam_noise_write(&noise, out, sizeof(out), data,
						len);
			if (got < 0)	/* ends a handshake, whatever it did */
				return;
		} else {
			got = ockam_noise_read(&noise, out, len, data, len);
			must(got >= 0 ||
			     !memcmp(&before, &noise, sizeof(noise)));
		}
		must(got < 0 || noise.step == before.step + 1);
	}
}

/* Counters near each other: each is accepted at most once. */
static __attribute__((unused)) void fuzz_nonce(const u8 *data, size_t size)
{
	struct ockam_window window = { 0 };
	static u8 seen[8192];
	size_t i;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i + 1 < size; i += 2) {
		u64 counter = (data[i] << 8 | data[i + 1]) % sizeof(seen);

		if (ockam_window_check(&window, counter))
			continue;
		must(!seen[counter]);
		seen[counter] = 1;
		ockam_window_commit(&window, counter);
		must(window.highest >= counter);
	}
}

static __attribute__((unused)) void fuzz_multiaddr(const u8 *data, size_t size)
{
	char *text = malloc(size + 1), host[256], port[6];
	struct component part;
	const char *at = text, *why;
	size_t parts = 0;

	memcpy(text, data, size);
	text[size] = '\0';
	while (multiaddr_next(&at, &part, &why) > 0)
		must(++parts <= size && *part.protocol);
	if (!host_port(text, host, port))
		must(*host && atoi(port) <= 65535);
	free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	TARGET(data, size);
	return 0;
}
