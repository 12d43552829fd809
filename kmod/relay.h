/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Relays: the service that takes registrations, and the addresses it makes. */
#ifndef OCKAM_RELAY_H
#define OCKAM_RELAY_H

#include "endpoint.h"
#include "ident.h"
#include "policy.h"

#define OCKAM_RELAY_PREFIX	"forward_to_"
#define OCKAM_RELAY_NAME_MAX	128

/**
 * struct ockam_relay_info - what users want to know of a relay
 * @has_peer: an identity registered it
 * @peer:     that identity
 * @created:  seconds, wall clock
 * @msgs:     messages forwarded
 * @bytes:    their payload bytes
 * @target:   forward route, copied into the buffer given
 */
struct ockam_relay_info {
	bool has_peer;
	u8 peer[OCKAM_IDENTIFIER_LEN];
	u64 created;
	u64 msgs;
	u64 bytes;
	struct ockam_route target;
};

/*
 * Start the service at one address (it is started twice: forwarding_service
 * and static_forwarding_service). @trust: identities that may register; NULL:
 * any authenticated identity, and plain TCP accepted by a loopback-bound
 * listener.
 */
int ockam_relay_service_start(struct ockam_node *node, const u8 *name,
			      size_t name_len, struct ockam_trust *trust,
			      const struct ockam_owner *owner);
int ockam_relay_info(struct ockam_endpoint *ep, struct ockam_relay_info *info,
		     u8 *target, size_t size);

#endif /* OCKAM_RELAY_H */
