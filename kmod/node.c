// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Nodes, and what a network namespace holds of us. */

#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/netns/generic.h>
#include "credential.h"
#include "endpoint.h"
#include "node.h"
#include "noise.h"
#include "notify.h"
#include "sock.h"

/* What we present fits into a handshake message, with a credential. */
#define OCKAM_NODE_IDENTITY_MAX	(OCKAM_NOISE_MSG_MAX - OCKAM_NOISE_MSG2_LEN - \
				 OCKAM_CREDENTIAL_MAX - 16)

struct workqueue_struct *ockam_wq;
struct workqueue_struct *ockam_hs_wq;

static unsigned int ockam_net_id;

/**
 * ockam_net() - our state in a namespace
 * @net: namespace
 *
 * Return: it; there always is one.
 */
struct ockam_net *ockam_net(const struct net *net)
{
	return net_generic(net, ockam_net_id);
}

static bool ockam_node_name_ok(const char *name)
{
	size_t len = strlen(name), i;

	if (!len || len > OCKAM_NODE_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

static int ockam_node_init_tables(struct ockam_node *node)
{
	int err;

	xa_init_flags(&node->index_xa, XA_FLAGS_ALLOC1);
	xa_init(&node->flows);
	INIT_LIST_HEAD(&node->rules);
	mutex_init(&node->table_lock);
	mutex_init(&node->flow_lock);
	node->stats = alloc_percpu(struct ockam_stats);
	if (!node->stats)
		return -ENOMEM;
	err = rhashtable_init(&node->table, &ockam_endpoint_params);
	if (err)
		goto err_stats;
	err = rhashtable_init(&node->consumers, &ockam_consumer_params);
	if (err)
		goto err_table;
	return 0;

err_table:
	rhashtable_destroy(&node->table);
err_stats:
	free_percpu(node->stats);
	return err;
}

/**
 * ockam_node_create() - make a node
 * @onet: namespace state, nl_mutex held
 * @name: name
 *
 * Return: the node with a reference besides the table's; ERR_PTR: -EINVAL bad
 * name, -EEXIST, -EBUSY too many, -ENOMEM, -ESHUTDOWN.
 */
struct ockam_node *ockam_node_create(struct ockam_net *onet, const char *name)
{
	struct ockam_node *node, *old;
	int err;

	lockdep_assert_held(&onet->nl_mutex);
	if (!ockam_node_name_ok(name))
		return ERR_PTR(-EINVAL);
	if (onet->dead)
		return ERR_PTR(-ESHUTDOWN);
	old = ockam_node_by_name(onet, name);
	if (old) {
		ockam_node_put(old);
		return ERR_PTR(-EEXIST);
	}
	if (atomic_read(&onet->alive) >= (int)onet->limits.nodes)
		return ERR_PTR(-EBUSY);
	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return ERR_PTR(-ENOMEM);
	node->onet = onet;
	kref_init(&node->ref);
	strscpy(node->name, name, sizeof(node->name));
	node->group_low = make_kgid(&init_user_ns, 1);
	node->group_high = make_kgid(&init_user_ns, 0);
	node->created = ktime_get_real_seconds();
	err = ockam_node_init_tables(node);
	if (err)
		goto err_free;
	ockam_ledger_created(OCKAM_OBJ_NODE);
	atomic_inc(&onet->alive);
	err = xa_alloc_cyclic(&onet->nodes, &node->index, node, xa_limit_31b,
			      &onet->next_node, GFP_KERNEL);
	if (err < 0) {
		ockam_node_put(node);
		return ERR_PTR(err);
	}
	ockam_node_get(node);
	if (!onet->default_node)
		onet->default_node = node->index;
	ockam_notify_node(node, OCKAM_EVENT_NEW);
	return node;

err_free:
	kfree(node);
	return ERR_PTR(err);
}

static void ockam_node_shutdown_all(struct ockam_node *node)
{
	struct ockam_endpoint *ep;
	u32 id = 0;

	while ((ep = ockam_endpoint_next(node, &id))) {
		ep->ops->shutdown(ep);
		ockam_endpoint_put(ep);
		id++;
	}
}

/**
 * ockam_node_delete() - delete a node and all that it owns
 * @node: node, nl_mutex held; the table's reference goes
 *
 * The caller's own reference, if any, stays valid.
 */
void ockam_node_delete(struct ockam_node *node)
{
	struct ockam_net *onet = node->onet;
	unsigned long index = 0;
	bool was_dead;

	lockdep_assert_held(&onet->nl_mutex);
	mutex_lock(&node->table_lock);
	was_dead = node->dead;
	node->dead = true;
	mutex_unlock(&node->table_lock);
	if (was_dead)
		return;
	xa_erase(&onet->nodes, node->index);
	if (onet->default_node == node->index) {
		onet->default_node = 0;
		if (xa_find(&onet->nodes, &index, ULONG_MAX, XA_PRESENT))
			onet->default_node = index;
	}
	while (!xa_empty(&node->index_xa)) {
		ockam_node_shutdown_all(node);
		/* Somebody else is closing what is left: let him finish. */
		if (!xa_empty(&node->index_xa))
			schedule_timeout_uninterruptible(1);
	}
	ockam_notify_node(node, OCKAM_EVENT_CLOSED);
	ockam_node_put(node);
}

/**
 * ockam_node_by_name() - find a node
 * @onet: namespace state
 * @name: name
 *
 * Return: the node with a reference, or NULL.
 */
struct ockam_node *ockam_node_by_name(struct ockam_net *onet, const char *name)
{
	struct ockam_node *node, *found = NULL;
	unsigned long index;

	rcu_read_lock();
	xa_for_each(&onet->nodes, index, node) {
		if (strcmp(node->name, name))
			continue;
		if (kref_get_unless_zero(&node->ref))
			found = node;
		break;
	}
	rcu_read_unlock();
	return found;
}

/**
 * ockam_node_by_index() - find a node by its number
 * @onet:  namespace state
 * @index: number; 0 for the default node
 *
 * Return: the node with a reference, or NULL.
 */
struct ockam_node *ockam_node_by_index(struct ockam_net *onet, u32 index)
{
	struct ockam_node *node;

	if (!index)
		index = READ_ONCE(onet->default_node);
	rcu_read_lock();
	node = xa_load(&onet->nodes, index);
	if (node && !kref_get_unless_zero(&node->ref))
		node = NULL;
	rcu_read_unlock();
	return node;
}

/**
 * ockam_node_get() - take another reference
 * @node: node
 */
void ockam_node_get(struct ockam_node *node)
{
	kref_get(&node->ref);
}

static void ockam_node_release(struct kref *ref)
{
	struct ockam_node *node = container_of(ref, struct ockam_node, ref);
	struct ockam_node_identity *identity;
	struct ockam_net *onet = node->onet;

	identity = rcu_dereference_protected(node->identity, true);
	if (identity)
		ockam_node_identity_put(identity);
	rhashtable_destroy(&node->table);
	rhashtable_destroy(&node->consumers);
	xa_destroy(&node->index_xa);
	xa_destroy(&node->flows);
	free_percpu(node->stats);
	mutex_destroy(&node->table_lock);
	mutex_destroy(&node->flow_lock);
	kfree_rcu(node, rcu);
	ockam_ledger_destroyed(OCKAM_OBJ_NODE);
	/* Who waits may free @onet when it sees 0: see ockam_net_stop(). */
	rcu_read_lock();
	if (atomic_dec_and_test(&onet->alive))
		wake_up_all(&onet->all_gone);
	rcu_read_unlock();
}

/**
 * ockam_node_put() - drop a reference
 * @node: node
 *
 * Context: process; the last put frees the tables.
 */
void ockam_node_put(struct ockam_node *node)
{
	kref_put(&node->ref, ockam_node_release);
}

static void ockam_node_identity_free(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct ockam_node_identity, rcu));
}

static void ockam_node_identity_release(struct kref *ref)
{
	struct ockam_node_identity *identity =
		container_of(ref, struct ockam_node_identity, ref);

	ockam_ledger_destroyed(OCKAM_OBJ_IDENTITY);
	call_rcu(&identity->rcu, ockam_node_identity_free);
}

/**
 * ockam_node_identity_put() - drop a reference
 * @identity: identity
 */
void ockam_node_identity_put(struct ockam_node_identity *identity)
{
	kref_put(&identity->ref, ockam_node_identity_release);
}

/**
 * ockam_node_identity() - the identity that a node has now
 * @node: node
 *
 * Return: it, with a reference, or NULL.
 */
struct ockam_node_identity *ockam_node_identity(struct ockam_node *node)
{
	struct ockam_node_identity *identity;

	rcu_read_lock();
	identity = rcu_dereference(node->identity);
	if (identity && !kref_get_unless_zero(&identity->ref))
		identity = NULL;
	rcu_read_unlock();
	return identity;
}

/* History, attestation and secret must belong together and be valid now. */
static enum ockam_ident_reason
ockam_node_judge(struct ockam_node_identity *identity)
{
	struct ockam_attestation attestation;
	enum ockam_ident_reason reason;
	struct ockam_identity history;

	reason = ockam_ident_verify_history(&history, identity->history.data,
					    identity->history.len);
	if (reason)
		return reason;
	reason = ockam_ident_verify_attestation(&attestation,
						identity->attestation.data,
						identity->attestation.len,
						&history, NULL,
						ktime_get_real_seconds());
	if (reason)
		return reason;
	if (!attestation.is_channel)
		return OCKAM_IDENT_PURPOSE;
	if (ockam_x25519_public(identity->static_public,
				identity->static_secret))
		return OCKAM_IDENT_FAILED;
	if (memcmp(identity->static_public, attestation.key, OCKAM_X25519_LEN))
		return OCKAM_IDENT_STATIC_KEY;
	memcpy(identity->identifier, history.identifier, OCKAM_IDENTIFIER_LEN);
	identity->expires_at = attestation.expires_at;
	return OCKAM_IDENT_GOOD;
}

static struct ockam_slice ockam_node_copy(u8 **at,
					  const struct ockam_slice *slice)
{
	struct ockam_slice copy = { *at, slice->len };

	if (slice->len)
		memcpy(*at, slice->data, slice->len);
	*at += slice->len;
	return copy;
}

/* Not judged yet. NULL: no memory. */
static struct ockam_node_identity *
ockam_node_identity_make(const struct ockam_slice *history,
			 const struct ockam_slice *attestation,
			 const struct ockam_slice *credential,
			 const u8 secret[OCKAM_X25519_LEN])
{
	struct ockam_node_identity *identity;
	u8 *at;

	identity = kzalloc(sizeof(*identity) + history->len +
			   attestation->len + credential->len,
			   GFP_KERNEL_ACCOUNT);
	if (!identity)
		return NULL;
	at = identity->data;
	identity->history = ockam_node_copy(&at, history);
	identity->attestation = ockam_node_copy(&at, attestation);
	identity->credential = ockam_node_copy(&at, credential);
	memcpy(identity->static_secret, secret, OCKAM_X25519_LEN);
	kref_init(&identity->ref);
	return identity;
}

static void ockam_node_identity_publish(struct ockam_node *node,
					struct ockam_node_identity *identity)
{
	struct ockam_node_identity *old;

	ockam_ledger_created(OCKAM_OBJ_IDENTITY);
	old = rcu_replace_pointer(node->identity, identity,
				  lockdep_is_held(&node->onet->nl_mutex));
	if (old)
		ockam_node_identity_put(old);
}

static struct ockam_node_identity *
ockam_node_identity_locked(struct ockam_node *node)
{
	return rcu_dereference_protected(node->identity,
					 lockdep_is_held(&node->onet->nl_mutex));
}

/**
 * ockam_node_set_identity() - give a node its identity, or a newer state of it
 * @node:        node, nl_mutex held
 * @name:        what the tool calls the identity
 * @history:     encoded change history
 * @attestation: encoded attestation of the channel purpose key
 * @secret:      secret of that key; the caller wipes its copy
 * @reason:      set when the material is refused
 *
 * The credential that the node presents stays when the identity does.
 *
 * Return: 0; -EKEYREJECTED see @reason; -EINVAL; -ENOMEM.
 */
int ockam_node_set_identity(struct ockam_node *node, const char *name,
			    const struct ockam_slice *history,
			    const struct ockam_slice *attestation,
			    const u8 secret[OCKAM_X25519_LEN],
			    enum ockam_ident_reason *reason)
{
	struct ockam_node_identity *old = ockam_node_identity_locked(node);
	static const struct ockam_slice none;
	struct ockam_node_identity *identity;

	*reason = OCKAM_IDENT_GOOD;
	if (history->len + attestation->len > OCKAM_NODE_IDENTITY_MAX)
		return -EINVAL;
	identity = ockam_node_identity_make(history, attestation,
					    old ? &old->credential : &none,
					    secret);
	if (!identity)
		return -ENOMEM;
	*reason = ockam_node_judge(identity);
	if (*reason) {
		kfree_sensitive(identity);
		return -EKEYREJECTED;
	}
	if (old && memcmp(old->identifier, identity->identifier,
			  OCKAM_IDENTIFIER_LEN))
		identity->credential.len = 0;
	strscpy(node->identity_name, name, sizeof(node->identity_name));
	ockam_node_identity_publish(node, identity);
	return 0;
}

/**
 * ockam_node_set_credential() - what a node presents besides its identity
 * @node:       node, nl_mutex held
 * @credential: encoded credential with its attestation; empty: nothing
 *
 * Whether it is good, those decide to whom it is presented.
 *
 * Return: 0; -ENOKEY the node has no identity; -EBADMSG it cannot be read;
 * -EKEYREJECTED it is about another identity; -ENOMEM.
 */
int ockam_node_set_credential(struct ockam_node *node,
			      const struct ockam_slice *credential)
{
	struct ockam_node_identity *old = ockam_node_identity_locked(node);
	struct ockam_node_identity *identity;
	struct ockam_credential_info info;

	if (!old)
		return -ENOKEY;
	if (credential->len &&
	    ockam_ident_read_credential(&info, credential->data,
					credential->len))
		return -EBADMSG;
	if (credential->len && memcmp(info.subject, old->identifier,
				      OCKAM_IDENTIFIER_LEN))
		return -EKEYREJECTED;
	identity = ockam_node_identity_make(&old->history, &old->attestation,
					    credential, old->static_secret);
	if (!identity)
		return -ENOMEM;
	memcpy(identity->identifier, old->identifier, OCKAM_IDENTIFIER_LEN);
	memcpy(identity->static_public, old->static_public, OCKAM_X25519_LEN);
	identity->expires_at = old->expires_at;
	ockam_node_identity_publish(node, identity);
	return 0;
}

/**
 * ockam_node_may_use() - may the current task use a node's sockets?
 * @node: node
 *
 * Return: true with CAP_NET_ADMIN in the user namespace that owns the network
 * namespace, or as a member of the node's groups.
 */
bool ockam_node_may_use(const struct ockam_node *node)
{
	const struct cred *cred = current_cred();
	kgid_t low = READ_ONCE(node->group_low);
	kgid_t high = READ_ONCE(node->group_high);
	int i;

	if (ns_capable(node->onet->net->user_ns, CAP_NET_ADMIN))
		return true;
	if (gid_gt(low, high))
		return false;
	if (gid_gte(cred->egid, low) && gid_lte(cred->egid, high))
		return true;
	for (i = 0; i < cred->group_info->ngroups; i++)
		if (gid_gte(cred->group_info->gid[i], low) &&
		    gid_lte(cred->group_info->gid[i], high))
			return true;
	return false;
}

/* /proc/net/ockam: numbers only, no addresses and no identifiers. */
static int ockam_net_show(struct seq_file *seq, void *v)
{
	struct ockam_net *onet = ockam_net(seq_file_single_net(seq));

	seq_printf(seq, "version %s\n", THIS_MODULE->version);
	seq_printf(seq, "family %d\n", ockam_sock_family());
	seq_printf(seq, "driver %s\n", ockam_crypto_driver());
	seq_printf(seq, "nodes %d\n", atomic_read(&onet->alive));
	seq_printf(seq, "connections %d\n", atomic_read(&onet->conns));
	seq_printf(seq, "channels %d\n", atomic_read(&onet->channels));
	seq_printf(seq, "relays %d\n", atomic_read(&onet->relays));
	return 0;
}

static int __net_init ockam_net_start(struct net *net)
{
	struct ockam_net *onet = ockam_net(net);
	int err;

	onet->net = net;
	mutex_init(&onet->nl_mutex);
	spin_lock_init(&onet->event_lock);
	xa_init_flags(&onet->nodes, XA_FLAGS_ALLOC1);
	init_waitqueue_head(&onet->all_gone);
	err = ockam_known_init(&onet->known);
	if (err)
		return err;
	err = ockam_holders_init(&onet->holders);
	if (err)
		goto err_known;
	err = ockam_limits_init(onet);
	if (err)
		goto err_holders;
	err = -ENOMEM;
	if (!proc_create_net_single("ockam", 0444, net->proc_net,
				    ockam_net_show, NULL))
		goto err_limits;
	return 0;

err_limits:
	ockam_limits_exit(onet);
err_holders:
	ockam_holders_exit(&onet->holders);
err_known:
	ockam_known_exit(&onet->known);
	return err;
}

static void __net_exit ockam_net_stop(struct net *net)
{
	struct ockam_net *onet = ockam_net(net);
	struct ockam_node *node;
	unsigned long index;

	remove_proc_entry("ockam", net->proc_net);
	ockam_limits_exit(onet);
	mutex_lock(&onet->nl_mutex);
	onet->dead = true;
	xa_for_each(&onet->nodes, index, node)
		ockam_node_delete(node);
	mutex_unlock(&onet->nl_mutex);
	/* Work under way holds endpoints, and they hold nodes. */
	wait_event(onet->all_gone, !atomic_read(&onet->alive));
	/* Whoever made it 0 may still be waking us. */
	synchronize_rcu();
	ockam_holders_exit(&onet->holders);
	ockam_known_exit(&onet->known);
	xa_destroy(&onet->nodes);
	mutex_destroy(&onet->nl_mutex);
}

static struct pernet_operations ockam_net_ops = {
	.init = ockam_net_start,
	.exit = ockam_net_stop,
	.id = &ockam_net_id,
	.size = sizeof(struct ockam_net),
};

/**
 * ockam_net_init() - workqueues and namespaces
 *
 * Return: 0 or -ENOMEM.
 */
int __init ockam_net_init(void)
{
	int err = -ENOMEM;

	ockam_wq = alloc_workqueue("ockam", WQ_UNBOUND, 0);
	if (!ockam_wq)
		return err;
	/* Handshakes cost milliseconds of CPU each: never all CPUs at once. */
	ockam_hs_wq = alloc_workqueue("ockam_hs", WQ_UNBOUND,
				      max_t(int, 1, num_online_cpus() / 2));
	if (!ockam_hs_wq)
		goto err_wq;
	err = register_pernet_device(&ockam_net_ops);
	if (err)
		goto err_hs_wq;
	return 0;

err_hs_wq:
	destroy_workqueue(ockam_hs_wq);
err_wq:
	destroy_workqueue(ockam_wq);
	return err;
}

/**
 * ockam_net_exit() - delete all nodes of all namespaces
 *
 * When it returns, nothing of ours runs and all memory is freed.
 */
void ockam_net_exit(void)
{
	unregister_pernet_device(&ockam_net_ops);
	destroy_workqueue(ockam_hs_wq);
	destroy_workqueue(ockam_wq);
	rcu_barrier();
}
