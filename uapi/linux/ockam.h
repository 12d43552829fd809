/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/* The socket interface of AF_OCKAM: addresses, options, control messages. */
#ifndef _UAPI_LINUX_OCKAM_H
#define _UAPI_LINUX_OCKAM_H

#include <linux/types.h>

/*
 * The family number is a parameter of the module: read it from
 * /proc/net/ockam ("family N") or from generic netlink. This is the default.
 */
#define OCKAM_FAMILY_DEFAULT	18

#define SOL_OCKAM		0x4f43

#define OCKAM_SA_DATA		112	/* bytes in so_data */
#define OCKAM_NAME_LEN_MAX	64	/* of an address that a socket binds */
#define OCKAM_NODE_NAME_MAX	64	/* without the terminating zero */
#define OCKAM_ID_LEN		32	/* bytes in an identifier */

/*
 * A route in binary form is, for each address: transport type (1 byte), length
 * of the value (1 byte), value. At most 32 addresses.
 */

/* so_kind */
enum {
	OCKAM_KIND_ANY,		/* bind: any free address; no data */
	OCKAM_KIND_NAME,	/* the address of a worker of the node */
	OCKAM_KIND_ROUTE,	/* a binary route of at most OCKAM_SA_DATA */
	OCKAM_KIND_USE_ROUTE,	/* the route is in the option or message */
	OCKAM_KIND_IDENTIFIER,	/* 32 bytes: the peer of a channel */
};

/**
 * struct sockaddr_ockam - address of a socket or a destination
 * @so_family: the family number in use
 * @so_kind:   OCKAM_KIND_*
 * @so_len:    bytes used in @so_data
 * @so_node:   index of the node, 0 for the default node of the namespace
 * @so_data:   as @so_kind says
 *
 * addrlen may be anything from 8 + so_len to 128; bytes behind so_len must be
 * zero.
 */
struct sockaddr_ockam {
	__u16 so_family;
	__u8 so_kind;
	__u8 so_len;
	__u32 so_node;
	__u8 so_data[OCKAM_SA_DATA];
};

/* Options at SOL_OCKAM */
#define OCKAM_NODE		1 /* char[]: name of the node; before bind */
#define OCKAM_ROUTE		2 /* binary route for connect and send */
#define OCKAM_AUTHORIZED	3 /* identifiers, 32 bytes each; SEQPACKET */
#define OCKAM_PEER_IDENTIFIER	4 /* get: 32 bytes; SEQPACKET */
#define OCKAM_RECV_ROUTE	5 /* int: receive OCKAM_CM_ROUTE */
#define OCKAM_RECV_PEER		6 /* int: receive OCKAM_CM_PEER */
#define OCKAM_HANDSHAKE_TIMEOUT	7 /* int: milliseconds */
#define OCKAM_MAX_MSG		8 /* get, int: largest payload */

/* Control messages at SOL_OCKAM */
#define OCKAM_CM_ROUTE		2 /* send: onward route; receive: return route */
#define OCKAM_CM_PEER		4 /* receive: identifier of the peer, 32 bytes */

#endif /* _UAPI_LINUX_OCKAM_H */
