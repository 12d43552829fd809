/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Cryptographic primitives, without naming a type of who provides them. */
#ifndef OCKAM_CRYPTO_H
#define OCKAM_CRYPTO_H

#include <linux/types.h>

#define OCKAM_KEY_LEN		32
#define OCKAM_HASH_LEN		32
#define OCKAM_SHA512_LEN	64
#define OCKAM_TAG_LEN		16
#define OCKAM_X25519_LEN	32
#define OCKAM_P256_KEY_LEN	65	/* uncompressed point */
#define OCKAM_SIG_LEN		64

struct sk_buff;
struct ockam_aead;

/**
 * struct ockam_chunk - one piece of a hashed input
 * @data: bytes
 * @len:  number of bytes
 */
struct ockam_chunk {
	const void *data;
	size_t len;
};

/*
 * All functions may sleep, take buffers on the stack or the heap, return 0 or
 * a negative errno, and leave no secret behind on the stack.
 */
int ockam_sha256(u8 out[OCKAM_HASH_LEN], const struct ockam_chunk *chunks,
		 unsigned int count);
int ockam_sha512(u8 out[OCKAM_SHA512_LEN], const struct ockam_chunk *chunks,
		 unsigned int count);
/* HKDF-SHA256 with empty info and two outputs. */
int ockam_hkdf2(u8 first[OCKAM_KEY_LEN], u8 second[OCKAM_KEY_LEN],
		const u8 salt[OCKAM_KEY_LEN], const u8 *ikm, size_t len);
/* -EKEYREJECTED when the result is all zero. */
int ockam_x25519(u8 out[OCKAM_X25519_LEN], const u8 secret[OCKAM_X25519_LEN],
		 const u8 point[OCKAM_X25519_LEN]);
int ockam_x25519_public(u8 out[OCKAM_X25519_LEN],
			const u8 secret[OCKAM_X25519_LEN]);
/* ECDSA P-256 with SHA-256 over @msg, signature r || s; -EKEYREJECTED. */
int ockam_p256_verify(const u8 key[OCKAM_P256_KEY_LEN], const u8 *msg,
		      size_t len, const u8 sig[OCKAM_SIG_LEN]);
bool ockam_equal(const void *a, const void *b, size_t len); /* constant time */
void ockam_wipe(void *data, size_t len);

/*
 * AES-256-GCM with nonce = four zero bytes and the counter, big-endian. @dst
 * and @src may be the same. seal writes len + OCKAM_TAG_LEN bytes, open takes
 * len bytes with the tag and writes len - OCKAM_TAG_LEN; -EBADMSG when the tag
 * does not match, and then @dst holds zeroes.
 */
int ockam_aead_seal_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len);
int ockam_aead_open_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len);
/* REKEY: first 32 bytes of 32 zero bytes sealed under the last nonce. */
int ockam_aead_rekey(u8 next[OCKAM_KEY_LEN], const u8 key[OCKAM_KEY_LEN]);

/*
 * A keyed cipher for the data phase; kernel only. One request at a time: the
 * caller serialises. seal and open work in place on @len bytes from @off of
 * the skb (data, frags and frag_list), which the caller made sure is ours
 * alone; seal wants room for the tag behind, open includes the tag in @len.
 */
struct ockam_aead *ockam_aead_alloc(void);
void ockam_aead_free(struct ockam_aead *aead);
int ockam_aead_set_key(struct ockam_aead *aead, const u8 key[OCKAM_KEY_LEN]);
/* As ockam_aead_rekey() with the key that the cipher has, and keeps. */
int ockam_aead_next_key(struct ockam_aead *aead, u8 next[OCKAM_KEY_LEN]);
int ockam_aead_seal_skb(struct ockam_aead *aead, u64 nonce, struct sk_buff *skb,
			unsigned int off, unsigned int len);
int ockam_aead_open_skb(struct ockam_aead *aead, u64 nonce, struct sk_buff *skb,
			unsigned int off, unsigned int len);
const char *ockam_aead_driver(const struct ockam_aead *aead);
const char *ockam_crypto_driver(void);

int ockam_crypto_init(void);	/* runs the known-answer tests */
void ockam_crypto_exit(void);

#endif /* OCKAM_CRYPTO_H */
