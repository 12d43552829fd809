/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Message envelopes on a transport and inside a channel, and their limits. */
#ifndef OCKAM_WIRE_H
#define OCKAM_WIRE_H

#include <linux/types.h>
#include "cbor.h"
#include "route.h"

#define OCKAM_WIRE_VERSION	1		/* first byte of a TCP stream */
#define OCKAM_FRAME_HEAD	4		/* big-endian length of the body */
#define OCKAM_FRAME_MAX		(16U << 20)	/* bytes in a body */
#define OCKAM_BARE_LEN_MAX	10		/* bytes in a BARE varint */

/* What a message inside a channel is. */
enum ockam_inner_kind {
	OCKAM_INNER_PAYLOAD,
	OCKAM_INNER_REFRESH,
	OCKAM_INNER_CLOSE,
};

/**
 * struct ockam_wire_route - where a route lies in an encoded envelope
 * @off:   offset of the first address (behind the array head)
 * @len:   encoded bytes from the first address to the end of the last
 * @count: addresses, at most OCKAM_HOPS_MAX
 * @bytes: bytes that the route takes as struct ockam_route
 */
struct ockam_wire_route {
	u32 off;
	u32 len;
	u16 count;
	u16 bytes;
};

/**
 * struct ockam_wire_head - where the parts of an encoded envelope lie
 * @kind:        OCKAM_INNER_PAYLOAD for every transport message
 * @onward:      onward route
 * @ret:         return route
 * @payload_off: offset of the first payload byte
 * @payload_len: bytes of payload
 * @open:        arrays that the payload lies in, outermost first
 * @depth:       how many
 * @padded:      a byte string (padding) must follow in the outermost
 *
 * @onward, @ret and @payload_* are set for OCKAM_INNER_PAYLOAD only. For
 * OCKAM_INNER_REFRESH payload_off and payload_len delimit the encoded
 * [change_history, [credential...]].
 */
struct ockam_wire_head {
	enum ockam_inner_kind kind;
	struct ockam_wire_route onward;
	struct ockam_wire_route ret;
	u32 payload_off;
	u32 payload_len;
	struct ockam_cbor_array open[4];
	u8 depth;
	bool padded;
};

/*
 * Scanning. @head holds the first @have bytes of an envelope of @total bytes.
 * -ENODATA: the routes and the payload's head do not lie within @have (ask
 * again with more; never returned when have == total); -EBADMSG: malformed;
 * -EMSGSIZE: well formed so far, but over OCKAM_HOPS_MAX or OCKAM_ADDR_MAX
 * (such a message is dropped, its connection kept).
 */
int ockam_wire_scan_transport(struct ockam_wire_head *out, const u8 *head,
			      size_t have, size_t total);
int ockam_wire_scan_inner(struct ockam_wire_head *out, const u8 *head,
			  size_t have, size_t total);
/*
 * What follows the payload; @tail holds its first @have of @total bytes. For
 * OCKAM_INNER_REFRESH and OCKAM_INNER_CLOSE the scan has done it already.
 */
int ockam_wire_check_tail(const struct ockam_wire_head *head, const u8 *tail,
			  size_t have, size_t total);
/* Convert the scanned route to the form of struct ockam_route at @dst. */
int ockam_wire_get_route(struct ockam_route *out, u8 *dst, size_t size,
			 const u8 *head, const struct ockam_wire_route *route);

/*
 * Writing. The head ends where the payload begins; behind the payload goes the
 * tail, one byte. put_transport writes the frame length too. Both return the
 * bytes written, or the bytes needed when @dst is NULL; -EMSGSIZE when the body
 * would be larger than OCKAM_FRAME_MAX, -ENOSPC when @size is too small.
 */
#define OCKAM_TRANSPORT_TAIL	0xf6	/* no tracing context */
#define OCKAM_INNER_TAIL	0x40	/* no padding */
int ockam_wire_put_transport(u8 *dst, size_t size,
			     const struct ockam_route *onward,
			     const struct ockam_route *ret, size_t payload_len);
int ockam_wire_put_inner(u8 *dst, size_t size,
			 const struct ockam_route *onward,
			 const struct ockam_route *ret, size_t payload_len);
#define OCKAM_INNER_CLOSE_LEN	5
extern const u8 ockam_inner_close[OCKAM_INNER_CLOSE_LEN];

/*
 * BARE: a length as a varint, then the bytes. get returns the offset of the
 * bytes and their number in @len; -EBADMSG when malformed or longer than @size.
 */
int ockam_bare_get(const u8 *data, size_t size, size_t *len);
/* The varint alone; the bytes need not be at hand. */
int ockam_bare_get_len(const u8 *data, size_t size, size_t *len);
int ockam_bare_put_len(u8 *dst, size_t size, u64 len);

#endif /* OCKAM_WIRE_H */
