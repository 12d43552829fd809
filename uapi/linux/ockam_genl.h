/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/* Generated from Documentation/netlink/specs/ockam.yaml: do not edit. */
#ifndef _UAPI_LINUX_OCKAM_GENL_H
#define _UAPI_LINUX_OCKAM_GENL_H

#define OCKAM_GENL_NAME		"ockam"
#define OCKAM_GENL_VERSION	1

#define OCKAM_MCGRP_EVENTS	"events"

/* What an address belongs to. */
enum ockam_genl_endpoint {
	OCKAM_ENDPOINT_SOCKET,
	OCKAM_ENDPOINT_SERVICE,
	OCKAM_ENDPOINT_TCP_LISTENER,
	OCKAM_ENDPOINT_TCP_CONNECTION,
	OCKAM_ENDPOINT_CHANNEL_LISTENER,
	OCKAM_ENDPOINT_CHANNEL,
	OCKAM_ENDPOINT_DECRYPTOR,
	OCKAM_ENDPOINT_RELAY,
	OCKAM_ENDPOINT_LINK,
	OCKAM_ENDPOINT_RELAY_CLIENT,
};

/* How an object is doing; links and relay clients come back by themselves. */
enum ockam_genl_state {
	OCKAM_STATE_DOWN,
	OCKAM_STATE_CONNECTING,
	OCKAM_STATE_UP,
	OCKAM_STATE_CLOSED,
};

enum ockam_genl_role {
	OCKAM_ROLE_INITIATOR,
	OCKAM_ROLE_RESPONDER,
};

/* What happened to an object. */
enum ockam_genl_ntf {
	OCKAM_NTF_NEW,
	OCKAM_NTF_UP,
	OCKAM_NTF_DOWN,
	OCKAM_NTF_REFUSED,
	OCKAM_NTF_CLOSED,
	OCKAM_NTF_REFRESHED,
	OCKAM_NTF_EXPIRED,
};

enum {
	OCKAM_A_UNSPEC,
	OCKAM_A_PAD,
	OCKAM_A_NODE_NAME,	/* Name of a node; without it the default node. */
	OCKAM_A_NODE_INDEX,
	OCKAM_A_KIND,
	OCKAM_A_ADDRESS,	/* Address in the node. */
	OCKAM_A_ID,	/* Number of the address in the node. */
	OCKAM_A_TYPE,	/* Service: echo, uppercase, hop or relay. */
	OCKAM_A_STATE,
	OCKAM_A_ROLE,
	OCKAM_A_ROUTE,	/* Binary route: type, length, value for each address. */
	OCKAM_A_EXPOSE,	/* Addresses that are exposed, as a binary route. */
	OCKAM_A_IDENTIFIERS,	/* Acceptable peers, 32 bytes each. */
	OCKAM_A_IDENTIFIER,	/* Our own identity. */
	OCKAM_A_PEER,	/* Authenticated identity of the other side. */
	OCKAM_A_IP,	/* 4 or 16 bytes. */
	OCKAM_A_PORT,
	OCKAM_A_LOCAL_IP,	/* Address that a connection starts from. */
	OCKAM_A_LOCAL_PORT,
	OCKAM_A_LABEL,	/* What users call a link or relay client. */
	OCKAM_A_PROJECT,
	OCKAM_A_SHARED,	/* All members of the node may send through it. */
	OCKAM_A_OWNER,	/* User who made it with a socket. */
	OCKAM_A_IDENTITY_NAME,
	OCKAM_A_HISTORY,	/* Encoded change history. */
	OCKAM_A_ATTESTATION,	/* Encoded attestation of the channel key. */
	OCKAM_A_SECRET,	/* Secret of the channel key; wiped from the request. */
	OCKAM_A_DEFAULT,
	OCKAM_A_GROUP_LOW,
	OCKAM_A_GROUP_HIGH,
	OCKAM_A_TIMEOUT_MS,
	OCKAM_A_FLOW,
	OCKAM_A_REASON,
	OCKAM_A_ERRNO,
	OCKAM_A_TRIES,
	OCKAM_A_HOP,	/* Address to send to when a link is up. */
	OCKAM_A_REMOTE,	/* Address of a relay on its node. */
	OCKAM_A_CREATED,	/* Seconds since 1970. */
	OCKAM_A_RX_MSGS,
	OCKAM_A_RX_BYTES,
	OCKAM_A_TX_MSGS,
	OCKAM_A_TX_BYTES,
	OCKAM_A_REKEYS,
	OCKAM_A_REPLAYS,
	OCKAM_A_AUTH_FAILED,
	OCKAM_A_ACCEPTED,
	OCKAM_A_REFUSED,
	OCKAM_A_HALF_OPEN,
	OCKAM_A_DELIVERED,
	OCKAM_A_FORWARDED,
	OCKAM_A_COUNT,
	OCKAM_A_NAME,
	OCKAM_A_DROP,	/* Name and count of a drop reason. */
	OCKAM_A_OBJECT,	/* Name and number of living objects. */
	OCKAM_A_VERSION,
	OCKAM_A_FAMILY,	/* Number of the socket family. */
	OCKAM_A_DRIVER,	/* Who does AES-GCM. */
	OCKAM_A_EVENT,
	OCKAM_A_SEQ,	/* Counts events; a gap means lost ones. */
	OCKAM_A_TIME,	/* Nanoseconds since 1970. */
	OCKAM_A_RULE,	/* Not in use. */
	OCKAM_A_DEVICE,	/* Number of the network device that all packets go through. */
	OCKAM_A_QUEUE,	/* Messages that wait in it. */
	OCKAM_A_LINGER_MS,	/* How long a channel outlives its transport. */
	OCKAM_A_IDLE_MS,	/* How long a channel stays open without messages; 0 for ever. */
	OCKAM_A_OUT_OF_WINDOW,	/* Messages that came too early or too late. */
	OCKAM_A_SUITE,	/* Name of a channel's cryptography. */
	OCKAM_A_AUTHORITIES,	/* Up to 4 change histories of authorities. */
	OCKAM_A_REQUIRE_CREDENTIAL,	/* Refuse a peer without a good credential. */
	OCKAM_A_AUTHORITY_IDS,	/* Identifiers of the authorities, 32 bytes each. */
	OCKAM_A_CREDENTIAL,	/* What the node presents; empty for none. */
	OCKAM_A_ISSUER,	/* Of the peer's credential. */
	OCKAM_A_ATTRIBUTES,	/* Of the peer's credential: an encoded map. */
	OCKAM_A_EXPIRES,	/* Seconds since 1970: end of an attestation or credential. */
	OCKAM_A_HOST,	/* Host name that a link's IP address was made of. */
	__OCKAM_A_MAX,
};

#define OCKAM_A_MAX (__OCKAM_A_MAX - 1)

enum {
	OCKAM_CMD_UNSPEC,
	OCKAM_CMD_INFO_GET,	/* Version and family number; counts of objects. */
	OCKAM_CMD_NODE_NEW,	/* Make a node. */
	OCKAM_CMD_NODE_DEL,	/* Delete a node and all that it owns. */
	OCKAM_CMD_NODE_GET,	/* A node or all of them. */
	OCKAM_CMD_NODE_SET,	/* Identity or default or group of a node. */
	OCKAM_CMD_ENDPOINT_GET,	/* What has an address; one or all or those of a kind. */
	OCKAM_CMD_ENDPOINT_DEL,	/* Shut down what has an address. */
	OCKAM_CMD_SERVICE_NEW,	/* Start a service. */
	OCKAM_CMD_TCP_LISTENER_NEW,	/* Listen at an address. */
	OCKAM_CMD_TCP_CONNECTION_NEW,	/* Start to connect. */
	OCKAM_CMD_CHANNEL_LISTENER_NEW,	/* Accept secure channels. */
	OCKAM_CMD_CHANNEL_NEW,	/* Start to open a secure channel. */
	OCKAM_CMD_CHANNEL_SET,	/* New route under a live channel. */
	OCKAM_CMD_LINK_NEW,	/* Keep a connection and channel up. */
	OCKAM_CMD_RELAY_CLIENT_NEW,	/* Register at a relay and stay registered. */
	OCKAM_CMD_EXPOSURE_NEW,	/* Expose an address to what has a flow. */
	OCKAM_CMD_EXPOSURE_DEL,	/* Take an exposure back. */
	OCKAM_CMD_EXPOSURE_GET,	/* Exposures of a flow. */
	OCKAM_CMD_STATS_GET,	/* Counters of nodes, one for each drop reason. */
	OCKAM_CMD_EVENT_NTF,	/* Something happened; multicast only. */
	OCKAM_CMD_CHANNEL_REKEY,	/* Change a channel's sending key ahead of its time. */
	OCKAM_CMD_LINK_SET,	/* New IP address and port of a link, for its next attempt. */
	__OCKAM_CMD_MAX,
};

#define OCKAM_CMD_MAX (__OCKAM_CMD_MAX - 1)

#endif /* _UAPI_LINUX_OCKAM_GENL_H */
