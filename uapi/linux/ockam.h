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
#define OCKAM_ATTRIBUTES_LEN	4096	/* most bytes of a credential's attributes */

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
	OCKAM_KIND_CHANNEL,	/* connect: a channel's address, a route in it */
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
#define OCKAM_INFO		9 /* get: struct ockam_info, or its beginning */
#define OCKAM_PEER_CREDENTIAL	10 /* get: struct ockam_peer_credential; SEQPACKET */

/* Control messages at SOL_OCKAM */
#define OCKAM_CM_ROUTE		2 /* send: onward route; receive: return route */
#define OCKAM_CM_PEER		4 /* receive: identifier of the peer, 32 bytes */

/**
 * struct ockam_peer_credential - what an authority says of a channel's peer
 * @opc_issuer:     identifier of the authority
 * @opc_expires_at: seconds since 1970; it counts before that
 * @opc_len:        bytes of @opc_attributes
 * @opc_reserved:   0
 * @opc_attributes: CBOR map from byte strings to byte strings; a repeated key's
 *                  last value counts
 *
 * What is read ends with the last attribute. The channel's authorities are given
 * with ockamctl.
 */
struct ockam_peer_credential {
	__u8 opc_issuer[OCKAM_ID_LEN];
	__aligned_u64 opc_expires_at;
	__u32 opc_len;
	__u32 opc_reserved;
	__u8 opc_attributes[OCKAM_ATTRIBUTES_LEN];
};

/* oi_state */
enum {
	OCKAM_SOCK_IDLE,	/* no destination, no channel */
	OCKAM_SOCK_CONNECTING,	/* the handshake is under way */
	OCKAM_SOCK_OPEN,	/* has a channel; DGRAM: has a destination */
	OCKAM_SOCK_LISTENING,
	OCKAM_SOCK_CLOSED,	/* had a channel; failed to get one */
};

/* oi_role */
enum {
	OCKAM_SIDE_NONE,
	OCKAM_SIDE_INITIATOR,
	OCKAM_SIDE_RESPONDER,
};

/* oi_suite */
enum {
	OCKAM_SUITE_NONE,
	OCKAM_SUITE_AES_256_GCM_SHA256,
};

/* oi_flags */
#define OCKAM_INFO_PEER		1 /* oi_peer is set */
#define OCKAM_INFO_GIVEN	2 /* the channel is not the socket's own */

/**
 * struct ockam_info - what OCKAM_INFO tells about a socket
 * @oi_state:    OCKAM_SOCK_*
 * @oi_role:     OCKAM_SIDE_*, of this end of the channel
 * @oi_suite:    OCKAM_SUITE_*
 * @oi_flags:    OCKAM_INFO_*
 * @oi_node:     index of the node, 0: no address yet
 * @oi_max_msg:  largest payload
 * @oi_rx_queue: messages that wait to be received
 * @oi_rx_memory: bytes of memory charged to the receive queue
 * @oi_tx_memory: bytes of memory charged to what was sent and is not yet gone
 * @oi_accept_queue: listening: channels that wait to be accepted
 * @oi_accept_max: listening: the backlog
 * @oi_lost:     messages lost because the receive queue was full
 * @oi_age:      seconds since the channel was opened
 * @oi_tx_msgs:  messages that the channel sent
 * @oi_tx_bytes: their payloads
 * @oi_rx_msgs:  messages that the channel received
 * @oi_rx_bytes: their payloads
 * @oi_tx_rekeys: changes of the sending key
 * @oi_rx_rekeys: changes of the receiving key
 * @oi_rx_replays: messages refused because they came twice or too late
 * @oi_rx_auth_failed: messages refused because they were not authentic
 * @oi_peer:     identifier of the channel's peer
 *
 * What does not apply is zero. The struct grows at its end: the kernel copies
 * what it has and the buffer takes, and says how much that was. New programs on
 * an old kernel look at that length, or find the zeros that they put there.
 */
struct ockam_info {
	__u8 oi_state;
	__u8 oi_role;
	__u8 oi_suite;
	__u8 oi_flags;
	__u32 oi_node;
	__u32 oi_max_msg;
	__u32 oi_rx_queue;
	__u32 oi_rx_memory;
	__u32 oi_tx_memory;
	__u32 oi_accept_queue;
	__u32 oi_accept_max;
	__u64 oi_lost;
	__u64 oi_age;
	__u64 oi_tx_msgs;
	__u64 oi_tx_bytes;
	__u64 oi_rx_msgs;
	__u64 oi_rx_bytes;
	__u64 oi_tx_rekeys;
	__u64 oi_rx_rekeys;
	__u64 oi_rx_replays;
	__u64 oi_rx_auth_failed;
	__u8 oi_peer[OCKAM_ID_LEN];
};

#endif /* _UAPI_LINUX_OCKAM_H */
