/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Routes: lists of addresses in the binary form of the socket interface. */
#ifndef OCKAM_ROUTE_H
#define OCKAM_ROUTE_H

#include <linux/types.h>

/* Transport types that this module gives a meaning; all others are carried. */
#define OCKAM_TYPE_LOCAL	0
#define OCKAM_TYPE_TCP		1

#define OCKAM_ADDR_MAX		255	/* bytes in the value of an address */
#define OCKAM_HOPS_MAX		32	/* addresses in a route */
#define OCKAM_ROUTE_MAX		(OCKAM_HOPS_MAX * (2 + OCKAM_ADDR_MAX))
#define OCKAM_RANDOM_ADDR_LEN	32	/* lower-case hex digits */

/**
 * struct ockam_addr - one address, as a slice of memory owned elsewhere
 * @type:  transport type, OCKAM_TYPE_LOCAL for a worker of the node
 * @len:   bytes in @value
 * @value: opaque bytes, nearly always text; not terminated
 */
struct ockam_addr {
	u8 type;
	u8 len;
	const u8 *value;
};

/**
 * struct ockam_route - a list of addresses, as a slice of memory owned elsewhere
 * @hops:  for each address its type (u8), its length (u8) and its value
 * @len:   bytes in @hops
 * @count: addresses in @hops
 *
 * The invariant, made by ockam_route_parse() and kept by all others: @hops
 * holds exactly @count complete addresses.
 */
struct ockam_route {
	const u8 *hops;
	u16 len;
	u8 count;
};

int ockam_route_parse(struct ockam_route *route, const u8 *hops, size_t len);
bool ockam_route_next(const struct ockam_route *route, struct ockam_addr *addr);
bool ockam_route_pop(struct ockam_route *route, struct ockam_addr *addr);
bool ockam_route_last(const struct ockam_route *route, struct ockam_addr *addr);
struct ockam_route ockam_route_but_last(const struct ockam_route *route);
bool ockam_route_equal(const struct ockam_route *a, const struct ockam_route *b);
bool ockam_addr_equal(const struct ockam_addr *a, const struct ockam_addr *b);
size_t ockam_addr_put(u8 *dst, size_t size, const struct ockam_addr *addr);
int ockam_addr_parse_text(const char *text, size_t len, struct ockam_addr *addr);
size_t ockam_route_print(char *dst, size_t size,
			 const struct ockam_route *route);

#endif /* OCKAM_ROUTE_H */
