/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Nodes, and what a network namespace holds of us. */
#ifndef OCKAM_NODE_H
#define OCKAM_NODE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include "crypto.h"
#include "holder.h"
#include "ident.h"
#include "known.h"
#include "limit.h"
#include "stats.h"
#include "../uapi/linux/ockam.h"

/**
 * struct ockam_net - our state in a network namespace
 * @net:      the namespace
 * @nl_mutex: serialises configuration; outermost lock
 * @nodes:    nodes by index (from 1); RCU lookups, written under nl_mutex
 * @next_node: where the next index is looked for: who kept one of a node that is
 *            gone does not find another one
 * @default_node: index of the default node, 0 if none
 * @dead:     the namespace is going: nothing new may be made
 * @limits:   see there
 * @conns:    connections alive
 * @channels: channels alive, half-open ones included
 * @relays:   relays alive
 * @reassembly: bytes held by incomplete frames
 * @known:    newest histories of peers
 * @holders:  who has relays
 * @event_lock: events go out in the order of their numbers
 * @event_seq: sequence number of netlink events, under @event_lock
 * @alive:    nodes whose memory exists; the namespace waits for them
 * @all_gone: woken when @alive becomes 0
 */
struct ockam_net {
	struct net *net;
	struct mutex nl_mutex;
	struct xarray nodes;
	u32 next_node;
	u32 default_node;
	bool dead;
	struct ockam_limits limits;
	atomic_t conns;
	atomic_t channels;
	atomic_t relays;
	atomic64_t reassembly;
	struct ockam_known known;
	struct ockam_holders holders;
	spinlock_t event_lock;
	u32 event_seq;
	atomic_t alive;
	wait_queue_head_t all_gone;
};

/**
 * struct ockam_node_identity - what the kernel holds of a node's identity
 * @ref:           references
 * @rcu:           for freeing
 * @identifier:    of the identity
 * @static_secret: secret of the channel purpose key; wiped when freed
 * @static_public: its public key
 * @history:       encoded change history
 * @attestation:   encoded attestation of the purpose key
 * @credential:    encoded credential of an authority about it; may be empty
 * @expires_at:    of the attestation, seconds
 * @data:          memory of @history, @attestation and @credential
 *
 * Immutable: replaced whole. The signing key never enters the kernel.
 */
struct ockam_node_identity {
	struct kref ref;
	struct rcu_head rcu;
	u8 identifier[OCKAM_IDENTIFIER_LEN];
	u8 static_secret[OCKAM_X25519_LEN];
	u8 static_public[OCKAM_X25519_LEN];
	struct ockam_slice history;
	struct ockam_slice attestation;
	struct ockam_slice credential;
	u64 expires_at;
	u8 data[];
};

/**
 * struct ockam_node - a named set of addresses with an identity
 * @onet:       namespace state
 * @ref:        references: the table's, one per endpoint, one per user
 * @rcu:        for freeing
 * @index:      number in the namespace
 * @name:       name, terminated
 * @identity_name: what the tool calls the identity, terminated
 * @table:      address table (struct ockam_endpoint by name)
 * @index_xa:   endpoints by number
 * @next_id:    where the search for a free number begins
 * @table_lock: serialises writers of @table and @index_xa
 * @consumers:  consumer table, see flow.h
 * @flows:      flows by index
 * @rules:      list of the consumer entries that are rules
 * @next_flow:  index of the next flow; none is used twice
 * @flow_lock:  mutex: serialises writers of the three flow tables
 * @identity:   RCU; replaced under nl_mutex; NULL until set
 * @group_low:  members: first group that may use sockets (design 17)
 * @group_high: last; none when below @group_low
 * @dead:       being deleted: nothing new is published
 * @stats:      per CPU
 * @created:    seconds, wall clock
 *
 * Lifetime: ockam_node_create() publishes; ockam_node_delete() unpublishes,
 * shuts every endpoint down and drops the table's reference. An endpoint's
 * reference may outlive that.
 */
struct ockam_node {
	struct ockam_net *onet;
	struct kref ref;
	struct rcu_head rcu;
	u32 index;
	char name[OCKAM_NODE_NAME_MAX + 1];
	char identity_name[OCKAM_NODE_NAME_MAX + 1];
	struct rhashtable table;
	struct xarray index_xa;
	u32 next_id;
	struct mutex table_lock;
	struct rhashtable consumers;
	struct xarray flows;
	struct list_head rules;
	u32 next_flow;
	struct mutex flow_lock;
	struct ockam_node_identity __rcu *identity;
	kgid_t group_low;
	kgid_t group_high;
	bool dead;
	struct ockam_stats __percpu *stats;
	u64 created;
};

extern const struct rhashtable_params ockam_endpoint_params; /* endpoint.c */
extern const struct rhashtable_params ockam_consumer_params; /* flow.c */
extern struct workqueue_struct *ockam_wq;	/* data: unbound */
extern struct workqueue_struct *ockam_hs_wq;	/* handshakes: few at a time */

int ockam_net_init(void);	/* pernet operations and workqueues */
void ockam_net_exit(void);
struct ockam_net *ockam_net(const struct net *net);

/* Under nl_mutex. @name is valid when it has 1 to 64 of [A-Za-z0-9._-]. */
struct ockam_node *ockam_node_create(struct ockam_net *onet, const char *name);
/* Under nl_mutex. Waits until every endpoint is shut down. */
void ockam_node_delete(struct ockam_node *node);
/* With a reference; NULL when there is none. RCU inside. */
struct ockam_node *ockam_node_by_name(struct ockam_net *onet, const char *name);
/* @index 0: the default node. */
struct ockam_node *ockam_node_by_index(struct ockam_net *onet, u32 index);
void ockam_node_get(struct ockam_node *node);
void ockam_node_put(struct ockam_node *node);

/* Checks that secret, attestation and history belong together and are valid. */
int ockam_node_set_identity(struct ockam_node *node, const char *name,
			    const struct ockam_slice *history,
			    const struct ockam_slice *attestation,
			    const u8 secret[OCKAM_X25519_LEN],
			    enum ockam_ident_reason *reason);
/* What the node presents from now on besides its identity; empty: nothing. */
int ockam_node_set_credential(struct ockam_node *node,
			      const struct ockam_slice *credential);
/* With a reference, or NULL. */
struct ockam_node_identity *ockam_node_identity(struct ockam_node *node);
void ockam_node_identity_put(struct ockam_node_identity *identity);
/* Whether the current task may use the node's sockets (design 17). */
bool ockam_node_may_use(const struct ockam_node *node);

#endif /* OCKAM_NODE_H */
