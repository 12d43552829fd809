// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Ed25519 against OpenSSL: genuine signatures, and changed ones. */

#include <openssl/evp.h>
#include "ed25519.h"
#include "fuzz.h"

static bool openssl_says(const u8 *key, const u8 *msg, size_t len,
			 const u8 *sig)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
						     key, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	must(pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) > 0);
	good = EVP_DigestVerify(ctx, sig, OCKAM_ED25519_SIG_LEN, msg, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good;
}

/* Sign with the secret that @seed is. */
static void make(u8 key[32], u8 sig[64], const u8 seed[32], const u8 *msg,
		 size_t len)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
						      seed, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t key_len = 32, sig_len = 64;

	must(pkey && ctx && EVP_PKEY_get_raw_public_key(pkey, key, &key_len) > 0);
	must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) > 0);
	must(EVP_DigestSign(ctx, sig, &sig_len, msg, len) > 0);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

/* s += the group order, which names the same scalar and must be refused. */
static void add_order(u8 s[32])
{
	static const u8 order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
		0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
	};
	unsigned int carry = 0;

	for (int i = 0; i < 32; i++) {
		carry += s[i] + order[i];
		s[i] = carry;
		carry >>= 8;
	}
}

void fuzz_ed25519(struct input *in)
{
	u8 seed[32] = { 0 }, key[32], sig[64], how = take(in, 1);
	u16 at = take(in, 2);
	u8 flip = take(in, 1);
	struct ockam_slice part = take_bytes(in, 32), msg;
	int err;

	memcpy(seed, part.data, part.len);
	msg = take_bytes(in, 256);
	make(key, sig, seed, msg.data, msg.len);
	must(!real_ed25519_verify(key, msg.data, msg.len, sig));
	if (how & 1)
		sig[at % 64] ^= flip;
	if (how & 2)
		key[at % 32] ^= flip;
	if (how & 4)
		add_order(sig + 32);
	if (how & 8) {		/* a key or R of the input's choice */
		part = take_bytes(in, 32);
		memcpy(how & 16 ? key : sig, part.data, part.len);
	}
	err = real_ed25519_verify(key, msg.data, msg.len, sig);
	must(err == 0 || err == -EKEYREJECTED);
	must(!err == openssl_says(key, msg.data, msg.len, sig));
	must(!(how & 4) || (how & 1) || err);
}
