// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The file of an identity: keys, history and attestation, as PEM. */

#include <errno.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "ctl.h"
#include "home.h"
#include "store.h"

/* PKCS#8 has a name of its own; these are ours. */
#define PEM_HISTORY	"OCKAM CHANGE HISTORY"
#define PEM_ATTESTATION	"OCKAM ATTESTATION"

#define FILE_MAX	(2 * (KEYS_HISTORY_MAX + KEYS_ATTESTATION_MAX))

static char text[FILE_MAX];

void store_free(struct store_keys *keys)
{
	EVP_PKEY_free(keys->key);
	EVP_PKEY_free(keys->channel);
	memset(keys, 0, sizeof(*keys));
}

/* An X25519 key is the channel's; the other one is the identity's. */
static bool take_key(struct store_keys *keys, const uint8_t *data, long len)
{
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &data, len);
	EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL, **place;

	PKCS8_PRIV_KEY_INFO_free(info);
	if (!key)
		return false;
	place = pkey_is_channel(key) ? &keys->channel : &keys->key;
	if (*place || !pkey_is_whole(key)) {
		EVP_PKEY_free(key);
		return false;
	}
	*place = key;
	return true;
}

static bool take_bytes(uint8_t *dst, size_t *dst_len, size_t size,
		       const uint8_t *data, long len)
{
	if (*dst_len || len <= 0 || (size_t)len > size)
		return false;
	memcpy(dst, data, len);
	*dst_len = len;
	return true;
}

/* A part that is not known would be lost when the file is written again. */
static bool take_part(struct identity *identity, struct store_keys *keys,
		      const char *name, const uint8_t *data, long len)
{
	if (!strcmp(name, PEM_STRING_PKCS8INF))
		return !keys || take_key(keys, data, len);
	if (!strcmp(name, PEM_HISTORY))
		return take_bytes(identity->history, &identity->history_len,
				  sizeof(identity->history), data, len);
	if (!strcmp(name, PEM_ATTESTATION))
		return take_bytes(identity->attestation,
				  &identity->attestation_len,
				  sizeof(identity->attestation), data, len);
	return false;
}

static bool take_all(BIO *bio, struct identity *identity,
		     struct store_keys *keys)
{
	char *name, *header;
	bool good = true;
	uint8_t *data;
	long len;

	ERR_clear_error();
	while (good && PEM_read_bio(bio, &name, &header, &data, &len)) {
		good = !*header && take_part(identity, keys, name, data, len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, len);
	}
	return good && identity->history_len &&
	       ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static int unreadable(const char *path)
{
	if (errno == EPERM)
		return ctl_fail(CTL_PERMISSION, "others may read %s, which holds a private key: chmod 600 %s",
				path, path);
	return ctl_fail(errno == EACCES ? CTL_PERMISSION : CTL_INPUT,
			"cannot read %s: %s", path, strerror(errno));
}

int store_try(const char *path, struct identity *identity,
	      struct store_keys *keys)
{
	ssize_t len = home_read_private(path, text, sizeof(text));
	bool good = false;
	BIO *bio;

	identity->history_len = 0;
	identity->attestation_len = 0;
	if (len < 0)
		return unreadable(path);
	bio = BIO_new_mem_buf(text, len);
	if (bio)
		good = take_all(bio, identity, keys);
	BIO_free(bio);
	explicit_bzero(text, sizeof(text));
	if (good && (!keys || keys->key))
		return 0;
	if (keys)
		store_free(keys);
	return CTL_DATA;
}

int store_read(const char *path, struct identity *identity,
	       struct store_keys *keys)
{
	int err = store_try(path, identity, keys);

	if (err != CTL_DATA)
		return err;
	if (!identity->vault[0])
		return ctl_fail(err, "%s is damaged, or is no identity's file",
				path);
	return ctl_fail(err, "%s is damaged: put a copy in its place, or give it up with ockamctl identity delete %s",
			path, identity->name);
}

static bool put_key(BIO *bio, EVP_PKEY *key)
{
	return !key || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0,
						     NULL, NULL);
}

static bool put_bytes(BIO *bio, const char *name, const uint8_t *data,
		      size_t len)
{
	return !len || PEM_write_bio(bio, name, "", data, len) > 0;
}

static int encode(const char *path, const struct identity *identity,
		  const struct store_keys *keys,
		  int (*write)(const char *path, const void *data, size_t len))
{
	static const struct store_keys none;
	BIO *bio = BIO_new(BIO_s_mem());
	int err = CTL_INTERNAL;
	char *pem;
	long len;

	if (!keys)
		keys = &none;
	if (bio && put_key(bio, keys->key) &&
	    put_bytes(bio, PEM_HISTORY, identity->history,
		      identity->history_len) &&
	    put_key(bio, keys->channel) &&
	    put_bytes(bio, PEM_ATTESTATION, identity->attestation,
		      identity->attestation_len)) {
		len = BIO_get_mem_data(bio, &pem);
		err = write(path, pem, len);
		OPENSSL_cleanse(pem, len);
	} else {
		ctl_fail(err, "cannot encode a key");
	}
	BIO_free(bio);
	return err;
}

int store_write(const char *path, const struct identity *identity,
		const struct store_keys *keys)
{
	return encode(path, identity, keys, home_write);
}

int store_export(const char *path, const struct identity *identity,
		 const struct store_keys *keys)
{
	return encode(path, identity, keys, home_write_new);
}
