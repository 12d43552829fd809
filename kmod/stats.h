/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Counters: messages, drops by reason, and the ledger of objects. */
#ifndef OCKAM_STATS_H
#define OCKAM_STATS_H

#include <linux/types.h>
#include <linux/skbuff.h>

struct ockam_node;

/*
 * Why a message was dropped or a peer refused: name as users see it, and the
 * errno that a local sender gets. The one list; netlink carries the names.
 */
#define OCKAM_DROPS(X)							\
	X(NONE,			"none",			0)		\
	X(NO_ROUTE,		"no-route",		ECONNREFUSED)	\
	X(EMPTY_ROUTE,		"empty-route",		EDESTADDRREQ)	\
	X(NOT_LOCAL,		"not-local",		EHOSTUNREACH)	\
	X(HOP_BUDGET,		"hop-budget",		ELOOP)		\
	X(TOO_MANY_HOPS,	"too-many-hops",	EMSGSIZE)	\
	X(NOT_EXPOSED,		"not-exposed",		EACCES)		\
	X(NOT_OWNER,		"not-owner",		EACCES)		\
	X(NO_RECEIVER,		"no-receiver",		ECONNREFUSED)	\
	X(CLOSED,		"closed",		ECONNRESET)	\
	X(PEER_CLOSED,		"closed-by-peer",	ECONNRESET)	\
	X(IDLE,			"idle",			ECONNRESET)	\
	X(TRANSPORT_LOST,	"transport-lost",	EHOSTUNREACH)	\
	X(QUEUE_FULL,		"queue-full",		ENOBUFS)	\
	X(NO_MEMORY,		"no-memory",		ENOBUFS)	\
	X(TOO_LARGE,		"too-large",		EMSGSIZE)	\
	X(MALFORMED,		"malformed",		EBADMSG)	\
	X(HEARTBEAT,		"heartbeat",		0)		\
	X(NOT_OPEN,		"not-open",		ENOTCONN)	\
	X(REPLAY,		"replay",		EBADMSG)	\
	X(TOO_OLD,		"too-old",		EBADMSG)	\
	X(TOO_FAR_AHEAD,	"too-far-ahead",	EBADMSG)	\
	X(AUTH_FAILED,		"auth-failed",		EBADMSG)	\
	X(NONCE_EXHAUSTED,	"nonce-exhausted",	EKEYEXPIRED)	\
	X(HS_MALFORMED,		"handshake-malformed",	EBADMSG)	\
	X(HS_STATE,		"handshake-state",	EPROTO)		\
	X(ID_MALFORMED,		"identity-malformed",	EKEYREJECTED)	\
	X(ID_LIMIT,		"identity-limit",	EKEYREJECTED)	\
	X(ID_VERSION,		"identity-version",	EKEYREJECTED)	\
	X(ID_EMPTY,		"identity-empty",	EKEYREJECTED)	\
	X(ID_LINK,		"identity-link",	EKEYREJECTED)	\
	X(ID_SIGNATURE,		"identity-signature",	EKEYREJECTED)	\
	X(ID_SUBJECT,		"identity-subject",	EKEYREJECTED)	\
	X(ID_STALE_KEY,		"identity-stale-key",	EKEYREJECTED)	\
	X(ID_VALIDITY,		"identity-validity",	EKEYREJECTED)	\
	X(ID_FUTURE,		"identity-not-yet-valid", EKEYREJECTED)	\
	X(ID_PURPOSE,		"identity-purpose",	EKEYREJECTED)	\
	X(ID_STATIC_KEY,	"identity-static-key",	EKEYREJECTED)	\
	X(HS_OLD_HISTORY,	"handshake-old-history", EKEYREVOKED)	\
	X(HS_EXPIRED,		"handshake-expired",	EKEYEXPIRED)	\
	X(HS_NOT_AUTHORIZED,	"not-authorized",	EKEYREJECTED)	\
	X(HS_LIMIT,		"handshake-limit",	EBUSY)		\
	X(HS_TIMEOUT,		"handshake-timeout",	ETIMEDOUT)	\
	X(NO_IDENTITY,		"no-identity",		ENOKEY)		\
	X(CRED_REQUIRED,	"credential-required",	EACCES)		\
	X(CRED_MALFORMED,	"credential-malformed",	EKEYREJECTED)	\
	X(CRED_LIMIT,		"credential-limit",	EKEYREJECTED)	\
	X(CRED_VERSION,		"credential-version",	EKEYREJECTED)	\
	X(CRED_SIGNATURE,	"credential-signature",	EKEYREJECTED)	\
	X(CRED_AUTHORITY,	"credential-authority",	EKEYREJECTED)	\
	X(CRED_STALE_KEY,	"credential-stale-key",	EKEYREVOKED)	\
	X(CRED_PURPOSE,		"credential-purpose",	EKEYREJECTED)	\
	X(CRED_SUBJECT,		"credential-subject",	EKEYREJECTED)	\
	X(CRED_VALIDITY,	"credential-validity",	EKEYREJECTED)	\
	X(CRED_FUTURE,		"credential-not-yet-valid", EKEYREJECTED) \
	X(CRED_EXPIRED,		"credential-expired",	EKEYEXPIRED)	\
	X(RELAY_NAME,		"relay-name",		EINVAL)		\
	X(RELAY_NOT_AUTHORIZED,	"relay-not-authorized",	EACCES)		\
	X(RELAY_TAKEN,		"relay-taken",		EADDRINUSE)	\
	X(RELAY_LIMIT,		"relay-limit",		EBUSY)		\
	X(VERSION,		"transport-version",	EPROTO)		\
	X(FRAME,		"transport-frame",	EPROTO)		\
	X(FRAME_LIMIT,		"transport-limit",	EMSGSIZE)	\
	X(NO_ANSWER,		"no-answer",		ETIMEDOUT)	\
	X(STUCK,		"transport-stuck",	ETIMEDOUT)	\
	X(SLOW,			"transport-slow",	ETIMEDOUT)	\
	X(REASSEMBLY_LIMIT,	"reassembly-limit",	EBUSY)		\
	X(CONNECTION_LIMIT,	"connection-limit",	EBUSY)		\
	X(CHANNEL_LIMIT,	"channel-limit",	EBUSY)		\
	X(BACKLOG_FULL,		"backlog-full",		EBUSY)		\
	X(CRED_RATE,		"credential-rate",	EBUSY)		\
	X(RELAY_QUOTA,		"relay-quota",		EBUSY)		\
	X(RELAY_RATE,		"relay-rate",		EBUSY)

#define OCKAM_DROP_ENUM(id, name, err) OCKAM_DROP_##id,
enum ockam_drop {
	OCKAM_DROPS(OCKAM_DROP_ENUM)
	OCKAM_DROP_COUNT
};

/**
 * struct ockam_stats - per-CPU counters of a node
 * @delivered: messages that reached a socket or service
 * @forwarded: messages that went on to another hop
 * @drops:     by reason
 */
struct ockam_stats {
	u64 delivered;
	u64 forwarded;
	u64 drops[OCKAM_DROP_COUNT];
};

/* Why a message goes whose route could not be changed: an errno of msg.h. */
static inline enum ockam_drop ockam_drop_route(int err)
{
	return err == -EMSGSIZE ? OCKAM_DROP_TOO_MANY_HOPS :
	       OCKAM_DROP_NO_MEMORY;
}

const char *ockam_drop_name(enum ockam_drop reason);
int ockam_drop_errno(enum ockam_drop reason);	/* negative, 0 for NONE */

/* Count, trace and free. Always NULL, so that a receiver can return it. */
struct sk_buff *ockam_drop(struct ockam_node *node, struct sk_buff *skb,
			   enum ockam_drop reason);
/* Count and trace a refusal that has no message of its own. */
void ockam_count_drop(struct ockam_node *node, enum ockam_drop reason);
void ockam_stats_sum(const struct ockam_node *node, struct ockam_stats *sum);

/* The ledger: what was created must have been destroyed when we unload. */
enum ockam_object {
	OCKAM_OBJ_NODE,
	OCKAM_OBJ_ENDPOINT,
	OCKAM_OBJ_FLOW,
	OCKAM_OBJ_CONSUMER,
	OCKAM_OBJ_IDENTITY,
	OCKAM_OBJ_CONN,
	OCKAM_OBJ_TCP_LISTENER,
	OCKAM_OBJ_CHANNEL,
	OCKAM_OBJ_HANDSHAKE,
	OCKAM_OBJ_LISTENER,
	OCKAM_OBJ_SESSION,
	OCKAM_OBJ_AEAD,
	OCKAM_OBJ_RELAY,
	OCKAM_OBJ_LINK,
	OCKAM_OBJ_RELAY_CLIENT,
	OCKAM_OBJ_SOCK,
	OCKAM_OBJ_KNOWN,
	OCKAM_OBJ_AUTHORITIES,
	OCKAM_OBJ_CREDENTIAL,
	OCKAM_OBJ_COUNT
};

void ockam_ledger_created(enum ockam_object object);
void ockam_ledger_destroyed(enum ockam_object object);
u64 ockam_ledger_alive(enum ockam_object object);
const char *ockam_ledger_name(enum ockam_object object);
/*
 * One line to the log: "ockam: ledger: balanced node 3/3 endpoint 40/40 ..."
 * (created/destroyed), or "ockam: ledger: unbalanced ..." at KERN_ERR.
 */
void ockam_ledger_print(void);

#endif /* OCKAM_STATS_H */
