/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Limits of a network namespace: sysctls net.ockam.* */
#ifndef OCKAM_LIMIT_H
#define OCKAM_LIMIT_H

#include <linux/types.h>

#define OCKAM_LIFE_MAX_MS	86400000	/* a day, of linger and idle */

struct ctl_table_header;
struct ctl_table;
struct ockam_net;

/**
 * struct ockam_limits - how much of everything a namespace may have
 * @nodes:          nodes
 * @connections:    transport connections
 * @channels:       secure channels, half-open ones included
 * @relays:         relays
 * @half_open:      handshakes under way, per channel listener
 * @half_open_peer: the same, per peer of a listener
 * @handshake_ms:   time for a handshake
 * @linger_ms:      how long a channel outlives its first hop
 * @reassembly:     bytes of frames that are not complete
 * @table:          the sysctls
 * @header:         their registration
 *
 * Read without a lock. In a namespace of a child user namespace none can be
 * raised above the default.
 */
struct ockam_limits {
	u32 nodes;
	u32 connections;
	u32 channels;
	u32 relays;
	u32 half_open;
	u32 half_open_peer;
	u32 handshake_ms;
	u32 linger_ms;
	u32 reassembly;
	struct ctl_table *table;
	struct ctl_table_header *header;
};

int ockam_limits_init(struct ockam_net *onet);
void ockam_limits_exit(struct ockam_net *onet);

#endif /* OCKAM_LIMIT_H */
