// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Limits of a network namespace: sysctls net.ockam.* */

#include <linux/slab.h>
#include <linux/sysctl.h>
#include "limit.h"
#include "node.h"

/**
 * struct ockam_limit - one limit
 * @name:   of the sysctl
 * @offset: in struct ockam_limits
 * @low:    least value
 * @normal: default; the most for a child user namespace
 * @high:   the most
 */
struct ockam_limit {
	const char *name;
	size_t offset;
	unsigned int low;
	unsigned int normal;
	unsigned int high;
};

#define OCKAM_LIMIT(field, name, low, normal, high) \
	{ name, offsetof(struct ockam_limits, field), low, normal, high }

static const struct ockam_limit ockam_limit_list[] = {
	OCKAM_LIMIT(nodes, "max_nodes", 0, 1024, 1 << 20),
	OCKAM_LIMIT(connections, "max_connections", 0, 16384, 1 << 20),
	OCKAM_LIMIT(channels, "max_channels", 0, 32768, 1 << 20),
	OCKAM_LIMIT(relays, "max_relays", 0, 16384, 1 << 20),
	OCKAM_LIMIT(relays_peer, "max_relays_per_peer", 0, 1024, 1 << 20),
	OCKAM_LIMIT(relay_rate, "max_relay_rate", 1, 1024, 1 << 20),
	OCKAM_LIMIT(half_open, "max_half_open", 1, 256, 4096),
	OCKAM_LIMIT(half_open_peer, "max_half_open_per_peer", 1, 16, 4096),
	OCKAM_LIMIT(handshake_ms, "handshake_timeout_ms", 100, 30000, 600000),
	OCKAM_LIMIT(linger_ms, "channel_linger_ms", 0, 10000,
		    OCKAM_LIFE_MAX_MS),
	OCKAM_LIMIT(reassembly, "max_reassembly_bytes", 1 << 16, 64 << 20,
		    1 << 30),
	OCKAM_LIMIT(ping_ms, "relay_ping_ms", 100, 10000, 600000),
	OCKAM_LIMIT(ping_misses, "relay_ping_misses", 1, 3, 100),
	OCKAM_LIMIT(backoff_min, "link_backoff_min_ms", 10, 100, 60000),
	OCKAM_LIMIT(backoff_max, "link_backoff_max_ms", 10, 3000, 600000),
};

static void ockam_limits_entry(struct ctl_table *entry,
			       const struct ockam_limit *limit,
			       struct ockam_net *onet)
{
	bool ours = onet->net->user_ns == &init_user_ns;

	entry->procname = limit->name;
	entry->data = (u8 *)&onet->limits + limit->offset;
	entry->maxlen = sizeof(unsigned int);
	entry->mode = 0644;
	entry->proc_handler = proc_douintvec_minmax;
	entry->extra1 = (void *)&limit->low;
	entry->extra2 = (void *)(ours ? &limit->high : &limit->normal);
	*(u32 *)entry->data = limit->normal;
}

/**
 * ockam_limits_init() - default limits, and sysctls to change them
 * @onet: namespace state, with @net set
 *
 * Return: 0 or -ENOMEM.
 */
int ockam_limits_init(struct ockam_net *onet)
{
	const size_t count = ARRAY_SIZE(ockam_limit_list);
	struct ockam_limits *limits = &onet->limits;
	size_t i;

	/* Older kernels want an empty entry at the end. */
	limits->table = kcalloc(count + 1, sizeof(*limits->table),
				GFP_KERNEL_ACCOUNT);
	if (!limits->table)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		ockam_limits_entry(&limits->table[i], &ockam_limit_list[i],
				   onet);
	limits->header = register_net_sysctl_sz(onet->net, "net/ockam",
						limits->table, count);
	if (limits->header)
		return 0;
	kfree(limits->table);
	return -ENOMEM;
}

/**
 * ockam_limits_exit() - take the sysctls away
 * @onet: namespace state
 */
void ockam_limits_exit(struct ockam_net *onet)
{
	unregister_net_sysctl_table(onet->limits.header);
	kfree(onet->limits.table);
}
