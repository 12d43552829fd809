// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Issuing a credential. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "authority.h"
#include "signed.h"

#define SCHEMA_MEMBER	1	/* as upstream's command line */

/* What is to be said. */
struct draft {
	const struct ockam_identity *issuer;
	const uint8_t *subject;
	const char *attributes[CTL_MAX_VALUES];
	int count;
	uint64_t from, until;
};

/* As maps are sorted: shorter keys are no less than longer ones they begin. */
static int by_key(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = strcspn(x, "="), m = strcspn(y, "=");
	int order = memcmp(x, y, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

static int read_attributes(struct draft *draft, const struct ctl_values *values)
{
	for (int i = 0; i < values->count; i++) {
		draft->attributes[i] = values->value[i];
		if (!strchr(values->value[i], '=') || *values->value[i] == '=')
			return ctl_fail(CTL_USAGE, "'%s' is no attribute: KEY=VALUE",
					values->value[i]);
	}
	draft->count = values->count;
	qsort(draft->attributes, draft->count, sizeof(char *), by_key);
	for (int i = 1; i < draft->count; i++)
		if (!by_key(&draft->attributes[i - 1], &draft->attributes[i]))
			return ctl_fail(CTL_USAGE, "an attribute is given twice: %s",
					draft->attributes[i]);
	return 0;
}

static int too_much(void)
{
	return ctl_fail(CTL_DATA, "too many or too long attributes");
}

static int put_credential(struct ockam_writer *w, const struct draft *draft,
			  EVP_PKEY *key)
{
	static uint8_t body[CREDENTIAL_MAX], data[CREDENTIAL_MAX];
	struct ockam_writer b = ockam_writer_init(body, sizeof(body));
	size_t len;

	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 5);
	ockam_cbor_put_bytes(&b, draft->subject, 32);
	ockam_write_u8(&b, OCKAM_CBOR_NULL);	/* its latest change: unknown */
	ockam_cbor_put_head(&b, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, SCHEMA_MEMBER);
	ockam_cbor_put_head(&b, OCKAM_CBOR_MAP, draft->count);
	for (int i = 0; i < draft->count; i++) {
		len = strcspn(draft->attributes[i], "=");
		ockam_cbor_put_bytes(&b, (const u8 *)draft->attributes[i], len);
		ockam_cbor_put_bytes(&b, (const u8 *)draft->attributes[i] + len + 1,
				     strlen(draft->attributes[i] + len + 1));
	}
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, draft->from);
	ockam_cbor_put_head(&b, OCKAM_CBOR_UINT, draft->until);
	len = signed_versioned(data, sizeof(data), SIGNED_CREDENTIAL, &b, body);
	return len ? signed_put(w, key, NULL, data, len) : too_much();
}

/* Would those accept it to whom it is presented? */
static int check(const struct draft *draft, const uint8_t *credential,
		 size_t len)
{
	struct ockam_slice attributes;
	enum ockam_ident_reason reason;
	uint64_t expires_at;

	reason = ockam_ident_verify_credential(&attributes, &expires_at,
					       credential, len, draft->issuer,
					       draft->subject, time(NULL));
	if (!reason)
		return 0;
	return ctl_fail(CTL_DATA, "the credential would not be good: %s",
			ockam_ident_reason_name(reason));
}

/*
 * The key that signs a credential is made for it, attested for as long as it
 * is good, and forgotten: there is no second key to keep.
 */
int credential_issue(const char *issuer, const uint8_t subject[32],
		     const struct ctl_values *attributes, uint64_t seconds,
		     uint8_t out[CREDENTIAL_MAX], size_t *len)
{
	struct ockam_writer w = ockam_writer_init(out, CREDENTIAL_MAX);
	static struct identity identity;
	struct ockam_identity verified;
	struct draft draft = { .issuer = &verified, .subject = subject };
	struct ockam_public_key public;
	EVP_PKEY *own = NULL, *key;
	int err;

	err = read_attributes(&draft, attributes);
	if (!err)
		err = identity_key(issuer, &identity, &verified, &own);
	if (err)
		return err;
	draft.from = time(NULL);
	draft.until = draft.from + seconds;
	if (draft.from < verified.valid_from)
		draft.from = verified.valid_from;
	if (draft.until > verified.valid_until)
		draft.until = verified.valid_until;
	key = pkey_new(PKEY_ED25519);
	err = key ? pkey_public(&public, key) : CTL_INTERNAL;
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 2);
	if (!err)
		err = put_credential(&w, &draft, key);
	if (!err)
		err = signed_attestation(&w, &verified, own, NULL, &public,
					 draft.from, draft.until);
	EVP_PKEY_free(key);
	EVP_PKEY_free(own);
	if (!err && w.bad)
		err = too_much();
	*len = w.pos - out;
	return err ? err : check(&draft, out, *len);
}
