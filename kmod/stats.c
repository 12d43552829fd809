// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Counters: messages, drops by reason, and the ledger of objects. */

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/seq_buf.h>
#include "node.h"
#include "stats.h"
#include "trace.h"

#define OCKAM_DROP_NAME(id, name, err) name,
static const char * const ockam_drop_names[] = {
	OCKAM_DROPS(OCKAM_DROP_NAME)
};

#define OCKAM_DROP_ERRNO(id, name, err) -(err),
static const int ockam_drop_errnos[] = {
	OCKAM_DROPS(OCKAM_DROP_ERRNO)
};

/**
 * ockam_drop_name() - what users call a reason
 * @reason: reason
 *
 * Return: its name.
 */
const char *ockam_drop_name(enum ockam_drop reason)
{
	return reason < OCKAM_DROP_COUNT ? ockam_drop_names[reason] : "unknown";
}

/**
 * ockam_drop_errno() - what a local sender gets
 * @reason: reason
 *
 * Return: a negative errno; 0 for a drop that is no error.
 */
int ockam_drop_errno(enum ockam_drop reason)
{
	return reason < OCKAM_DROP_COUNT ? ockam_drop_errnos[reason] : -EINVAL;
}

/**
 * ockam_count_drop() - count and trace a refusal
 * @node:   node
 * @reason: why
 */
void ockam_count_drop(struct ockam_node *node, enum ockam_drop reason)
{
	this_cpu_inc(node->stats->drops[reason]);
	trace_ockam_drop(node, NULL, reason);
}

/**
 * ockam_drop() - count, trace and free a message
 * @node:   node
 * @skb:    message
 * @reason: why
 *
 * Return: NULL.
 */
struct sk_buff *ockam_drop(struct ockam_node *node, struct sk_buff *skb,
			   enum ockam_drop reason)
{
	this_cpu_inc(node->stats->drops[reason]);
	trace_ockam_drop(node, skb, reason);
	kfree_skb(skb);
	return NULL;
}

/**
 * ockam_stats_sum() - the counters of a node over all CPUs
 * @node: node
 * @sum:  set
 */
void ockam_stats_sum(const struct ockam_node *node, struct ockam_stats *sum)
{
	const struct ockam_stats *stats;
	unsigned int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(node->stats, cpu);
		sum->delivered += READ_ONCE(stats->delivered);
		sum->forwarded += READ_ONCE(stats->forwarded);
		for (i = 0; i < OCKAM_DROP_COUNT; i++)
			sum->drops[i] += READ_ONCE(stats->drops[i]);
	}
}

/* The ledger. It outlives every namespace: unload reads it last. */

static const char * const ockam_ledger_names[] = {
	[OCKAM_OBJ_NODE] = "node",
	[OCKAM_OBJ_ENDPOINT] = "endpoint",
	[OCKAM_OBJ_FLOW] = "flow",
	[OCKAM_OBJ_CONSUMER] = "consumer",
	[OCKAM_OBJ_IDENTITY] = "identity",
	[OCKAM_OBJ_CONN] = "connection",
	[OCKAM_OBJ_TCP_LISTENER] = "tcp-listener",
	[OCKAM_OBJ_CHANNEL] = "channel",
	[OCKAM_OBJ_HANDSHAKE] = "handshake",
	[OCKAM_OBJ_LISTENER] = "channel-listener",
	[OCKAM_OBJ_SESSION] = "session",
	[OCKAM_OBJ_AEAD] = "aead",
	[OCKAM_OBJ_RELAY] = "relay",
	[OCKAM_OBJ_LINK] = "link",
	[OCKAM_OBJ_RELAY_CLIENT] = "relay-client",
	[OCKAM_OBJ_SOCK] = "socket",
	[OCKAM_OBJ_KNOWN] = "known-peer",
	[OCKAM_OBJ_AUTHORITIES] = "authority-list",
	[OCKAM_OBJ_CREDENTIAL] = "credential",
};

static atomic64_t ockam_ledger_in[OCKAM_OBJ_COUNT];
static atomic64_t ockam_ledger_out[OCKAM_OBJ_COUNT];

/**
 * ockam_ledger_created() - an object was made
 * @object: kind
 */
void ockam_ledger_created(enum ockam_object object)
{
	atomic64_inc(&ockam_ledger_in[object]);
}

/**
 * ockam_ledger_destroyed() - an object is gone
 * @object: kind
 */
void ockam_ledger_destroyed(enum ockam_object object)
{
	atomic64_inc(&ockam_ledger_out[object]);
}

/**
 * ockam_ledger_alive() - objects that exist
 * @object: kind
 *
 * Return: how many.
 */
u64 ockam_ledger_alive(enum ockam_object object)
{
	return atomic64_read(&ockam_ledger_in[object]) -
	       atomic64_read(&ockam_ledger_out[object]);
}

/**
 * ockam_ledger_name() - what users call a kind of object
 * @object: kind
 *
 * Return: its name.
 */
const char *ockam_ledger_name(enum ockam_object object)
{
	return ockam_ledger_names[object];
}

/**
 * ockam_ledger_print() - the last word of the module: was everything freed?
 */
void ockam_ledger_print(void)
{
	bool balanced = true;
	struct seq_buf line;
	char text[512];
	int i;

	seq_buf_init(&line, text, sizeof(text));
	for (i = 0; i < OCKAM_OBJ_COUNT; i++) {
		seq_buf_printf(&line, " %s %lld/%lld", ockam_ledger_names[i],
			       atomic64_read(&ockam_ledger_in[i]),
			       atomic64_read(&ockam_ledger_out[i]));
		if (ockam_ledger_alive(i))
			balanced = false;
	}
	text[min_t(size_t, line.len, sizeof(text) - 1)] = '\0';
	if (balanced)
		pr_info("ockam: ledger: balanced%s\n", text);
	else
		pr_err("ockam: ledger: unbalanced%s\n", text);
}
