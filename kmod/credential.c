// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Credentials of peers: whose count, and what a good one says. */

#include <linux/ktime.h>
#include <linux/slab.h>
#include "credential.h"
#include "known.h"

/* Verify one authority, copy its history to @data. */
static int ockam_authority_init(struct ockam_authority *authority,
				struct ockam_known *known,
				const struct ockam_slice *history, u8 *data)
{
	enum ockam_ident_reason reason;

	memcpy(data, history->data, history->len);
	authority->history.data = data;
	authority->history.len = history->len;
	reason = ockam_ident_verify_history(&authority->identity, data,
					    history->len);
	if (reason)
		return reason == OCKAM_IDENT_FAILED ? -ENOMEM : -EKEYREJECTED;
	/* One that it has replaced since is no authority any more. */
	return ockam_known_update(known, &authority->identity,
				  &authority->history, true);
}

/**
 * ockam_authorities_create() - a list of those whose credentials count
 * @known:     what the namespace knows of histories
 * @histories: their encoded change histories; copied
 * @count:     how many
 * @required:  peers without a good credential are refused
 *
 * Context: process; takes the time of some signature checks for each.
 *
 * Return: the list with one reference, or an ERR_PTR: -EINVAL too many or
 * none; -EKEYREJECTED a history is not valid; -EKEYREVOKED an authority has
 * shown a newer one; -ENOSPC, -ENOMEM.
 */
struct ockam_authorities *
ockam_authorities_create(struct ockam_known *known,
			 const struct ockam_slice *histories, u32 count,
			 bool required)
{
	struct ockam_authorities *authorities;
	size_t bytes = 0;
	int err = 0;
	u32 i;

	if (!count || count > OCKAM_AUTHORITIES_MAX)
		return ERR_PTR(-EINVAL);
	for (i = 0; i < count; i++)
		bytes += histories[i].len;
	authorities = kvzalloc(struct_size(authorities, data, bytes),
			       GFP_KERNEL_ACCOUNT);
	if (!authorities)
		return ERR_PTR(-ENOMEM);
	kref_init(&authorities->ref);
	authorities->required = required;
	authorities->count = count;
	for (i = 0, bytes = 0; !err && i < count; i++) {
		err = ockam_authority_init(&authorities->list[i], known,
					   &histories[i],
					   authorities->data + bytes);
		bytes += histories[i].len;
	}
	ockam_ledger_created(OCKAM_OBJ_AUTHORITIES);
	if (!err)
		return authorities;
	ockam_authorities_put(authorities);
	return ERR_PTR(err);
}

/**
 * ockam_authorities_get() - take another reference
 * @authorities: list or NULL
 *
 * Return: @authorities.
 */
struct ockam_authorities *
ockam_authorities_get(struct ockam_authorities *authorities)
{
	if (authorities)
		kref_get(&authorities->ref);
	return authorities;
}

static void ockam_authorities_release(struct kref *ref)
{
	ockam_ledger_destroyed(OCKAM_OBJ_AUTHORITIES);
	kvfree(container_of(ref, struct ockam_authorities, ref));
}

/**
 * ockam_authorities_put() - drop a reference
 * @authorities: list or NULL
 *
 * Context: process.
 */
void ockam_authorities_put(struct ockam_authorities *authorities)
{
	if (authorities)
		kref_put(&authorities->ref, ockam_authorities_release);
}

/* The rule that a credential breaks, as users see it. */
static enum ockam_drop ockam_credential_why(enum ockam_ident_reason reason)
{
	switch (reason) {
	case OCKAM_IDENT_GOOD:
		return OCKAM_DROP_NONE;
	case OCKAM_IDENT_TOO_MANY:
		return OCKAM_DROP_CRED_LIMIT;
	case OCKAM_IDENT_VERSION:
		return OCKAM_DROP_CRED_VERSION;
	case OCKAM_IDENT_SIGNATURE:
		return OCKAM_DROP_CRED_SIGNATURE;
	case OCKAM_IDENT_SUBJECT:
		return OCKAM_DROP_CRED_SUBJECT;
	case OCKAM_IDENT_STALE_KEY:
		return OCKAM_DROP_CRED_STALE_KEY;
	case OCKAM_IDENT_VALIDITY:
		return OCKAM_DROP_CRED_VALIDITY;
	case OCKAM_IDENT_FUTURE:
		return OCKAM_DROP_CRED_FUTURE;
	case OCKAM_IDENT_EXPIRED:
		return OCKAM_DROP_CRED_EXPIRED;
	case OCKAM_IDENT_PURPOSE:
		return OCKAM_DROP_CRED_PURPOSE;
	case OCKAM_IDENT_AUTHORITY:
		return OCKAM_DROP_CRED_AUTHORITY;
	case OCKAM_IDENT_FAILED:
		return OCKAM_DROP_NO_MEMORY;
	default:
		return OCKAM_DROP_CRED_MALFORMED;
	}
}

static struct ockam_credential *
ockam_credential_make(const u8 *issuer, const struct ockam_slice *attributes,
		      u64 expires_at)
{
	struct ockam_credential *credential;

	credential = kmalloc(struct_size(credential, attributes,
					 attributes->len), GFP_KERNEL_ACCOUNT);
	if (!credential)
		return NULL;
	kref_init(&credential->ref);
	memcpy(credential->issuer, issuer, OCKAM_IDENTIFIER_LEN);
	credential->expires_at = expires_at;
	credential->len = attributes->len;
	memcpy(credential->attributes, attributes->data, attributes->len);
	ockam_ledger_created(OCKAM_OBJ_CREDENTIAL);
	return credential;
}

/* By one authority: OCKAM_IDENT_AUTHORITY when it is not its. */
static enum ockam_ident_reason
ockam_credential_verify(struct ockam_credential **out,
			const struct ockam_authority *authority,
			struct ockam_known *known,
			const struct ockam_slice *presented,
			const u8 subject[OCKAM_IDENTIFIER_LEN])
{
	struct ockam_identity identity = authority->identity;
	struct ockam_slice attributes;
	enum ockam_ident_reason reason;
	u64 expires_at;

	ockam_known_newest(known, &identity, &authority->history);
	reason = ockam_ident_verify_credential(&attributes, &expires_at,
					       presented->data, presented->len,
					       &identity, subject,
					       ktime_get_real_seconds());
	if (reason)
		return reason;
	if (attributes.len > OCKAM_ATTRIBUTES_LEN)
		return OCKAM_IDENT_TOO_MANY;
	*out = ockam_credential_make(identity.identifier, &attributes,
				     expires_at);
	return *out ? OCKAM_IDENT_GOOD : OCKAM_IDENT_FAILED;
}

/**
 * ockam_credential_judge() - judge what a peer presents
 * @out:         set to what a good credential says, with a reference; or NULL
 * @authorities: whose credentials count
 * @known:       newest histories of the namespace, authorities among them
 * @presented:   parts of the payload
 * @subject:     identifier of the peer
 *
 * Two signature checks at most, whoever issued it. Context: process.
 *
 * Return: OCKAM_DROP_NONE, or which rule is broken.
 */
enum ockam_drop
ockam_credential_judge(struct ockam_credential **out,
		       const struct ockam_authorities *authorities,
		       struct ockam_known *known,
		       const struct ockam_ident_payload *presented,
		       const u8 subject[OCKAM_IDENTIFIER_LEN])
{
	enum ockam_ident_reason reason = OCKAM_IDENT_AUTHORITY;
	u32 i;

	*out = NULL;
	if (!presented->credential_count)
		return OCKAM_DROP_NONE;
	if (presented->credential_count > OCKAM_CREDENTIALS_MAX)
		return OCKAM_DROP_CRED_LIMIT;
	for (i = 0; i < authorities->count && reason == OCKAM_IDENT_AUTHORITY;
	     i++)
		reason = ockam_credential_verify(out, &authorities->list[i],
						 known,
						 &presented->credentials,
						 subject);
	return ockam_credential_why(reason);
}

/**
 * ockam_credential_get() - take another reference
 * @credential: credential or NULL
 *
 * Return: @credential.
 */
struct ockam_credential *ockam_credential_get(struct ockam_credential *credential)
{
	if (credential)
		kref_get(&credential->ref);
	return credential;
}

static void ockam_credential_release(struct kref *ref)
{
	ockam_ledger_destroyed(OCKAM_OBJ_CREDENTIAL);
	kfree(container_of(ref, struct ockam_credential, ref));
}

/**
 * ockam_credential_put() - drop a reference
 * @credential: credential or NULL
 */
void ockam_credential_put(struct ockam_credential *credential)
{
	if (credential)
		kref_put(&credential->ref, ockam_credential_release);
}
