// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The primitives of crypto.h on OpenSSL, for the tool and for unit tests. */

#include <errno.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include "crypto.h"

static int digest(const EVP_MD *md, u8 *out, const struct ockam_chunk *chunks,
		  unsigned int count)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex(ctx, md, NULL);
	unsigned int i;

	for (i = 0; ok && i < count; i++)
		if (chunks[i].len)
			ok = EVP_DigestUpdate(ctx, chunks[i].data,
					      chunks[i].len);
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

int ockam_sha256(u8 out[OCKAM_HASH_LEN], const struct ockam_chunk *chunks,
		 unsigned int count)
{
	return digest(EVP_sha256(), out, chunks, count);
}

int ockam_sha512(u8 out[OCKAM_SHA512_LEN], const struct ockam_chunk *chunks,
		 unsigned int count)
{
	return digest(EVP_sha512(), out, chunks, count);
}

static int hmac(u8 out[OCKAM_HASH_LEN], const u8 *key, const u8 *data,
		size_t len)
{
	static const u8 nothing;

	return HMAC(EVP_sha256(), key, OCKAM_KEY_LEN, data ? data : &nothing,
		    len, out, NULL) ? 0 : -ENOMEM;
}

int ockam_hkdf2(u8 first[OCKAM_KEY_LEN], u8 second[OCKAM_KEY_LEN],
		const u8 salt[OCKAM_KEY_LEN], const u8 *ikm, size_t len)
{
	u8 prk[OCKAM_HASH_LEN], block[OCKAM_HASH_LEN + 1];
	int err;

	err = hmac(prk, salt, ikm, len);
	block[0] = 1;
	if (!err)
		err = hmac(first, prk, block, 1);
	memcpy(block, first, OCKAM_HASH_LEN);
	block[OCKAM_HASH_LEN] = 2;
	if (!err)
		err = hmac(second, prk, block, sizeof(block));
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(block, sizeof(block));
	return err;
}

int ockam_x25519(u8 out[OCKAM_X25519_LEN], const u8 secret[OCKAM_X25519_LEN],
		 const u8 point[OCKAM_X25519_LEN])
{
	EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						      secret, OCKAM_X25519_LEN);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
						       point, OCKAM_X25519_LEN);
	EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
	size_t len = OCKAM_X25519_LEN;
	int err = -ENOMEM;

	if (ctx && theirs && EVP_PKEY_derive_init(ctx) > 0 &&
	    EVP_PKEY_derive_set_peer(ctx, theirs) > 0)
		/* The only thing that can fail here is an all-zero result. */
		err = EVP_PKEY_derive(ctx, out, &len) > 0 ? 0 : -EKEYREJECTED;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);
	return err;
}

int ockam_x25519_public(u8 out[OCKAM_X25519_LEN],
			const u8 secret[OCKAM_X25519_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						     secret, OCKAM_X25519_LEN);
	size_t len = OCKAM_X25519_LEN;
	int ok = key && EVP_PKEY_get_raw_public_key(key, out, &len);

	EVP_PKEY_free(key);
	return ok ? 0 : -ENOMEM;
}

static EVP_PKEY *p256_key(const u8 key[OCKAM_P256_KEY_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				       (char *)"prime256v1", 10),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)key,
					OCKAM_P256_KEY_LEN),
		OSSL_PARAM_END,
	};
	EVP_PKEY *pkey = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

int ockam_p256_verify(const u8 key[OCKAM_P256_KEY_LEN], const u8 *msg,
		      size_t len, const u8 sig[OCKAM_SIG_LEN])
{
	BIGNUM *r = BN_bin2bn(sig, 32, NULL), *s = BN_bin2bn(sig + 32, 32, NULL);
	EVP_PKEY *pkey = key[0] == 4 ? p256_key(key) : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *parts = ECDSA_SIG_new();
	int err = -EKEYREJECTED, der_len;
	u8 *der = NULL;

	if (!r || !s || !ctx || !parts || !ECDSA_SIG_set0(parts, r, s)) {
		BN_free(r);
		BN_free(s);
		err = -ENOMEM;
		goto out;
	}
	der_len = i2d_ECDSA_SIG(parts, &der);
	if (pkey && der_len > 0 &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) > 0 &&
	    EVP_DigestVerify(ctx, der, der_len, msg, len) == 1)
		err = 0;
	OPENSSL_free(der);
out:
	ECDSA_SIG_free(parts);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return err;
}

bool ockam_equal(const void *a, const void *b, size_t len)
{
	return !CRYPTO_memcmp(a, b, len);
}

void ockam_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

static EVP_CIPHER_CTX *gcm(const u8 key[OCKAM_KEY_LEN], u64 nonce,
			   const u8 *ad, size_t ad_len, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 iv[12] = { 0 };
	int i, out;

	for (i = 0; i < 8; i++)
		iv[11 - i] = nonce >> (8 * i);
	if (ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv,
				     encrypt) &&
	    (!ad_len || EVP_CipherUpdate(ctx, NULL, &out, ad, ad_len)))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int ockam_aead_seal_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len)
{
	EVP_CIPHER_CTX *ctx = gcm(key, nonce, ad, ad_len, 1);
	int out = 0, ok;

	ok = ctx && (!len || EVP_CipherUpdate(ctx, dst, &out, src, len)) &&
	     EVP_CipherFinal_ex(ctx, dst + len, &out) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, OCKAM_TAG_LEN,
				 dst + len);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

int ockam_aead_open_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len)
{
	EVP_CIPHER_CTX *ctx;
	u8 tag[OCKAM_TAG_LEN];
	int out = 0, ok;

	if (len < OCKAM_TAG_LEN)
		return -EBADMSG;
	ctx = gcm(key, nonce, ad, ad_len, 0);
	len -= OCKAM_TAG_LEN;
	memcpy(tag, src + len, OCKAM_TAG_LEN);
	ok = ctx && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
					OCKAM_TAG_LEN, tag) &&
	     (!len || EVP_CipherUpdate(ctx, dst, &out, src, len)) &&
	     EVP_CipherFinal_ex(ctx, dst + len, &out) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(dst, len);
	return ok ? 0 : -EBADMSG;
}

int ockam_aead_rekey(u8 next[OCKAM_KEY_LEN], const u8 key[OCKAM_KEY_LEN])
{
	u8 sealed[OCKAM_KEY_LEN + OCKAM_TAG_LEN] = { 0 };
	int err;

	err = ockam_aead_seal_once(key, UINT64_MAX, NULL, 0, sealed, sealed,
				   OCKAM_KEY_LEN);
	memcpy(next, sealed, OCKAM_KEY_LEN);
	OPENSSL_cleanse(sealed, sizeof(sealed));
	return err;
}
