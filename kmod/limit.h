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
 * @relays_peer:    relays that one peer has
 * @relay_rate:     registrations by one peer in a second
 * @half_open:      handshakes under way, per channel listener
 * @half_open_peer: the same, per peer of a listener
 * @handshake_ms:   time for a handshake
 * @linger_ms:      how long a channel outlives its first hop
 * @reassembly:     bytes of frames that are not complete
 * @ping_ms:        between the pings of a relay client
 * @ping_misses:    pings without an answer in a row that end its link
 * @backoff_min:    pause of a link before its first new attempt, in ms
 * @backoff_max:    the longest one; what was up for so long begins anew
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
	u32 relays_peer;
	u32 relay_rate;
	u32 half_open;
	u32 half_open_peer;
	u32 handshake_ms;
	u32 linger_ms;
	u32 reassembly;
	u32 ping_ms;
	u32 ping_misses;
	u32 backoff_min;
	u32 backoff_max;
	struct ctl_table *table;
	struct ctl_table_header *header;
};

int ockam_limits_init(struct ockam_net *onet);
void ockam_limits_exit(struct ockam_net *onet);

#endif /* OCKAM_LIMIT_H */
