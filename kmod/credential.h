/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Credentials of peers: whose count, and what a good one says. */
#ifndef OCKAM_CREDENTIAL_H
#define OCKAM_CREDENTIAL_H

#include <linux/kref.h>
#include "../uapi/linux/ockam.h"
#include "ident.h"
#include "stats.h"

struct ockam_known;

#define OCKAM_AUTHORITIES_MAX	4	/* in a list */
#define OCKAM_CREDENTIAL_MAX	8192	/* bytes of the credential that we present */

/**
 * struct ockam_authority - one whose credentials count
 * @identity: what its history says; verified
 * @history:  encoded, in the list's memory
 */
struct ockam_authority {
	struct ockam_identity identity;
	struct ockam_slice history;
};

/**
 * struct ockam_authorities - those whose credentials count
 * @ref:      references
 * @required: a peer without a good credential is refused
 * @count:    how many
 * @list:     they
 * @data:     memory of their histories
 *
 * Immutable. A NULL pointer instead: all credentials are ignored.
 */
struct ockam_authorities {
	struct kref ref;
	bool required;
	u32 count;
	struct ockam_authority list[OCKAM_AUTHORITIES_MAX];
	u8 data[];
};

/**
 * struct ockam_credential - what a good credential says
 * @ref:        references
 * @issuer:     identifier of the authority
 * @expires_at: seconds; it counts before that
 * @len:        bytes of @attributes
 * @attributes: encoded map; a repeated key's last value counts
 *
 * Immutable.
 */
struct ockam_credential {
	struct kref ref;
	u8 issuer[OCKAM_IDENTIFIER_LEN];
	u64 expires_at;
	u32 len;
	u8 attributes[];
};

struct ockam_authorities *
ockam_authorities_create(struct ockam_known *known,
			 const struct ockam_slice *histories, u32 count,
			 bool required);
struct ockam_authorities *
ockam_authorities_get(struct ockam_authorities *authorities);
void ockam_authorities_put(struct ockam_authorities *authorities);

/*
 * Judge what a peer presents. OCKAM_DROP_NONE: it is good, or there is none
 * (*out is NULL then); else which rule it breaks. @authorities is not NULL.
 */
enum ockam_drop
ockam_credential_judge(struct ockam_credential **out,
		       const struct ockam_authorities *authorities,
		       struct ockam_known *known,
		       const struct ockam_ident_payload *presented,
		       const u8 subject[OCKAM_IDENTIFIER_LEN]);
struct ockam_credential *ockam_credential_get(struct ockam_credential *credential);
void ockam_credential_put(struct ockam_credential *credential);

#endif /* OCKAM_CREDENTIAL_H */
