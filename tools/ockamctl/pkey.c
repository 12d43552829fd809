// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Private keys and what they sign: the tool's face of OpenSSL. */

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include "ctl.h"
#include "pkey.h"

static int crypto_failed(const char *what)
{
	return ctl_fail(CTL_INTERNAL, "%s: %s", what,
			ERR_reason_error_string(ERR_get_error()));
}

static EVP_PKEY *made(EVP_PKEY *key)
{
	if (!key)
		crypto_failed("cannot make a key");
	return key;
}

EVP_PKEY *pkey_new(enum pkey_alg alg)
{
	return made(alg == PKEY_P256 ? EVP_EC_gen("P-256") :
		    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

EVP_PKEY *pkey_new_channel(void)
{
	return made(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
}

int pkey_parse_alg(enum pkey_alg *alg, const char *text)
{
	if (!strcmp(text, "ed25519"))
		*alg = PKEY_ED25519;
	else if (!strcmp(text, "p256"))
		*alg = PKEY_P256;
	else
		return ctl_fail(CTL_USAGE, "--key-type is ed25519 or p256");
	return 0;
}

bool pkey_is_channel(const EVP_PKEY *key)
{
	return EVP_PKEY_get_id(key) == EVP_PKEY_X25519;
}

static bool is_p256(EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_get_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) > 0 &&
	       !strcmp(group, "prime256v1");
}

/* One coordinate of the point. */
static bool coordinate(uint8_t out[32], EVP_PKEY *key, const char *which)
{
	BIGNUM *number = NULL;
	bool good;

	good = EVP_PKEY_get_bn_param(key, which, &number) > 0 &&
	       BN_bn2binpad(number, out, 32) == 32;
	BN_free(number);
	return good;
}

int pkey_public(struct ockam_public_key *out, EVP_PKEY *key)
{
	size_t len = 32;

	memset(out, 0, sizeof(*out));
	if (EVP_PKEY_get_id(key) == EVP_PKEY_ED25519) {
		out->alg = PKEY_ED25519;
		if (EVP_PKEY_get_raw_public_key(key, out->key, &len) > 0)
			return 0;
	} else if (is_p256(key)) {
		out->alg = PKEY_P256;
		out->key[0] = 4;	/* not compressed */
		if (coordinate(out->key + 1, key, OSSL_PKEY_PARAM_EC_PUB_X) &&
		    coordinate(out->key + 33, key, OSSL_PKEY_PARAM_EC_PUB_Y))
			return 0;
	}
	return ctl_fail(CTL_DATA, "an identity's key is Ed25519 or P-256; this one is neither");
}

bool pkey_is_whole(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx;
	bool good;

	/* The others' public keys are made from the private ones. */
	if (EVP_PKEY_get_id(key) != EVP_PKEY_EC)
		return true;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	good = ctx && EVP_PKEY_pairwise_check(ctx) > 0;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

int pkey_channel_secret(uint8_t secret[OCKAM_X25519_LEN], EVP_PKEY *key)
{
	size_t len = OCKAM_X25519_LEN;

	return EVP_PKEY_get_raw_private_key(key, secret, &len) > 0 ? 0 :
	       crypto_failed("cannot read a key");
}

/* r || s, 32 bytes each, of OpenSSL's DER. */
static bool compact(uint8_t sig[OCKAM_SIG_LEN], const uint8_t *der, size_t len)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, len);
	bool good;

	good = pair &&
	       BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, 32) == 32 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + 32, 32) == 32;
	ECDSA_SIG_free(pair);
	return good;
}

/* ECDSA hashes once more: the curve sees the hash of the hash. */
int pkey_sign(uint8_t sig[OCKAM_SIG_LEN], EVP_PKEY *key,
	      const uint8_t hash[OCKAM_HASH_LEN])
{
	bool p256 = EVP_PKEY_get_id(key) == EVP_PKEY_EC;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t out[128];
	size_t len = sizeof(out);
	bool good;

	good = ctx &&
	       EVP_DigestSignInit(ctx, NULL, p256 ? EVP_sha256() : NULL, NULL,
				  key) > 0 &&
	       EVP_DigestSign(ctx, out, &len, hash, OCKAM_HASH_LEN) > 0;
	EVP_MD_CTX_free(ctx);
	if (good && p256)
		good = compact(sig, out, len);
	else if (good)
		memcpy(sig, out, OCKAM_SIG_LEN);
	return good ? 0 : crypto_failed("cannot sign");
}
