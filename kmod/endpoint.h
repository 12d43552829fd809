/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Endpoints: everything in a node that has an address. */
#ifndef OCKAM_ENDPOINT_H
#define OCKAM_ENDPOINT_H

#include <linux/kref.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include "pause.h"
#include "route.h"
#include "stats.h"

struct ockam_node;

#define OCKAM_EP_NAME_MAX	144	/* of an address made on this node */

enum ockam_endpoint_kind {
	OCKAM_EP_SOCKET,
	OCKAM_EP_SERVICE,
	OCKAM_EP_TCP_LISTENER,
	OCKAM_EP_CONN,		/* sender of a transport connection */
	OCKAM_EP_LISTENER,	/* secure channel listener */
	OCKAM_EP_ENCRYPTOR,
	OCKAM_EP_DECRYPTOR,
	OCKAM_EP_RELAY,
	OCKAM_EP_LINK,
	OCKAM_EP_RELAY_CLIENT,
};

/**
 * struct ockam_ctx - the context in which messages are dispatched
 * @source: who feeds them, to be paused when a queue is full; NULL for a
 *          local sender, which its socket buffer limits
 * @nest:   how deep drainers have re-entered dispatch
 * @drop:   why the last message was dropped, OCKAM_DROP_NONE if it was not
 */
struct ockam_ctx {
	struct ockam_source *source;
	unsigned int nest;
	enum ockam_drop drop;
};

/**
 * struct ockam_owner - whose an endpoint is (design: who may send through it)
 * @uid:    user of the socket that made it
 * @admin:  made by the administrator
 * @shared: any member of the node may send through it
 */
struct ockam_owner {
	kuid_t uid;
	bool admin;
	bool shared;
};

/* May this user send through what that owner has? */
static inline bool ockam_owner_admits(const struct ockam_owner *owner,
				      kuid_t uid, bool admin)
{
	return admin || owner->shared ||
	       (!owner->admin && uid_eq(owner->uid, uid));
}

/**
 * struct ockam_endpoint_ops - what a kind of endpoint does
 * @kind:     what it is
 * @type:     for OCKAM_EP_SERVICE: what users call it ("echo", "relay")
 * @terminal: the hop behind this one is on another node
 * @rcv:      takes the message, always: keeps, frees (ockam_ctx_drop) or
 *            returns it rewritten, to be dispatched further. The endpoint's
 *            own address is already popped off the onward route. Process
 *            context, no lock held, may sleep but not wait for a peer.
 * @sink:     of a socket: a message from the channel that is its own; as @rcv
 * @shutdown: somebody (administrator, node) wants the object gone. Unpublishes
 *            and stops it; returns when no new message can reach it. Called
 *            without locks, possibly more than once.
 * @release:  the last reference is gone; frees the memory that @ep is in,
 *            after a grace period where lookups may still see it. Process
 *            context.
 */
struct ockam_endpoint_ops {
	enum ockam_endpoint_kind kind;
	const char *type;
	bool terminal;
	struct sk_buff *(*rcv)(struct ockam_endpoint *ep, struct sk_buff *skb,
			       struct ockam_ctx *ctx);
	struct sk_buff *(*sink)(struct ockam_endpoint *ep, struct sk_buff *skb,
				struct ockam_ctx *ctx);
	void (*shutdown)(struct ockam_endpoint *ep);
	void (*release)(struct ockam_endpoint *ep);
};

enum ockam_watch_event {
	OCKAM_WATCH_UP,		/* connected, open, registered */
	OCKAM_WATCH_GONE,	/* unpublished: it will not come back */
};

/**
 * struct ockam_watch - somebody who wants to know what becomes of an endpoint
 * @entry: in the endpoint's list, under its watch_lock
 * @event: called under watch_lock (a spinlock): may only queue work
 */
struct ockam_watch {
	struct list_head entry;
	void (*event)(struct ockam_watch *watch, enum ockam_watch_event event);
};

/**
 * struct ockam_endpoint - something with an address
 * @hash:     in the node's address table, RCU
 * @node:     its node; a reference is held
 * @ops:      what it does
 * @ref:      references; see below
 * @id:       number in the node's index of endpoints, for dumps
 * @flow:     flow of which this address produces or is the other address of
 *            the producer (sender, encryptor); 0 if none
 * @spawner:  the spawner's flow of that producer; 0 if none
 * @owner:    who may send through it
 * @authenticated: a channel was opened over it (read by transports)
 * @dead:     unpublished; set once, under the node's table_lock
 * @published: is or was in the table
 * @watch_lock: protects @watches; a leaf
 * @watches:  list of struct ockam_watch
 * @consumers: dynamic consumer entries of this address, under the node's
 *            flow_lock
 * @rcu:      for release functions that use kfree_rcu() or call_rcu()
 * @release_work: runs ops->release, so that the last put may be anywhere
 * @name_len: bytes in @name
 * @name:     the address (type local)
 *
 * Lifetime: init gives the creator one reference; publish takes one for the
 * table, which unpublish drops. Lookups are RCU + kref_get_unless_zero() and
 * return a reference. The last put queues ops->release. After unpublish no
 * new lookup finds it, its dynamic consumer entries are gone and its watchers
 * have been told.
 */
struct ockam_endpoint {
	struct rhash_head hash;
	struct ockam_node *node;
	const struct ockam_endpoint_ops *ops;
	struct kref ref;
	u32 id;
	u32 flow;
	u32 spawner;
	struct ockam_owner owner;
	bool authenticated;
	bool dead;
	bool published;
	spinlock_t watch_lock;
	struct list_head watches;
	struct list_head consumers;
	struct rcu_head rcu;
	struct work_struct release_work;
	u8 name_len;
	u8 name[OCKAM_EP_NAME_MAX];
};

/* @name NULL: a random address of 32 hex digits. -ENAMETOOLONG, -EINVAL. */
int ockam_endpoint_init(struct ockam_endpoint *ep, struct ockam_node *node,
			const struct ockam_endpoint_ops *ops, const u8 *name,
			size_t name_len, const struct ockam_owner *owner);
/* Of an endpoint that was initialised but is freed by its creator: undo. */
void ockam_endpoint_fini(struct ockam_endpoint *ep);
/* -EADDRINUSE, -ESHUTDOWN (node is going), -ENOMEM. */
int ockam_endpoint_publish(struct ockam_endpoint *ep);
/* False when somebody else has done it. */
bool ockam_endpoint_unpublish(struct ockam_endpoint *ep);
struct ockam_endpoint *ockam_endpoint_lookup(struct ockam_node *node,
					     const u8 *name, size_t len);
/* By number: the first one at or behind *id; advances *id; for dumps. */
struct ockam_endpoint *ockam_endpoint_next(struct ockam_node *node, u32 *id);
void ockam_endpoint_get(struct ockam_endpoint *ep);
bool ockam_endpoint_tryget(struct ockam_endpoint *ep);
void ockam_endpoint_put(struct ockam_endpoint *ep);
static inline struct ockam_addr
ockam_endpoint_addr(const struct ockam_endpoint *ep)
{
	return (struct ockam_addr){ .type = OCKAM_TYPE_LOCAL,
				    .len = ep->name_len, .value = ep->name };
}

/* -ESHUTDOWN when it is dead already (no event will come). */
int ockam_endpoint_watch(struct ockam_endpoint *ep, struct ockam_watch *watch);
/* After it returns, the watcher is not called any more. */
void ockam_endpoint_unwatch(struct ockam_endpoint *ep,
			    struct ockam_watch *watch);
void ockam_endpoint_tell(struct ockam_endpoint *ep,
			 enum ockam_watch_event event);

/* ockam_drop() that also tells the sender why. Always NULL. */
struct sk_buff *ockam_ctx_drop(struct ockam_ctx *ctx, struct ockam_node *node,
			       struct sk_buff *skb, enum ockam_drop reason);
void ockam_random_name(u8 name[OCKAM_RANDOM_ADDR_LEN]);

#endif /* OCKAM_ENDPOINT_H */
