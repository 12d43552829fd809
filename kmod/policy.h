/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Who may send to whom: one verdict function; and who is trusted as a peer. */
#ifndef OCKAM_POLICY_H
#define OCKAM_POLICY_H

#include <linux/kref.h>
#include "ident.h"
#include "stats.h"

struct ockam_endpoint;

#define OCKAM_TRUST_MAX		256	/* identifiers in a list */

/**
 * struct ockam_trust - the identifiers that are acceptable as peers
 * @ref:   references
 * @count: identifiers; a list without any accepts nobody
 * @ids:   the identifiers
 *
 * Immutable. A NULL pointer instead of a list accepts everybody.
 */
struct ockam_trust {
	struct kref ref;
	u32 count;
	u8 ids[][OCKAM_IDENTIFIER_LEN];
};

struct ockam_trust *ockam_trust_create(const u8 *ids, u32 count);
struct ockam_trust *ockam_trust_get(struct ockam_trust *trust);
void ockam_trust_put(struct ockam_trust *trust);	/* NULL is fine */
bool ockam_trust_accepts(const struct ockam_trust *trust,
			 const u8 id[OCKAM_IDENTIFIER_LEN]);

/*
 * OCKAM_DROP_NONE: deliver. A producer's message needs the address to be a
 * consumer of its flow or of its spawner's; a socket's message to a connection
 * or an encryptor needs the owner or a shared one; our own code may send to
 * anything.
 */
enum ockam_drop ockam_policy_check(struct ockam_endpoint *ep,
				   struct sk_buff *skb);

#endif /* OCKAM_POLICY_H */
