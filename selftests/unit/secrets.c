// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Does a branch or an address depend on a secret? Run this under Valgrind, to
 * which secrets are memory without a value: it reports each such use. The
 * primitives are OpenSSL's and not ours to check: they work on copies that have
 * a value, and of what they return, what is secret has none again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/hmac.h>
#include <valgrind/memcheck.h>
#include "noise.h"

#define HASHED_MAX	256

#define must(holds) do {						\
	if (!(holds)) {							\
		fprintf(stderr, "line %d: %s\n", __LINE__, #holds);	\
		exit(1);						\
	}								\
} while (0)

/* What the linker puts around the primitives. */
int __real_ockam_x25519(u8 *out, const u8 *secret, const u8 *point);
int __wrap_ockam_x25519(u8 *out, const u8 *secret, const u8 *point);
int __real_ockam_x25519_public(u8 *out, const u8 *secret);
int __wrap_ockam_x25519_public(u8 *out, const u8 *secret);
int __real_ockam_aead_seal_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len);
int __wrap_ockam_aead_seal_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len);
int __real_ockam_aead_open_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len);
int __wrap_ockam_aead_open_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len);
unsigned char *__real_HMAC(const EVP_MD *md, const void *key, int key_len,
			   const unsigned char *data, size_t len,
			   unsigned char *out, unsigned int *out_len);
unsigned char *__wrap_HMAC(const EVP_MD *md, const void *key, int key_len,
			   const unsigned char *data, size_t len,
			   unsigned char *out, unsigned int *out_len);

/* A copy that has a value. */
static void reveal(u8 *copy, const void *secret, size_t len)
{
	memcpy(copy, secret, len);
	VALGRIND_MAKE_MEM_DEFINED(copy, len);
}

int __wrap_ockam_x25519(u8 *out, const u8 *secret, const u8 *point)
{
	u8 copy[OCKAM_X25519_LEN];
	int err;

	reveal(copy, secret, sizeof(copy));
	err = __real_ockam_x25519(out, copy, point);
	VALGRIND_MAKE_MEM_UNDEFINED(out, OCKAM_X25519_LEN);
	return err;
}

int __wrap_ockam_x25519_public(u8 *out, const u8 *secret)
{
	u8 copy[OCKAM_X25519_LEN];

	reveal(copy, secret, sizeof(copy));
	return __real_ockam_x25519_public(out, copy);
}

int __wrap_ockam_aead_seal_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len)
{
	u8 copy[OCKAM_KEY_LEN];

	reveal(copy, key, sizeof(copy));
	return __real_ockam_aead_seal_once(copy, nonce, ad, ad_len, dst, src,
					   len);
}

int __wrap_ockam_aead_open_once(const u8 *key, u64 nonce, const u8 *ad,
				size_t ad_len, u8 *dst, const u8 *src,
				size_t len)
{
	u8 copy[OCKAM_KEY_LEN];

	reveal(copy, key, sizeof(copy));
	return __real_ockam_aead_open_once(copy, nonce, ad, ad_len, dst, src,
					   len);
}

unsigned char *__wrap_HMAC(const EVP_MD *md, const void *key, int key_len,
			   const unsigned char *data, size_t len,
			   unsigned char *out, unsigned int *out_len)
{
	u8 key_copy[OCKAM_KEY_LEN], copy[HASHED_MAX];

	must(key_len == OCKAM_KEY_LEN && len <= sizeof(copy));
	reveal(key_copy, key, sizeof(key_copy));
	reveal(copy, data, len);
	if (!__real_HMAC(md, key_copy, key_len, copy, len, out, out_len))
		return NULL;
	VALGRIND_MAKE_MEM_UNDEFINED(out, OCKAM_HASH_LEN);
	return out;
}

static bool is_secret(const u8 *data)
{
	u8 bits[OCKAM_KEY_LEN];

	return VALGRIND_GET_VBITS(data, bits, sizeof(bits)) == 1 &&
	       bits[0] == 0xff && bits[OCKAM_KEY_LEN - 1] == 0xff;
}

static void start(struct ockam_noise *noise, enum ockam_role role)
{
	u8 secrets[2 * OCKAM_X25519_LEN];

	memset(secrets, 0x40 + role, sizeof(secrets));
	secrets[sizeof(secrets) - 1] ^= 0x11;
	VALGRIND_MAKE_MEM_UNDEFINED(secrets, sizeof(secrets));
	must(!ockam_noise_init(noise, role, ockam_noise_name, NULL, 0, secrets,
			       secrets + OCKAM_X25519_LEN));
	must(is_secret(noise->s_secret) && is_secret(noise->e_secret));
}

/* One message; a copy of it with a wrong bit comes first. */
static void step(struct ockam_noise *from, struct ockam_noise *to)
{
	static const u8 payload[] = "what is said";
	u8 msg[200], bad[200], out[200];
	int len;

	len = ockam_noise_write(from, msg, sizeof(msg), payload,
				sizeof(payload));
	must(len > 0);
	memcpy(bad, msg, len);
	bad[len - 1] ^= 1;
	if (to->step)
		must(ockam_noise_read(to, out, sizeof(out), bad, len) < 0);
	must(ockam_noise_read(to, out, sizeof(out), msg, len) ==
	     sizeof(payload));
	must(!memcmp(out, payload, sizeof(payload)));
}

int main(void)
{
	u8 tx[2][OCKAM_KEY_LEN], rx[2][OCKAM_KEY_LEN];
	struct ockam_noise a, b;

	must(RUNNING_ON_VALGRIND);
	start(&a, OCKAM_INITIATOR);
	start(&b, OCKAM_RESPONDER);
	step(&a, &b);
	step(&b, &a);
	must(is_secret(a.ck) && is_secret(a.k));
	step(&a, &b);
	must(!ockam_noise_split(&a, tx[0], rx[0]));
	must(!ockam_noise_split(&b, tx[1], rx[1]));
	must(is_secret(tx[0]) && is_secret(rx[1]));
	VALGRIND_MAKE_MEM_DEFINED(tx, sizeof(tx));
	VALGRIND_MAKE_MEM_DEFINED(rx, sizeof(rx));
	must(!memcmp(tx[0], rx[1], OCKAM_KEY_LEN));
	must(!memcmp(tx[1], rx[0], OCKAM_KEY_LEN));
	ockam_noise_wipe(&a);
	ockam_noise_wipe(&b);
	return 0;
}
