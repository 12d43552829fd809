// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Routes: counted by hand, printed, cut, put together again. */

#include "fuzz.h"
#include "route.h"

/* Addresses in a binary route, -1 when one is cut. */
static int count_hops(const u8 *hops, size_t len)
{
	size_t at = 0;
	int count = 0;

	for (; at < len; count++) {
		if (len - at < 2 || len - at - 2 < hops[at + 1])
			return -1;
		at += 2 + hops[at + 1];
	}
	return count;
}

static void check_print(const struct ockam_route *route)
{
	static char text[16384], cut[64];
	size_t len = ockam_route_print(text, sizeof(text), route), some;

	must(len < sizeof(text) && strlen(text) == len);
	some = ockam_route_print(cut, sizeof(cut), route);
	must(some < sizeof(cut) && some <= len && !cut[some]);
	for (size_t i = 0; i < len; i++)
		must(text[i] >= 32 && text[i] < 127);
}

/* Taken off one by one, the addresses are the route. */
static void check_pop(const struct ockam_route *route)
{
	struct ockam_route rest = *route, but = ockam_route_but_last(route);
	struct ockam_addr addr, last;
	static u8 again[OCKAM_ROUTE_MAX];
	size_t at = 0, used = 0;
	int hops = 0;

	must(ockam_route_last(route, &last) == !!route->count);
	for (; ockam_route_pop(&rest, &addr); hops++) {
		must(addr.value >= route->hops + 2 &&
		     addr.value + addr.len <= route->hops + route->len);
		used = ockam_addr_put(again + at, sizeof(again) - at, &addr);
		must(used == 2u + addr.len);
		must(!ockam_addr_put(again + at, used - 1, &addr));
		at += used;
	}
	must(hops == route->count && !rest.len && at == route->len);
	must(!at || !memcmp(again, route->hops, at));
	must(but.len == at - used);
	must(but.count == (hops ? hops - 1 : 0));
	must(!hops || ockam_addr_equal(&addr, &last));
}

void fuzz_route(struct input *in)
{
	u8 *hops = copy_of(in->at, in->left);
	int count = count_hops(hops, in->left), err;
	struct ockam_route route;

	err = ockam_route_parse(&route, hops, in->left);
	if (count >= 0 && count <= OCKAM_HOPS_MAX)
		must(!err);
	else if (count > OCKAM_HOPS_MAX)
		must(err == -EMSGSIZE);
	else
		must(err == -EINVAL || err == -EMSGSIZE);
	if (!err) {
		must(route.len == in->left && route.count == count);
		check_print(&route);
		check_pop(&route);
		must(ockam_route_equal(&route, &route));
	} else {
		must(!route.count && !route.len);
	}
	free(hops);
}

/* TYPE#VALUE by hand: the value's offset, -1 bad, and the type. */
static int naive_address(const char *text, size_t len, unsigned int *type)
{
	size_t at, mark = len;

	*type = 0;
	for (at = 0; at < len; at++) {
		if (text[at] != '#')
			continue;
		if (mark != len)
			return -1;
		mark = at;
	}
	if (mark == len)
		return 0;
	at = mark && text[0] == '+';
	if (at == mark)
		return -1;
	for (; at < mark; at++) {
		if (text[at] < '0' || text[at] > '9')
			return -1;
		*type = *type * 10 + text[at] - '0';
		if (*type > 255)
			return -1;
	}
	return mark + 1;
}

void fuzz_address(struct input *in)
{
	char *text = (char *)copy_of(in->at, in->left), again[300];
	struct ockam_addr addr, back;
	unsigned int type;
	u8 hop[2 + OCKAM_ADDR_MAX];
	struct ockam_route route;
	int off, err;

	off = naive_address(text, in->left, &type);
	err = ockam_addr_parse_text(text, in->left, &addr);
	must((err == -EINVAL) == (off < 0));
	must(off < 0 || (err == -EMSGSIZE) ==
			(in->left - off > OCKAM_ADDR_MAX));
	if (!err) {
		must(addr.type == type && addr.len == in->left - off);
		must(addr.value == (u8 *)text + off);
		must(!ockam_route_parse(&route, hop, ockam_addr_put(hop, sizeof(hop), &addr)));
		err = ockam_addr_parse_text(again, ockam_route_print(again, sizeof(again), &route),
					    &back);
		must(!err && back.type == addr.type && back.len == addr.len);
		must(memchr(back.value, '?', back.len) ||
		     ockam_addr_equal(&addr, &back));
	}
	free(text);
}
