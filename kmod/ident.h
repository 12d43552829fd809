/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Identities, attestations and credentials: decode and judge. */
#ifndef OCKAM_IDENT_H
#define OCKAM_IDENT_H

#include <linux/types.h>
#include "crypto.h"

#define OCKAM_IDENTIFIER_LEN		32
#define OCKAM_IDENTIFIER_TEXT_LEN	65	/* 'I' and 64 hex digits */
#define OCKAM_CHANGES_MAX		32
#define OCKAM_CREDENTIALS_MAX		1
#define OCKAM_CLOCK_ALLOWANCE		60	/* seconds */
#define OCKAM_SKIP_DEPTH		8	/* nesting in what is skipped */

/* Why identity material was refused; names in ockam_ident_reason_name(). */
enum ockam_ident_reason {
	OCKAM_IDENT_GOOD,
	OCKAM_IDENT_MALFORMED,		/* not decodable */
	OCKAM_IDENT_TOO_MANY,		/* over one of our limits */
	OCKAM_IDENT_VERSION,		/* version or data type */
	OCKAM_IDENT_EMPTY,		/* history without changes */
	OCKAM_IDENT_LINK,		/* previous change, order of dates */
	OCKAM_IDENT_SIGNATURE,		/* any signature */
	OCKAM_IDENT_SUBJECT,		/* for another identity */
	OCKAM_IDENT_STALE_KEY,		/* not made under the latest change */
	OCKAM_IDENT_VALIDITY,		/* outside the key's validity */
	OCKAM_IDENT_FUTURE,
	OCKAM_IDENT_EXPIRED,
	OCKAM_IDENT_PURPOSE,		/* another kind of purpose key */
	OCKAM_IDENT_STATIC_KEY,		/* attested key is not the static key */
	OCKAM_IDENT_AUTHORITY,		/* issuer unknown or not accepted */
	OCKAM_IDENT_FAILED,		/* a primitive failed (out of memory) */
};

struct ockam_slice {
	const u8 *data;
	size_t len;
};

struct ockam_public_key {
	u8 alg;				/* 0 Ed25519, 1 P-256 */
	u8 key[OCKAM_P256_KEY_LEN];	/* 32 or 65 bytes of it */
};

/**
 * struct ockam_identity - what a verified change history says
 * @identifier:  hash of the first change
 * @latest_hash: hash of the latest change
 * @latest_key:  its public key
 * @valid_from:  seconds, for attestations made under the latest key
 * @valid_until: seconds
 * @changes:     number of changes
 */
struct ockam_identity {
	u8 identifier[OCKAM_IDENTIFIER_LEN];
	u8 latest_hash[OCKAM_HASH_LEN];
	struct ockam_public_key latest_key;
	u64 valid_from;
	u64 valid_until;
	u8 changes;
};

/**
 * struct ockam_attestation - what a decoded purpose key attestation says
 * @subject:     identifier
 * @latest_hash: the subject's latest change when it was made
 * @is_channel:  channel key (@key) or credential signing key (@signing_key)
 * @key:         X25519 public key
 * @signing_key: credential signing key
 * @created_at:  seconds
 * @expires_at:  seconds
 */
struct ockam_attestation {
	u8 subject[OCKAM_IDENTIFIER_LEN];
	u8 latest_hash[OCKAM_HASH_LEN];
	bool is_channel;
	u8 key[OCKAM_X25519_LEN];
	struct ockam_public_key signing_key;
	u64 created_at;
	u64 expires_at;
};

/**
 * struct ockam_ident_payload - parts of a handshake payload or refresh message
 * @history:     encoded change history
 * @attestation: encoded purpose key attestation; none in a refresh message
 * @credentials: the encoded credentials, back to back
 * @credential_count: how many
 */
struct ockam_ident_payload {
	struct ockam_slice history;
	struct ockam_slice attestation;
	struct ockam_slice credentials;
	u32 credential_count;
};

/**
 * struct ockam_credential_info - what a credential says, true or not
 * @issuer:     identifier, of the attestation that comes with it
 * @subject:    identifier
 * @attributes: encoded map
 * @created_at: seconds
 * @expires_at: seconds
 */
struct ockam_credential_info {
	u8 issuer[OCKAM_IDENTIFIER_LEN];
	u8 subject[OCKAM_IDENTIFIER_LEN];
	struct ockam_slice attributes;
	u64 created_at;
	u64 expires_at;
};

enum ockam_ident_order {
	OCKAM_IDENT_EQUAL,
	OCKAM_IDENT_NEWER,
	OCKAM_IDENT_OLDER,
	OCKAM_IDENT_CONFLICT,
};

/* All return a reason; outputs are set when it is OCKAM_IDENT_GOOD. */
enum ockam_ident_reason
ockam_ident_verify_history(struct ockam_identity *out, const u8 *history,
			   size_t len);
/* @subject: expected identifier or NULL; @identity: of the claimed subject. */
enum ockam_ident_reason
ockam_ident_verify_attestation(struct ockam_attestation *out,
			       const u8 *attestation, size_t len,
			       const struct ockam_identity *identity,
			       const u8 *subject, u64 now);
/* @authority: verified history of the issuer; @subject may be NULL. */
enum ockam_ident_reason
ockam_ident_verify_credential(struct ockam_slice *attributes,
			      u64 *expires_at, const u8 *credential, size_t len,
			      const struct ockam_identity *authority,
			      const u8 *subject, u64 now);
enum ockam_ident_reason
ockam_ident_compare(enum ockam_ident_order *out, const u8 *presented,
		    size_t presented_len, const u8 *known, size_t known_len);
enum ockam_ident_reason
ockam_ident_parse_payload(struct ockam_ident_payload *out, const u8 *payload,
			  size_t len);
/* A refresh message: [change_history, [credential...]]. */
enum ockam_ident_reason
ockam_ident_parse_refresh(struct ockam_ident_payload *out, const u8 *data,
			  size_t len);
/* What a credential says, without judging it. */
enum ockam_ident_reason
ockam_ident_read_credential(struct ockam_credential_info *out,
			    const u8 *credential, size_t len);
/* Steps 1 to 4 of judging a peer: history, attestation, kind, static key. */
enum ockam_ident_reason
ockam_ident_judge(struct ockam_identity *out, struct ockam_ident_payload *parts,
		  const u8 *payload, size_t len,
		  const u8 static_key[OCKAM_X25519_LEN], u64 now);
/* payload.c: encode a handshake payload; as ockam_wire_put_inner(). */
int ockam_ident_put_payload(u8 *dst, size_t size,
			    const struct ockam_slice *history,
			    const struct ockam_slice *attestation,
			    const struct ockam_slice *credential);
/* Encode the plaintext of a refresh message; the same. */
int ockam_ident_put_refresh(u8 *dst, size_t size,
			    const struct ockam_slice *history,
			    const struct ockam_slice *credential);
const char *ockam_ident_reason_name(enum ockam_ident_reason reason);

#endif /* OCKAM_IDENT_H */
