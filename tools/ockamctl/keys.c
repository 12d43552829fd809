// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Identities and their keys, in the vault. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include "bytes.h"
#include "cbor.h"
#include "ctl.h"
#include "genl.h"
#include "home.h"
#include "keys.h"

#define VALID_HISTORY		(10L * 365 * 86400)	/* seconds, as upstream */
#define VALID_ATTESTATION	(5L * 365 * 86400)
#define RENEW_BEFORE		(30L * 86400)
#define PEM_MAX			4096

static int crypto_failed(const char *what)
{
	return ctl_fail(CTL_INTERNAL, "%s: %s", what,
			ERR_reason_error_string(ERR_get_error()));
}

/* PKCS#8 PEM in memory, then the file in one step. */
static int write_key(const char *path, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int err = CTL_INTERNAL;
	char *pem;
	long len;

	if (!bio)
		bio = BIO_new(BIO_s_mem());
	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
						 NULL)) {
		len = BIO_get_mem_data(bio, &pem);
		err = home_write(path, pem, len);
		OPENSSL_cleanse(pem, len);
	} else {
		crypto_failed("cannot encode a key");
	}
	BIO_free(bio);
	return err;
}

static EVP_PKEY *read_key(const char *path, int type)
{
	char pem[PEM_MAX];
	ssize_t len = home_read(path, pem, sizeof(pem));
	EVP_PKEY *key = NULL;
	BIO *bio;

	if (len < 0) {
		ctl_fail(CTL_IO, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	bio = BIO_new_mem_buf(pem, len);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(pem, sizeof(pem));
	if (key && EVP_PKEY_get_id(key) == type)
		return key;
	EVP_PKEY_free(key);
	ctl_fail(CTL_DATA, "%s holds no key of the right kind", path);
	return NULL;
}

static EVP_PKEY *new_key(int type)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 ||
	    EVP_PKEY_keygen(ctx, &key) <= 0)
		crypto_failed("cannot make a key");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* [1, type, data] */
static size_t put_versioned(uint8_t *dst, size_t size, uint8_t type,
			    const uint8_t *data, size_t len)
{
	struct ockam_writer w = ockam_writer_init(dst, size);

	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 3);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, 1);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, type);
	ockam_cbor_put_bytes(&w, data, len);
	return w.bad ? 0 : (size_t)(w.pos - dst);
}

/* [variant, [bytes]] */
static void put_variant(struct ockam_writer *w, unsigned int variant,
			const uint8_t *bytes, size_t len)
{
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_head(w, OCKAM_CBOR_UINT, variant);
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 1);
	ockam_cbor_put_bytes(w, bytes, len);
}

/* Sign the hash of @data: @w gets [data, signature]. */
static int put_signed(struct ockam_writer *w, EVP_PKEY *key,
		      const uint8_t *data, size_t len, uint8_t hash[32])
{
	const struct ockam_chunk chunk = { data, len };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = OCKAM_SIG_LEN;
	uint8_t sig[OCKAM_SIG_LEN];
	int ok;

	ok = ctx && !ockam_sha256(hash, &chunk, 1) &&
	     EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
	     EVP_DigestSign(ctx, sig, &sig_len, hash, 32) > 0;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return crypto_failed("cannot sign");
	ockam_cbor_put_head(w, OCKAM_CBOR_ARRAY, 2);
	ockam_cbor_put_bytes(w, data, len);
	put_variant(w, 0, sig, sizeof(sig));
	return w->bad ? ctl_fail(CTL_INTERNAL, "too large to sign") : 0;
}

/* A history of one change, by an Ed25519 key. */
static int make_history(struct identity *identity, EVP_PKEY *key)
{
	uint8_t public[32], change[256], data[320];
	uint64_t now = time(NULL);
	size_t len = sizeof(public);
	struct ockam_writer w;

	if (EVP_PKEY_get_raw_public_key(key, public, &len) <= 0)
		return crypto_failed("cannot read a public key");
	w = ockam_writer_init(change, sizeof(change));
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 5);
	ockam_write_u8(&w, OCKAM_CBOR_NULL);
	put_variant(&w, 0, public, sizeof(public));
	ockam_write_u8(&w, 0xf4);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, now);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, now + VALID_HISTORY);
	len = put_versioned(data, sizeof(data), 1, change, w.pos - change);
	w = ockam_writer_init(identity->history, sizeof(identity->history));
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 1);
	if (put_signed(&w, key, data, len, identity->id))
		return CTL_INTERNAL;
	identity->history_len = w.pos - identity->history;
	return 0;
}

static int make_attestation(struct identity *identity,
			    const struct ockam_identity *verified, EVP_PKEY *key,
			    const uint8_t public[32])
{
	uint8_t body[256], data[320], hash[32];
	uint64_t now = time(NULL), until = now + VALID_ATTESTATION;
	struct ockam_writer w = ockam_writer_init(body, sizeof(body));
	size_t len;

	if (until > verified->valid_until)
		until = verified->valid_until;
	ockam_cbor_put_head(&w, OCKAM_CBOR_ARRAY, 5);
	ockam_cbor_put_bytes(&w, verified->identifier, 32);
	ockam_cbor_put_bytes(&w, verified->latest_hash, 32);
	put_variant(&w, 0, public, OCKAM_X25519_LEN);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, now);
	ockam_cbor_put_head(&w, OCKAM_CBOR_UINT, until);
	len = put_versioned(data, sizeof(data), 2, body, w.pos - body);
	w = ockam_writer_init(identity->attestation,
			      sizeof(identity->attestation));
	if (put_signed(&w, key, data, len, hash))
		return CTL_INTERNAL;
	identity->attestation_len = w.pos - identity->attestation;
	return 0;
}

static int verify(struct identity *identity, struct ockam_identity *verified)
{
	enum ockam_ident_reason reason;

	reason = ockam_ident_verify_history(verified, identity->history,
					    identity->history_len);
	if (reason)
		return ctl_fail(CTL_DATA, "identity '%s': its change history is damaged (%s)",
				identity->name, ockam_ident_reason_name(reason));
	memcpy(identity->id, verified->identifier, 32);
	return 0;
}

/* Is the stored attestation good, for the stored key, and for a while? */
static bool attestation_is_good(const struct identity *identity,
				const struct ockam_identity *verified,
				const uint8_t public[32])
{
	struct ockam_attestation attestation;

	return identity->attestation_len &&
	       !ockam_ident_verify_attestation(&attestation,
					       identity->attestation,
					       identity->attestation_len,
					       verified, verified->identifier,
					       time(NULL) + RENEW_BEFORE) &&
	       attestation.is_channel &&
	       !memcmp(attestation.key, public, OCKAM_X25519_LEN);
}

/* A new channel key and its attestation. */
static int renew(struct identity *identity,
		 const struct ockam_identity *verified)
{
	char path[HOME_PATH_MAX], key_path[HOME_PATH_MAX];
	uint8_t public[OCKAM_X25519_LEN];
	size_t len = sizeof(public);
	EVP_PKEY *key, *channel;
	int err;

	err = home_path(key_path, "vault", identity->name, ".pem");
	if (!err)
		err = home_path(path, "vault", identity->name, ".channel.pem");
	if (err)
		return err;
	key = read_key(key_path, EVP_PKEY_ED25519);
	channel = key ? new_key(EVP_PKEY_X25519) : NULL;
	err = channel ? 0 : CTL_DATA;
	if (!err && EVP_PKEY_get_raw_public_key(channel, public, &len) <= 0)
		err = crypto_failed("cannot read a public key");
	if (!err)
		err = make_attestation(identity, verified, key, public);
	if (!err)
		err = write_key(path, channel);
	if (!err)
		err = home_path(path, "identities", identity->name,
				".attestation");
	if (!err)
		err = home_write(path, identity->attestation,
				 identity->attestation_len);
	len = sizeof(identity->secret);
	if (!err && EVP_PKEY_get_raw_private_key(channel, identity->secret,
						 &len) <= 0)
		err = crypto_failed("cannot read a key");
	EVP_PKEY_free(channel);
	EVP_PKEY_free(key);
	return err;
}

int identity_peek(const char *name, struct identity *identity, bool quiet)
{
	struct ockam_identity verified;
	char path[HOME_PATH_MAX];
	ssize_t len;
	int err;

	memset(identity, 0, sizeof(*identity));
	err = home_check_name("identity", name);
	if (!err)
		err = home_path(path, "identities", name, ".history");
	if (err)
		return err;
	snprintf(identity->name, sizeof(identity->name), "%s", name);
	len = home_read(path, identity->history, sizeof(identity->history));
	if (len < 0 && errno == ENOENT && quiet)
		return CTL_NOT_FOUND;
	if (len < 0)
		return ctl_fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_IO,
				"there is no identity '%s': ockamctl identity create %s",
				name, name);
	identity->history_len = len;
	return verify(identity, &verified);
}

int identity_load(const char *name, struct identity *identity)
{
	struct ockam_identity verified;
	uint8_t public[OCKAM_X25519_LEN];
	size_t len = sizeof(identity->secret);
	char path[HOME_PATH_MAX];
	EVP_PKEY *channel = NULL;
	ssize_t got;
	int err;

	err = home_lock();
	if (!err)
		err = identity_peek(name, identity, false);
	if (!err)
		err = verify(identity, &verified);
	if (!err)
		err = home_path(path, "identities", name, ".attestation");
	if (err)
		return err;
	got = home_read(path, identity->attestation,
			sizeof(identity->attestation));
	identity->attestation_len = got < 0 ? 0 : got;
	err = home_path(path, "vault", name, ".channel.pem");
	if (!err && !access(path, F_OK))
		channel = read_key(path, EVP_PKEY_X25519);
	if (channel &&
	    EVP_PKEY_get_raw_private_key(channel, identity->secret, &len) > 0 &&
	    !ockam_x25519_public(public, identity->secret) &&
	    attestation_is_good(identity, &verified, public)) {
		EVP_PKEY_free(channel);
		return 0;
	}
	EVP_PKEY_free(channel);
	return err ? err : renew(identity, &verified);
}

int identity_make(const char *name, struct identity *identity)
{
	char path[HOME_PATH_MAX], default_name[65];
	EVP_PKEY *key;
	int err;

	err = home_lock();
	if (err)
		return err;
	err = identity_peek(name, identity, true);
	if (!err)
		return ctl_fail(CTL_EXISTS, "identity '%s' exists", name);
	if (err != CTL_NOT_FOUND)
		return err;
	key = new_key(EVP_PKEY_ED25519);
	if (!key)
		return CTL_INTERNAL;
	err = make_history(identity, key);
	if (!err)
		err = home_path(path, "vault", name, ".pem");
	if (!err)
		err = write_key(path, key);
	EVP_PKEY_free(key);
	if (!err)
		err = home_path(path, "identities", name, ".history");
	/* The history comes last: without it there is no identity. */
	if (!err)
		err = home_write(path, identity->history, identity->history_len);
	/* The first one is the default; a hosted project's never is. */
	if (!err && strcmp(name, "project") && identity_default(default_name))
		err = identity_set_default(name);
	return err ? err : identity_load(name, identity);
}

int identity_default(char name[65])
{
	char path[HOME_PATH_MAX], text[80];

	if (home_path(path, NULL, "default-identity", NULL))
		return CTL_IO;
	if (home_read(path, text, sizeof(text)) <= 0)
		return CTL_NOT_FOUND;
	text[strcspn(text, "\n")] = '\0';
	snprintf(name, 65, "%.64s", text);
	return 0;
}

int identity_set_default(const char *name)
{
	char path[HOME_PATH_MAX], text[80];
	int err;

	err = home_path(path, NULL, "default-identity", NULL);
	snprintf(text, sizeof(text), "%.64s\n", name);
	return err ? err : home_write(path, text, strlen(text));
}

int identity_ensure(const char *name, struct identity *identity)
{
	char chosen[65] = "default";
	int err;

	if (name)
		snprintf(chosen, sizeof(chosen), "%.64s", name);
	else
		identity_default(chosen);
	err = home_lock();
	if (!err)
		err = identity_peek(chosen, identity, true);
	if (!err)
		return identity_load(chosen, identity);
	if (err != CTL_NOT_FOUND)
		return err;
	ctl_note("made identity '%s'", chosen);
	return identity_make(chosen, identity);
}

int identity_sign(const char *name, const uint8_t hash[32], uint8_t sig[64],
		  unsigned int *alg)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char path[HOME_PATH_MAX];
	EVP_PKEY *key = NULL;
	size_t len = 64;
	int err;

	err = home_path(path, "vault", name, ".pem");
	if (!err) {
		key = read_key(path, EVP_PKEY_ED25519);
		err = key ? 0 : CTL_DATA;
	}
	if (!err && (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) <= 0 ||
		     EVP_DigestSign(ctx, sig, &len, hash, 32) <= 0))
		err = crypto_failed("cannot sign");
	*alg = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

int identity_install(const char *node, struct identity *identity)
{
	struct request *request = request_new(OCKAM_CMD_NODE_SET);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_IDENTITY_NAME, identity->name);
	request_bytes(request, OCKAM_A_HISTORY, identity->history,
		      identity->history_len);
	request_bytes(request, OCKAM_A_ATTESTATION, identity->attestation,
		      identity->attestation_len);
	request_bytes(request, OCKAM_A_SECRET, identity->secret,
		      sizeof(identity->secret));
	explicit_bzero(identity->secret, sizeof(identity->secret));
	err = request_send(request, NULL);
	return err ? genl_fail(err, "cannot give the node its identity") : 0;
}
