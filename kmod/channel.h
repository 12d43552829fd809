/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Secure channels: their two addresses and the data phase. */
#ifndef OCKAM_CHANNEL_H
#define OCKAM_CHANNEL_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "credential.h"
#include "endpoint.h"
#include "flow.h"
#include "ident.h"
#include "noise.h"
#include "policy.h"
#include "session.h"

#define OCKAM_CHANNEL_TX_BYTES	(1U << 20)
#define OCKAM_CHANNEL_TX_MSGS	256

enum ockam_channel_state {
	OCKAM_CHANNEL_CONNECTING,	/* handshake */
	OCKAM_CHANNEL_OPEN,
	OCKAM_CHANNEL_CLOSED,
};

struct ockam_channel;
struct ockam_handshake;
struct ockam_remote;

/**
 * struct ockam_channel_early - who handles a channel before it is open
 * @rcv:   a message for the decryptor's address; false when nobody waits for it
 *         any more: then the message is not taken
 * @abort: the channel closes: give up. Called without locks, at most once, by
 *         ockam_channel_close().
 *
 * Implemented by handshake.c, which channel.c does not include.
 */
struct ockam_channel_early {
	bool (*rcv)(struct ockam_channel *ch, struct sk_buff *skb,
		    struct ockam_ctx *ctx);
	void (*abort)(struct ockam_channel *ch);
};

/**
 * struct ockam_channel_life - when an open channel closes by itself
 * @linger_ms: so long after its first hop went, unless it has a new way by then
 * @idle_ms:   so long after the last message; 0 never
 */
struct ockam_channel_life {
	u32 linger_ms;
	u32 idle_ms;
};

/**
 * struct ockam_channel - one end of a secure channel
 * @enc:       where local workers send plaintext (E)
 * @dec:       where the peer sends handshake messages and ciphertexts (D)
 * @role:      initiator or responder
 * @state:     enum ockam_channel_state; written under @lock
 * @reason:    why it closed
 * @lock:      spinlock; protects @state, @tx_queue, @tx_bytes, @tx_busy,
 *             @rekey, @remote, @early, @hs
 * @early:     before it is open; NULL after
 * @hs:        the handshake, belongs to @early
 * @early_source: who opens what came before the verdict, to be paused; belongs
 *             to @early
 * @session:   keys; set before state becomes OPEN
 * @rx_lock:   mutex: receiving half of @session, @route_counter, @refresh_at,
 *             @first_ep, @told_lost, @lost_until
 * @tx_queue:  plaintext messages to seal
 * @tx_bytes:  bytes in it
 * @tx_busy:   somebody drains: nonce order is wire order
 * @rekey:     the drainer is to change the sending key
 * @tx_source: the drainer, to be paused
 * @tx_wait:   sources that wait for room in @tx_queue
 * @tx_work:   takes over draining
 * @key_work:  makes the next receiving key
 * @close_work: ockam_channel_close() from any context
 * @remote:    remote route, replaced whole
 * @route_counter: counter that caused the last route update
 * @refresh_at: when the next refresh message is judged, jiffies; 0: at once
 * @authorities: whose credentials count, NULL: all are ignored; with a reference
 * @credential: what vouches for the peer, with a reference, or NULL; under @lock
 * @expiry:    looks whether @credential still counts; armed under @lock
 * @say_refresh: the drainer is to tell the peer of our newer credential; under
 *             @lock
 * @first_hop: watches the first hop of @remote
 * @first_ep:  that endpoint, with a reference
 * @lost:      the first hop is gone: nothing is sealed
 * @told_lost: users know
 * @lost_until: then we close, jiffies
 * @active:    last traffic, jiffies
 * @life:      when it closes by itself; set before it is open
 * @look:      looks whether it is time to
 * @say_close: the peer is told when we close
 * @peer_closed: the peer has told us, authentically
 * @flow:      flow that the decryptor produces
 * @spawner:   the listener's flow, for a responder
 * @peer:      identifier, valid when OPEN
 * @own:       our identifier
 * @trust:     who was acceptable
 * @port:      name under which messages of this channel reach @sink
 * @port_len:  bytes in it
 * @sink:      a socket's endpoint that owns this end, with a reference
 * @opened:    seconds, wall clock
 * @tx_msgs:   messages sealed
 * @tx_total:  their payload bytes
 * @rx_msgs:   messages opened
 * @rx_total:  their payload bytes
 *
 * Lifetime: a reference on the channel is one on @enc; @dec holds one too, and
 * its own first reference is dropped by ockam_channel_close(). The release of
 * @enc frees everything.
 */
struct ockam_channel {
	struct ockam_endpoint enc;
	struct ockam_endpoint dec;
	enum ockam_role role;
	enum ockam_channel_state state;
	enum ockam_drop reason;
	spinlock_t lock;
	const struct ockam_channel_early *early;
	struct ockam_handshake *hs;
	struct ockam_source early_source;
	struct ockam_session *session;
	struct mutex rx_lock;
	struct sk_buff_head tx_queue;
	size_t tx_bytes;
	bool tx_busy;
	bool rekey;
	struct ockam_source tx_source;
	struct ockam_waitlist tx_wait;
	struct work_struct tx_work;
	struct work_struct key_work;
	struct work_struct close_work;
	struct ockam_remote *remote;
	u64 route_counter;
	u64 refresh_at;
	struct ockam_authorities *authorities;
	struct ockam_credential *credential;
	struct delayed_work expiry;
	bool say_refresh;
	struct ockam_watch first_hop;
	struct ockam_endpoint *first_ep;
	bool lost;
	bool told_lost;
	unsigned long lost_until;
	unsigned long active;
	struct ockam_channel_life life;
	struct delayed_work look;
	bool say_close;
	bool peer_closed;
	struct ockam_flow *flow;
	struct ockam_flow *spawner;
	u8 peer[OCKAM_IDENTIFIER_LEN];
	u8 own[OCKAM_IDENTIFIER_LEN];
	struct ockam_trust *trust;
	u8 port[OCKAM_EP_NAME_MAX];
	u8 port_len;
	struct ockam_endpoint *sink;
	u64 opened;
	atomic64_t tx_msgs;
	atomic64_t tx_total;
	atomic64_t rx_msgs;
	atomic64_t rx_total;
};

/*
 * A channel in state CONNECTING, both addresses published, one reference for
 * the caller. @spawner may be NULL; a reference of its own is taken.
 */
struct ockam_channel *ockam_channel_create(struct ockam_node *node,
					   enum ockam_role role,
					   struct ockam_flow *spawner,
					   const struct ockam_owner *owner,
					   const struct ockam_channel_early *early);
/*
 * The handshake succeeded, and the peer's end is open: takes @session and
 * @remote. Messages that arrive from now on are opened by the channel. Tells
 * watchers of the encryptor and raises the event. -ESHUTDOWN when it was closed
 * meanwhile: the peer is told.
 */
int ockam_channel_open(struct ockam_channel *ch, struct ockam_session *session,
		       const u8 peer[OCKAM_IDENTIFIER_LEN],
		       struct ockam_remote *remote);
/* Close for good: Close message to the peer when open, event, watchers. */
void ockam_channel_close(struct ockam_channel *ch, enum ockam_drop reason);
void ockam_channel_close_async(struct ockam_channel *ch,
			       enum ockam_drop reason);
/* Open one ciphertext; the message inside, or NULL. Used by the handshake. */
struct sk_buff *ockam_channel_rx(struct ockam_channel *ch, struct sk_buff *skb,
				 struct ockam_ctx *ctx);
/* A new sending key, ahead of its time. -ENOTCONN. */
int ockam_channel_rekey(struct ockam_channel *ch);
/* The decryptor may be answered along the way that the first hop leads. */
int ockam_channel_open_reply(struct ockam_channel *ch,
			     const struct ockam_route *route);
/* Send what waits, when nobody does. */
void ockam_channel_try_drain(struct ockam_channel *ch);
/* New route under a live channel; the last hop (the peer's D) is kept. */
int ockam_channel_set_route(struct ockam_channel *ch,
			    const struct ockam_route *but_last);
/* Copy of the remote route into @dst; OCKAM_ROUTE_MAX always suffices. */
int ockam_channel_remote(struct ockam_channel *ch, struct ockam_route *route,
			 u8 *dst, size_t size);
/* Messages for @port that come through this channel go to @sink. */
int ockam_channel_set_sink(struct ockam_channel *ch, const u8 *port,
			   size_t len, struct ockam_endpoint *sink);

/* peer.c: what the peer presents, and what we present to it later. */

/* Refuse a peer whose history is older than what it showed before. */
enum ockam_drop ockam_channel_know(struct ockam_channel *ch,
				   const struct ockam_identity *peer,
				   const struct ockam_slice *history);
/* Judge and keep the peer's credential; refuse one that must have one. */
enum ockam_drop ockam_channel_vouch(struct ockam_channel *ch, const u8 *peer,
				    const struct ockam_ident_payload *presented);
/* What vouches for the peer now, with a reference; or NULL. */
struct ockam_credential *ockam_channel_credential(struct ockam_channel *ch);
bool ockam_channel_may_refresh(struct ockam_channel *ch);
enum ockam_drop ockam_channel_refresh(struct ockam_channel *ch,
				      struct sk_buff *skb);
struct sk_buff *ockam_channel_refresh_message(struct ockam_channel *ch);
/* Our credential is new: tell the peer, or all peers of the node. */
void ockam_channel_present(struct ockam_channel *ch);
void ockam_channel_present_all(struct ockam_node *node);
void ockam_channel_peer_init(struct ockam_channel *ch);
void ockam_channel_peer_free(struct ockam_channel *ch);

static inline void ockam_channel_get(struct ockam_channel *ch)
{
	ockam_endpoint_get(&ch->enc);
}

static inline void ockam_channel_put(struct ockam_channel *ch)
{
	ockam_endpoint_put(&ch->enc);
}

/* NULL when it is no encryptor; no reference is taken. */
struct ockam_channel *ockam_channel_of(struct ockam_endpoint *ep);

#endif /* OCKAM_CHANNEL_H */
