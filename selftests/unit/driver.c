// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The pure core behind a line protocol: a command and hexadecimal arguments
 * ("-" is empty) on standard input, one line of answer. Built with sanitizers.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cbor.h"
#include "ed25519.h"
#include "ident.h"
#include "multiaddr.h"
#include "noise.h"
#include "nonce.h"
#include "wire.h"

#define ARGS_MAX	12

struct arg {
	u8 *data;
	size_t len;
};

static struct arg args[ARGS_MAX];
static int arg_count;

static void hex(const char *name, const void *data, size_t len)
{
	const u8 *bytes = data;

	printf(" %s=", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	if (!len)
		putchar('-');
}

static u64 number(int i)
{
	u64 value = 0;

	for (size_t at = 0; at < args[i].len; at++)
		value = value << 8 | args[i].data[at];
	return value;
}

/* Each argument in memory of its exact size: a sanitizer sees every overrun. */
static void parse(char *line)
{
	char *word;

	arg_count = 0;
	while ((word = strsep(&line, " \n")) && arg_count < ARGS_MAX) {
		struct arg *arg = &args[arg_count];

		if (!*word)
			continue;
		arg->len = strcmp(word, "-") ? strlen(word) / 2 : 0;
		arg->data = malloc(arg->len ? arg->len : 1);
		for (size_t i = 0; i < arg->len; i++) {
			unsigned int byte;

			sscanf(word + 2 * i, "%2x", &byte);
			arg->data[i] = byte;
		}
		arg_count++;
	}
}

static void put_route(const char *name, const struct ockam_route *route)
{
	hex(name, route->hops, route->len);
}

/* [prefix] body: scan with all prefixes, the last answer counts. */
static int scan(bool inner)
{
	struct ockam_wire_head head;
	struct ockam_route onward, ret;
	u8 a[OCKAM_ROUTE_MAX], b[OCKAM_ROUTE_MAX];
	const struct arg *body = &args[0];
	size_t end;
	int err;

	if (inner)
		err = ockam_wire_scan_inner(&head, body->data, body->len,
					    body->len);
	else
		err = ockam_wire_scan_transport(&head, body->data, body->len,
						body->len);
	if (err)
		return err;
	printf(" kind=%d", head.kind);
	if (head.kind != OCKAM_INNER_PAYLOAD)
		return 0;
	end = head.payload_off + head.payload_len;
	err = ockam_wire_check_tail(&head, body->data + end, body->len - end,
				    body->len - end);
	if (err)
		return err;
	err = ockam_wire_get_route(&onward, a, head.onward.bytes, body->data,
				   &head.onward);
	if (!err)
		err = ockam_wire_get_route(&ret, b, head.ret.bytes, body->data,
					   &head.ret);
	if (err)
		return err;
	put_route("onward", &onward);
	put_route("return", &ret);
	hex("payload", body->data + head.payload_off, head.payload_len);
	return 0;
}

/* A prefix of a message: more is asked for, or it is refused; never accepted. */
static int scan_prefix(void)
{
	struct ockam_wire_head head;
	const struct arg *body = &args[0];
	int err = 0;
	u8 *copy;

	for (size_t have = 0; have < body->len; have++) {
		copy = malloc(have ? have : 1);
		memcpy(copy, body->data, have);
		err = ockam_wire_scan_transport(&head, copy, have, body->len);
		if (!err && head.payload_off > have)
			err = -ERANGE;
		if (err && err != -ENODATA) {
			free(copy);
			return err;
		}
		/* Cut for good: the whole is this short. */
		err = ockam_wire_scan_transport(&head, copy, have, have);
		if (!err)
			err = ockam_wire_check_tail(&head,
				copy + head.payload_off + head.payload_len,
				have - head.payload_off - head.payload_len,
				have - head.payload_off - head.payload_len);
		free(copy);
		if (!err)
			printf(" accepted=%zu", have);
		else if (err != -EBADMSG)
			return err;
	}
	return 0;
}

static int put(bool inner)
{
	struct ockam_route onward, ret;
	int len, err;
	u8 *out;

	err = ockam_route_parse(&onward, args[0].data, args[0].len);
	if (!err)
		err = ockam_route_parse(&ret, args[1].data, args[1].len);
	if (err)
		return err;
	len = inner ? ockam_wire_put_inner(NULL, 0, &onward, &ret, args[2].len) :
	      ockam_wire_put_transport(NULL, 0, &onward, &ret, args[2].len);
	if (len < 0)
		return len;
	out = malloc(len + args[2].len + 1);
	err = inner ? ockam_wire_put_inner(out, len, &onward, &ret,
					   args[2].len) :
	      ockam_wire_put_transport(out, len, &onward, &ret, args[2].len);
	memcpy(out + len, args[2].data, args[2].len);
	out[len + args[2].len] = inner ? OCKAM_INNER_TAIL :
				 OCKAM_TRANSPORT_TAIL;
	hex("out", out, len + args[2].len + 1);
	free(out);
	return err == len ? 0 : -EIO;
}

static int route(void)
{
	char text[4096];
	struct ockam_route parsed, but;
	struct ockam_addr last;
	int err;

	err = ockam_route_parse(&parsed, args[0].data, args[0].len);
	if (err)
		return err;
	ockam_route_print(text, sizeof(text), &parsed);
	printf(" count=%u", parsed.count);
	hex("text", text, strlen(text));
	if (ockam_route_last(&parsed, &last))
		hex("last", last.value, last.len);
	but = ockam_route_but_last(&parsed);
	put_route("but_last", &but);
	return 0;
}

static int addr_text(void)
{
	struct ockam_addr addr;
	int err;

	err = ockam_addr_parse_text((const char *)args[0].data, args[0].len,
				    &addr);
	if (err)
		return err;
	printf(" type=%u", addr.type);
	hex("value", addr.value, addr.len);
	return 0;
}

static int bare(void)
{
	size_t len;
	int off = ockam_bare_get(args[0].data, args[0].len, &len);

	if (off < 0)
		return off;
	hex("value", args[0].data + off, len);
	return 0;
}

static int bare_len(void)
{
	u8 out[OCKAM_BARE_LEN_MAX];
	size_t back;
	int len = ockam_bare_put_len(out, sizeof(out), number(0));

	if (len < 0 || ockam_bare_get_len(out, len, &back) != len ||
	    back != number(0))
		return -EIO;
	hex("out", out, len);
	return 0;
}

/* Noise: two sides by number. */

static struct ockam_noise sides[2];

static void state(const struct ockam_noise *noise)
{
	hex("h", noise->h, 32);
	hex("ck", noise->ck, 32);
	hex("k", noise->k, noise->has_key ? 32 : 0);
	printf(" n=%llu", (unsigned long long)noise->n);
}

/* side role name static ephemeral */
static int noise_init(void)
{
	struct ockam_noise *noise = &sides[number(0) & 1];
	int err;

	err = ockam_noise_init(noise, number(1), (const char *)args[2].data,
			       NULL, 0, args[3].data, args[4].data);
	state(noise);
	return err;
}

static int noise_write(void)
{
	struct ockam_noise *noise = &sides[number(0) & 1];
	u8 *out = malloc(args[1].len + 96);
	int len;

	len = ockam_noise_write(noise, out, args[1].len + 96, args[1].data,
				args[1].len);
	if (len >= 0)
		hex("out", out, len);
	free(out);
	state(noise);
	return len < 0 ? len : 0;
}

static int noise_read(void)
{
	struct ockam_noise *noise = &sides[number(0) & 1], before = *noise;
	u8 *out = malloc(args[1].len + 1);
	int len;

	len = ockam_noise_read(noise, out, args[1].len, args[1].data,
			       args[1].len);
	if (len >= 0)
		hex("out", out, len);
	else if (memcmp(&before, noise, sizeof(before)))
		len = -EIO;	/* a bad message must change nothing */
	free(out);
	state(noise);
	return len < 0 ? len : 0;
}

static int noise_split(void)
{
	u8 tx[32], rx[32];
	int err = ockam_noise_split(&sides[number(0) & 1], tx, rx);

	hex("tx", tx, err ? 0 : 32);
	hex("rx", rx, err ? 0 : 32);
	return err;
}

/* The receiving side of the data phase, as session.c has it. */

static struct ockam_window window;
static u64 rekeys;
static u8 keys[3][32];
static bool has_previous;

static int rx_init(void)
{
	memset(&window, 0, sizeof(window));
	rekeys = 0;
	has_previous = false;
	memcpy(keys[OCKAM_KEY_CURRENT], args[0].data, 32);
	return ockam_aead_rekey(keys[OCKAM_KEY_NEXT], keys[OCKAM_KEY_CURRENT]);
}

static int rx_open(void)
{
	const struct arg *msg = &args[0];
	enum ockam_key_slot slot;
	u64 counter;
	u8 *out;
	int err;

	err = -EBADMSG;
	if (msg->len < 8 + OCKAM_TAG_LEN)
		goto out;
	counter = ockam_get_be64(msg->data);
	err = ockam_window_check(&window, counter);
	if (!err)
		err = ockam_nonce_slot(counter, rekeys, &slot);
	if (!err && slot == OCKAM_KEY_PREVIOUS && !has_previous)
		err = -ESTALE;
	if (err)
		goto out;
	out = malloc(msg->len);
	err = ockam_aead_open_once(keys[slot], counter, NULL, 0, out,
				   msg->data + 8, msg->len - 8);
	if (!err) {
		hex("out", out, msg->len - 8 - OCKAM_TAG_LEN);
		ockam_window_commit(&window, counter);
	}
	free(out);
	if (!err && slot == OCKAM_KEY_NEXT) {
		memcpy(keys[OCKAM_KEY_PREVIOUS], keys[OCKAM_KEY_CURRENT], 32);
		memcpy(keys[OCKAM_KEY_CURRENT], keys[OCKAM_KEY_NEXT], 32);
		has_previous = true;
		rekeys++;
		err = ockam_aead_rekey(keys[OCKAM_KEY_NEXT],
				       keys[OCKAM_KEY_CURRENT]);
	}
out:
	printf(" highest=%llu bitmap=%016llx rekeys=%llu",
	       (unsigned long long)window.highest,
	       (unsigned long long)window.bitmap, (unsigned long long)rekeys);
	return err;
}

static int window_mark(void)
{
	int err;

	if (arg_count < 1) {
		memset(&window, 0, sizeof(window));
		return 0;
	}
	err = ockam_window_check(&window, number(0));
	if (!err)
		ockam_window_commit(&window, number(0));
	return err;
}

/* counter: the one used up, and the next one */
static int nonce_take(void)
{
	u64 next = number(0), counter = 0;
	int err = ockam_nonce_take(&next, &counter);

	printf(" counter=%llu next=%llu", (unsigned long long)counter,
	       (unsigned long long)next);
	return err;
}

/* counter: where the next interval begins */
static int nonce_ahead(void)
{
	printf(" next=%llu", (unsigned long long)ockam_nonce_skip(number(0)));
	return 0;
}

/* rekeys: is that the receiver's last interval? */
static int nonce_ended(void)
{
	printf(" ended=%d", ockam_nonce_exhausted(number(0)));
	return 0;
}

/* key nonce plaintext */
static int seal(void)
{
	u8 *out = malloc(args[2].len + OCKAM_TAG_LEN);
	int err;

	err = ockam_aead_seal_once(args[0].data, number(1), NULL, 0, out,
				   args[2].data, args[2].len);
	hex("out", out, args[2].len + OCKAM_TAG_LEN);
	free(out);
	return err;
}

static int rekey(void)
{
	u8 out[32];
	int err = ockam_aead_rekey(out, args[0].data);

	hex("out", out, 32);
	return err;
}

static int hkdf(void)
{
	u8 a[32], b[32];
	int err = ockam_hkdf2(a, b, args[0].data, args[1].data, args[1].len);

	hex("first", a, 32);
	hex("second", b, 32);
	return err;
}

/* Identities: a reason instead of an errno. */

static int reason(enum ockam_ident_reason why)
{
	printf(" reason=%s", ockam_ident_reason_name(why));
	return why ? -EKEYREJECTED : 0;
}

static int history(void)
{
	struct ockam_identity identity;
	enum ockam_ident_reason why;

	why = ockam_ident_verify_history(&identity, args[0].data, args[0].len);
	if (!why) {
		hex("identifier", identity.identifier, 32);
		hex("latest", identity.latest_hash, 32);
		printf(" changes=%u", identity.changes);
	}
	return reason(why);
}

static int compare(void)
{
	static const char *const names[] = { "equal", "newer", "older",
					     "conflict" };
	enum ockam_ident_order order;
	enum ockam_ident_reason why;

	why = ockam_ident_compare(&order, args[0].data, args[0].len,
				  args[1].data, args[1].len);
	if (!why)
		printf(" order=%s", names[order]);
	return reason(why);
}

/* attestation history now [subject] */
static int attestation(void)
{
	struct ockam_attestation out;
	struct ockam_identity identity;
	enum ockam_ident_reason why = OCKAM_IDENT_GOOD;
	bool known = args[1].len;

	if (known)
		why = ockam_ident_verify_history(&identity, args[1].data,
						 args[1].len);
	if (!why)
		why = ockam_ident_verify_attestation(&out, args[0].data,
				args[0].len, known ? &identity : NULL,
				arg_count > 3 ? args[3].data : NULL, number(2));
	return reason(why);
}

/* credential history-of-authority now [subject] */
static int credential(void)
{
	struct ockam_identity authority;
	struct ockam_slice attributes;
	enum ockam_ident_reason why;
	u64 expires;

	why = ockam_ident_verify_history(&authority, args[1].data, args[1].len);
	if (!why)
		why = ockam_ident_verify_credential(&attributes, &expires,
				args[0].data, args[0].len, &authority,
				arg_count > 3 ? args[3].data : NULL, number(2));
	if (!why)
		hex("attributes", attributes.data, attributes.len);
	return reason(why);
}

/* payload static-key now */
static int judge(void)
{
	struct ockam_ident_payload parts;
	struct ockam_identity identity;
	enum ockam_ident_reason why;

	why = ockam_ident_judge(&identity, &parts, args[0].data, args[0].len,
				args[1].data, number(2));
	if (!why) {
		hex("identifier", identity.identifier, 32);
		printf(" credentials=%u", parts.credential_count);
	}
	return reason(why);
}

static int ed25519(void)
{
	return ockam_ed25519_verify(args[0].data, args[1].data, args[1].len,
				    args[2].data);
}

static int p256(void)
{
	return ockam_p256_verify(args[0].data, args[1].data, args[1].len,
				 args[2].data);
}

static int skip(void)
{
	struct ockam_reader r = ockam_reader_init(args[0].data, args[0].len);

	ockam_cbor_skip(&r);
	printf(" left=%zu", ockam_reader_left(&r));
	return r.bad ? -EBADMSG : 0;
}

static int transport(void)
{
	return scan(false);
}

static int inner(void)
{
	return scan(true);
}

static int put_transport(void)
{
	return put(false);
}

static int put_inner(void)
{
	return put(true);
}

/* The text of an argument, terminated. */
static char *text_arg(int i)
{
	char *text = malloc(args[i].len + 1);

	memcpy(text, args[i].data, args[i].len);
	text[args[i].len] = '\0';
	return text;
}

/* All components, as "/protocol/value..." again. */
static int multiaddr(void)
{
	char *text = text_arg(0), out[1024] = "";
	const char *at = text, *why = "";
	struct component part;
	size_t used = 0;
	int more;

	while ((more = multiaddr_next(&at, &part, &why)) > 0 && used < 700)
		used += snprintf(out + used, sizeof(out) - used, "/%s/%s",
				 part.protocol, part.value);
	free(text);
	hex("text", out, used);
	return more ? -EINVAL : 0;
}

static int host_and_port(void)
{
	char *text = text_arg(0), host[256] = "", port[6] = "";
	int err = host_port(text, host, port);

	free(text);
	hex("host", host, strlen(host));
	hex("port", port, strlen(port));
	return err ? -EINVAL : 0;
}

static const struct {
	const char *name;
	int (*run)(void);
	int min;
} commands[] = {
	{ "transport", transport, 1 }, { "inner", inner, 1 },
	{ "prefix", scan_prefix, 1 }, { "put_transport", put_transport, 3 },
	{ "put_inner", put_inner, 3 }, { "route", route, 1 },
	{ "addr_text", addr_text, 1 }, { "bare", bare, 1 },
	{ "bare_len", bare_len, 1 }, { "noise_init", noise_init, 5 },
	{ "noise_write", noise_write, 2 }, { "noise_read", noise_read, 2 },
	{ "noise_split", noise_split, 1 }, { "rx_init", rx_init, 1 },
	{ "rx_open", rx_open, 1 }, { "window", window_mark, 0 },
	{ "take", nonce_take, 1 }, { "ahead", nonce_ahead, 1 },
	{ "ended", nonce_ended, 1 }, { "seal", seal, 3 }, { "rekey", rekey, 1 }, { "hkdf", hkdf, 2 },
	{ "history", history, 1 }, { "compare", compare, 2 },
	{ "attestation", attestation, 3 }, { "credential", credential, 3 },
	{ "judge", judge, 3 }, { "ed25519", ed25519, 3 }, { "p256", p256, 3 },
	{ "skip", skip, 1 }, { "multiaddr", multiaddr, 1 },
	{ "host_port", host_and_port, 1 },
};

static int run(char *line)
{
	char *name = strsep(&line, " \n");

	parse(line);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name) &&
		    arg_count >= commands[i].min)
			return commands[i].run();
	return -ENOSYS;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		int err = run(line);

		printf(" err=%d\n", err);
		fflush(stdout);
		while (arg_count)
			free(args[--arg_count].data);
	}
	free(line);
	return 0;
}
