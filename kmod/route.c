// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Routes: lists of addresses in the binary form of the socket interface. */

#include <linux/errno.h>
#include "bytes.h"
#include "route.h"

#define OCKAM_HOP_HEAD	2	/* type and length */

/**
 * ockam_route_parse() - judge a binary route
 * @route: set to a slice of @hops
 * @hops:  bytes
 * @len:   how many; 0 is the empty route
 *
 * Return: 0; -EINVAL an address is cut; -EMSGSIZE over OCKAM_HOPS_MAX.
 */
int ockam_route_parse(struct ockam_route *route, const u8 *hops, size_t len)
{
	struct ockam_reader r = ockam_reader_init(hops, len);
	unsigned int count = 0;

	*route = (struct ockam_route){};
	while (ockam_reader_left(&r) && count <= OCKAM_HOPS_MAX) {
		ockam_read_u8(&r);
		ockam_read_bytes(&r, ockam_read_u8(&r));
		if (r.bad)
			return -EINVAL;
		count++;
	}
	if (count > OCKAM_HOPS_MAX)
		return -EMSGSIZE;
	*route = (struct ockam_route){ .hops = hops, .len = len,
				       .count = count };
	return 0;
}

/**
 * ockam_route_next() - the first address
 * @route: route
 * @addr:  set to it
 *
 * Return: false when the route is empty.
 */
bool ockam_route_next(const struct ockam_route *route, struct ockam_addr *addr)
{
	if (!route->count)
		return false;
	*addr = (struct ockam_addr){ .type = route->hops[0],
				     .len = route->hops[1],
				     .value = route->hops + OCKAM_HOP_HEAD };
	return true;
}

/**
 * ockam_route_pop() - take the first address off
 * @route: route
 * @addr:  set to it
 *
 * Return: false when the route is empty.
 */
bool ockam_route_pop(struct ockam_route *route, struct ockam_addr *addr)
{
	size_t used;

	if (!ockam_route_next(route, addr))
		return false;
	used = OCKAM_HOP_HEAD + addr->len;
	route->hops += used;
	route->len -= used;
	route->count--;
	return true;
}

/**
 * ockam_route_last() - the last address
 * @route: route
 * @addr:  set to it
 *
 * Return: false when the route is empty.
 */
bool ockam_route_last(const struct ockam_route *route, struct ockam_addr *addr)
{
	struct ockam_route rest = *route;

	if (!rest.count)
		return false;
	while (ockam_route_pop(&rest, addr))
		;
	return true;
}

/**
 * ockam_route_but_last() - a route without its last address
 * @route: route
 *
 * Return: a slice of the same memory; empty when @route has no two addresses.
 */
struct ockam_route ockam_route_but_last(const struct ockam_route *route)
{
	struct ockam_route but = *route;
	struct ockam_addr last;

	if (!ockam_route_last(route, &last))
		return but;
	but.len -= OCKAM_HOP_HEAD + last.len;
	but.count--;
	return but;
}

/**
 * ockam_addr_equal() - whether two addresses are the same
 * @a: one
 * @b: the other
 *
 * Return: true when type and value are.
 */
bool ockam_addr_equal(const struct ockam_addr *a, const struct ockam_addr *b)
{
	return a->type == b->type && a->len == b->len &&
	       !memcmp(a->value, b->value, a->len);
}

/**
 * ockam_route_equal() - whether two routes are the same
 * @a: one
 * @b: the other
 *
 * Return: true when all addresses are.
 */
bool ockam_route_equal(const struct ockam_route *a, const struct ockam_route *b)
{
	return a->count == b->count && a->len == b->len &&
	       !memcmp(a->hops, b->hops, a->len);
}

/**
 * ockam_addr_put() - write an address in binary form
 * @dst:  where to
 * @size: room
 * @addr: address
 *
 * Return: bytes written; 0 when there is no room.
 */
size_t ockam_addr_put(u8 *dst, size_t size, const struct ockam_addr *addr)
{
	struct ockam_writer w = ockam_writer_init(dst, size);

	ockam_write_u8(&w, addr->type);
	ockam_write_u8(&w, addr->len);
	ockam_write_bytes(&w, addr->value, addr->len);
	return w.bad ? 0 : (size_t)(w.pos - dst);
}

/* A transport type as upstream reads it: decimal, one leading plus is fine. */
static int ockam_addr_parse_type(const char *text, size_t len)
{
	unsigned int type = 0;
	size_t i = 0;

	if (len && text[0] == '+')
		i++;
	if (i == len)
		return -EINVAL;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		type = type * 10 + (text[i] - '0');
		if (type > U8_MAX)
			return -EINVAL;
	}
	return type;
}

/**
 * ockam_addr_parse_text() - read the text form, TYPE#VALUE or VALUE
 * @text: text
 * @len:  its bytes
 * @addr: set to a slice of @text
 *
 * Return: 0; -EINVAL bad type or more than one separator; -EMSGSIZE the value
 * is over OCKAM_ADDR_MAX.
 */
int ockam_addr_parse_text(const char *text, size_t len, struct ockam_addr *addr)
{
	const char *mark = len ? memchr(text, '#', len) : NULL;
	size_t head = mark ? (size_t)(mark - text) + 1 : 0;
	int type = 0;

	if (mark && memchr(mark + 1, '#', len - head))
		return -EINVAL;
	if (mark)
		type = ockam_addr_parse_type(text, head - 1);
	if (type < 0)
		return type;
	if (len - head > OCKAM_ADDR_MAX)
		return -EMSGSIZE;
	*addr = (struct ockam_addr){ .type = type, .len = len - head,
				     .value = (const u8 *)text + head };
	return 0;
}

static size_t ockam_addr_print_type(char *dst, u8 type)
{
	size_t len = 0;

	if (type >= 100)
		dst[len++] = '0' + type / 100;
	if (type >= 10)
		dst[len++] = '0' + type / 10 % 10;
	dst[len++] = '0' + type % 10;
	dst[len++] = '#';
	return len;
}

/**
 * ockam_route_print() - text of a route for logs and users
 * @dst:   where to; terminated when @size is not 0
 * @size:  room
 * @route: route
 *
 * Addresses are joined by " => " and carry their type; bytes that are not
 * printable become '?'. Not an identity of anything.
 *
 * Return: bytes of text without the terminator, cut to what fits.
 */
size_t ockam_route_print(char *dst, size_t size, const struct ockam_route *route)
{
	struct ockam_writer w = ockam_writer_init(dst, size ? size - 1 : 0);
	struct ockam_route rest = *route;
	struct ockam_addr addr;
	bool first = true;
	char type[5];
	u8 i, byte;

	while (!w.bad && ockam_route_pop(&rest, &addr)) {
		if (!first)
			ockam_write_bytes(&w, " => ", 4);
		first = false;
		ockam_write_bytes(&w, type,
				  ockam_addr_print_type(type, addr.type));
		for (i = 0; i < addr.len; i++) {
			byte = addr.value[i];
			ockam_write_u8(&w, byte < 32 || byte > 126 ? '?' : byte);
		}
	}
	if (size)
		*w.pos = '\0';
	return w.pos - (u8 *)dst;
}
