// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The kernel's crypto API behind crypto.h; no other file names it. */

#include <crypto/aead.h>
#include <crypto/curve25519.h>
#include <crypto/ecdh.h>
#include <crypto/hash.h>
#include <crypto/internal/ecc.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include OCKAM_CRYPTO_UTILS
#include "bytes.h"
#include "crypto.h"
#include "crypto_test.h"
#include "record.h"
#include "stats.h"

MODULE_SOFTDEP("pre: gcm aesni-intel ghash-clmulni-intel ccm ctr");
MODULE_SOFTDEP("pre: sha256 sha512 hmac ecc curve25519-x86_64 libcurve25519");

#define OCKAM_AEAD_NONCE_LEN	12
#define OCKAM_AEAD_SG		20	/* pieces without an allocation */
#define OCKAM_P256_DIGITS	4	/* 64-bit digits of a coordinate */

static struct crypto_shash *ockam_crypto_sha256;
static struct crypto_shash *ockam_crypto_sha512;
static struct crypto_shash *ockam_crypto_hmac_probe;
static char ockam_crypto_gcm_driver[CRYPTO_MAX_ALG_NAME];

static int ockam_crypto_digest(struct crypto_shash *tfm, u8 *out,
			       const struct ockam_chunk *chunks,
			       unsigned int count)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	unsigned int i;
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	for (i = 0; !err && i < count; i++)
		err = crypto_shash_update(desc, chunks[i].data, chunks[i].len);
	if (!err)
		err = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	return err;
}

/**
 * ockam_sha256() - hash pieces of memory
 * @out:    digest
 * @chunks: pieces
 * @count:  how many
 *
 * Return: 0 or an errno. Context: may sleep.
 */
int ockam_sha256(u8 out[OCKAM_HASH_LEN], const struct ockam_chunk *chunks,
		 unsigned int count)
{
	return ockam_crypto_digest(ockam_crypto_sha256, out, chunks, count);
}

/**
 * ockam_sha512() - hash pieces of memory
 * @out:    digest
 * @chunks: pieces
 * @count:  how many
 *
 * Return: 0 or an errno. Context: may sleep.
 */
int ockam_sha512(u8 out[OCKAM_SHA512_LEN], const struct ockam_chunk *chunks,
		 unsigned int count)
{
	return ockam_crypto_digest(ockam_crypto_sha512, out, chunks, count);
}

static int ockam_crypto_hmac(struct crypto_shash *tfm, u8 *out, const u8 *data,
			     size_t len)
{
	const struct ockam_chunk chunk = { data, len };

	return ockam_crypto_digest(tfm, out, &chunk, 1);
}

/**
 * ockam_hkdf2() - HKDF-SHA256 with empty info and two outputs
 * @first:  output; may be the memory of @salt
 * @second: output
 * @salt:   salt
 * @ikm:    input keying material
 * @len:    its bytes
 *
 * Return: 0 or an errno. Context: may sleep.
 */
int ockam_hkdf2(u8 first[OCKAM_KEY_LEN], u8 second[OCKAM_KEY_LEN],
		const u8 salt[OCKAM_KEY_LEN], const u8 *ikm, size_t len)
{
	u8 prk[OCKAM_HASH_LEN], block[OCKAM_HASH_LEN + 1];
	struct crypto_shash *tfm;
	int err;

	/* A key belongs to a tfm: one of our own for each call. */
	tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, salt, OCKAM_KEY_LEN);
	if (!err)
		err = ockam_crypto_hmac(tfm, prk, ikm, len);
	if (!err)
		err = crypto_shash_setkey(tfm, prk, sizeof(prk));
	block[0] = 1;
	if (!err)
		err = ockam_crypto_hmac(tfm, first, block, 1);
	memcpy(block, first, OCKAM_HASH_LEN);
	block[OCKAM_HASH_LEN] = 2;
	if (!err)
		err = ockam_crypto_hmac(tfm, second, block, sizeof(block));
	if (!err) {
		ockam_record_key(OCKAM_RECORD_CHAIN, prk);
		ockam_record_key(OCKAM_RECORD_CHAIN, first);
		ockam_record_key(OCKAM_RECORD_CHAIN, second);
	}
	memzero_explicit(prk, sizeof(prk));
	memzero_explicit(block, sizeof(block));
	crypto_free_shash(tfm);
	return err;
}

/**
 * ockam_x25519() - shared secret
 * @out:    result
 * @secret: ours
 * @point:  theirs
 *
 * Return: 0; -EKEYREJECTED the result is all zero.
 */
int ockam_x25519(u8 out[OCKAM_X25519_LEN], const u8 secret[OCKAM_X25519_LEN],
		 const u8 point[OCKAM_X25519_LEN])
{
	if (!curve25519(out, secret, point))
		return -EKEYREJECTED;
	ockam_record_key(OCKAM_RECORD_SHARED, out);
	return 0;
}

/**
 * ockam_x25519_public() - public key of a secret
 * @out:    public key
 * @secret: secret
 *
 * Return: 0; -EKEYREJECTED no secret gives this result.
 */
int ockam_x25519_public(u8 out[OCKAM_X25519_LEN],
			const u8 secret[OCKAM_X25519_LEN])
{
	ockam_record_key(OCKAM_RECORD_SECRET, secret);
	return curve25519_generate_public(out, secret) ? 0 : -EKEYREJECTED;
}

/* Big-endian bytes to digits, least significant first. */
static void ockam_p256_digits(u64 digits[OCKAM_P256_DIGITS], const u8 *bytes)
{
	int i;

	for (i = 0; i < OCKAM_P256_DIGITS; i++)
		digits[OCKAM_P256_DIGITS - 1 - i] =
			ockam_get_be64(bytes + 8 * i);
}

/* 0 < x < n? */
static bool ockam_p256_in_range(const u64 *x, const struct ecc_curve *curve)
{
	return !vli_is_zero(x, OCKAM_P256_DIGITS) &&
	       vli_cmp(x, curve->n, OCKAM_P256_DIGITS) < 0;
}

/* Is r the x coordinate of (z/s)G + (r/s)Q, modulo the order? */
static int ockam_p256_check(const struct ecc_curve *curve,
			    const struct ecc_point *public, const u64 *r,
			    const u64 *s, u64 *z)
{
	u64 s1[OCKAM_P256_DIGITS], u1[OCKAM_P256_DIGITS];
	u64 u2[OCKAM_P256_DIGITS], x[OCKAM_P256_DIGITS];
	u64 y[OCKAM_P256_DIGITS];
	struct ecc_point sum = ECC_POINT_INIT(x, y, OCKAM_P256_DIGITS);

	if (vli_cmp(z, curve->n, OCKAM_P256_DIGITS) >= 0)
		vli_sub(z, z, curve->n, OCKAM_P256_DIGITS);
	vli_mod_inv(s1, s, curve->n, OCKAM_P256_DIGITS);
	vli_mod_mult_slow(u1, z, s1, curve->n, OCKAM_P256_DIGITS);
	vli_mod_mult_slow(u2, r, s1, curve->n, OCKAM_P256_DIGITS);
	ecc_point_mult_shamir(&sum, u1, &curve->g, u2, public, curve);
	if (vli_cmp(sum.x, curve->n, OCKAM_P256_DIGITS) >= 0)
		vli_sub(sum.x, sum.x, curve->n, OCKAM_P256_DIGITS);
	return vli_cmp(sum.x, r, OCKAM_P256_DIGITS) ? -EKEYREJECTED : 0;
}

/**
 * ockam_p256_verify() - verify an ECDSA signature with SHA-256
 * @key: uncompressed point
 * @msg: signed bytes
 * @len: how many
 * @sig: r and s, big-endian
 *
 * A high s is fine. Works on public data only.
 *
 * Return: 0; -EKEYREJECTED; or the errno of a primitive. Context: may sleep.
 */
int ockam_p256_verify(const u8 key[OCKAM_P256_KEY_LEN], const u8 *msg,
		      size_t len, const u8 sig[OCKAM_SIG_LEN])
{
	const struct ecc_curve *curve = ecc_get_curve(ECC_CURVE_NIST_P256);
	u64 x[OCKAM_P256_DIGITS], y[OCKAM_P256_DIGITS];
	u64 r[OCKAM_P256_DIGITS], s[OCKAM_P256_DIGITS];
	struct ecc_point public = ECC_POINT_INIT(x, y, OCKAM_P256_DIGITS);
	const struct ockam_chunk chunk = { msg, len };
	u64 z[OCKAM_P256_DIGITS];
	u8 hash[OCKAM_HASH_LEN];
	int err;

	if (!curve)
		return -EOPNOTSUPP;
	if (key[0] != 4)
		return -EKEYREJECTED;
	ockam_p256_digits(x, key + 1);
	ockam_p256_digits(y, key + 33);
	ockam_p256_digits(r, sig);
	ockam_p256_digits(s, sig + 32);
	if (ecc_is_pubkey_valid_full(curve, &public) ||
	    !ockam_p256_in_range(r, curve) || !ockam_p256_in_range(s, curve))
		return -EKEYREJECTED;
	err = ockam_sha256(hash, &chunk, 1);
	if (err)
		return err;
	ockam_p256_digits(z, hash);
	return ockam_p256_check(curve, &public, r, s, z);
}

/**
 * ockam_equal() - compare in constant time
 * @a:   bytes
 * @b:   bytes
 * @len: how many
 *
 * Return: true when they are the same.
 */
bool ockam_equal(const void *a, const void *b, size_t len)
{
	return !crypto_memneq(a, b, len);
}

/**
 * ockam_wipe() - overwrite a secret
 * @data: bytes
 * @len:  how many
 */
void ockam_wipe(void *data, size_t len)
{
	memzero_explicit(data, len);
}

/**
 * struct ockam_aead - a keyed gcm(aes)
 * @tfm: cipher; x86 puts it behind an asynchronous wrapper before 7.3, which
 *       in process context runs it at once
 * @req: request, allocated ahead
 * @sg:  pieces of a message that has few
 * @key: what test builds call its key
 * @next: where the key of the next interval is made; else zero
 *
 * One request at a time: the caller serialises.
 */
struct ockam_aead {
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct scatterlist sg[OCKAM_AEAD_SG];
	u32 key;
	u8 next[OCKAM_KEY_LEN + OCKAM_TAG_LEN];
};

/**
 * ockam_aead_alloc() - a cipher without a key
 *
 * Return: it, or an ERR_PTR. Context: may sleep.
 */
struct ockam_aead *ockam_aead_alloc(void)
{
	struct ockam_aead *aead;
	int err;

	aead = kzalloc(sizeof(*aead), GFP_KERNEL_ACCOUNT);
	if (!aead)
		return ERR_PTR(-ENOMEM);
	aead->tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	err = PTR_ERR_OR_ZERO(aead->tfm);
	if (err)
		goto err_free;
	err = crypto_aead_setauthsize(aead->tfm, OCKAM_TAG_LEN);
	if (err)
		goto err_tfm;
	aead->req = aead_request_alloc(aead->tfm, GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!aead->req)
		goto err_tfm;
	ockam_ledger_created(OCKAM_OBJ_AEAD);
	return aead;

err_tfm:
	crypto_free_aead(aead->tfm);
err_free:
	kfree(aead);
	return ERR_PTR(err);
}

/**
 * ockam_aead_free() - free a cipher and wipe its key
 * @aead: cipher, NULL or an ERR_PTR
 */
void ockam_aead_free(struct ockam_aead *aead)
{
	if (IS_ERR_OR_NULL(aead))
		return;
	aead_request_free(aead->req);
	crypto_free_aead(aead->tfm);
	kfree_sensitive(aead);
	ockam_ledger_destroyed(OCKAM_OBJ_AEAD);
}

/**
 * ockam_aead_set_key() - key a cipher
 * @aead: cipher, idle
 * @key:  key
 *
 * Return: 0 or an errno.
 */
int ockam_aead_set_key(struct ockam_aead *aead, const u8 key[OCKAM_KEY_LEN])
{
	aead->key = ockam_record_key(OCKAM_RECORD_KEY, key);
	return crypto_aead_setkey(aead->tfm, key, OCKAM_KEY_LEN);
}

/* In place over @sg: @ad_len bytes of associated data, then @len of text. */
static int ockam_aead_run(struct ockam_aead *aead, u64 nonce,
			  struct scatterlist *sg, size_t ad_len, size_t len,
			  bool encrypt)
{
	u8 iv[OCKAM_AEAD_NONCE_LEN] = {};
	DECLARE_CRYPTO_WAIT(wait);
	int err;

	ockam_put_be64(iv + 4, nonce);
	aead_request_set_callback(aead->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done,
				  &wait);
	aead_request_set_ad(aead->req, ad_len);
	aead_request_set_crypt(aead->req, sg, sg, len, iv);
	if (encrypt) {
		ockam_record_seal(aead->key, nonce);
		err = crypto_aead_encrypt(aead->req);
	} else {
		err = crypto_aead_decrypt(aead->req);
	}
	return crypto_wait_req(err, &wait);
}

static int ockam_aead_skb(struct ockam_aead *aead, u64 nonce,
			  struct sk_buff *skb, unsigned int off,
			  unsigned int sg_len, unsigned int len, bool encrypt)
{
	struct scatterlist *sg = aead->sg;
	struct sk_buff *frag;
	unsigned int pieces;
	int err;

	pieces = skb_shinfo(skb)->nr_frags + 1;
	skb_walk_frags(skb, frag)
		pieces += skb_shinfo(frag)->nr_frags + 1;
	if (pieces > OCKAM_AEAD_SG) {
		sg = kvmalloc_array(pieces, sizeof(*sg), GFP_KERNEL);
		if (!sg)
			return -ENOMEM;
	}
	sg_init_table(sg, pieces);
	err = skb_to_sgvec(skb, sg, off, sg_len);
	if (err > 0)
		err = ockam_aead_run(aead, nonce, sg, 0, len, encrypt);
	if (sg != aead->sg)
		kvfree(sg);
	else
		memset(sg, 0, pieces * sizeof(*sg));
	return err;
}

/**
 * ockam_aead_seal_skb() - encrypt a part of a message in place
 * @aead:  cipher
 * @nonce: counter, never used before with this key
 * @skb:   message whose memory is ours alone
 * @off:   where the plaintext begins
 * @len:   its bytes; OCKAM_TAG_LEN more lie behind it for the tag
 *
 * Return: 0 or an errno. Context: process.
 */
int ockam_aead_seal_skb(struct ockam_aead *aead, u64 nonce, struct sk_buff *skb,
			unsigned int off, unsigned int len)
{
	int err;

	err = ockam_aead_skb(aead, nonce, skb, off, len + OCKAM_TAG_LEN, len,
			     true);
	return err ?: ockam_record_failure();
}

/**
 * ockam_aead_open_skb() - decrypt a part of a message in place
 * @aead:  cipher
 * @nonce: counter
 * @skb:   message whose memory is ours alone
 * @off:   where the ciphertext begins
 * @len:   its bytes, with the tag
 *
 * Return: 0; -EBADMSG not authentic: the memory holds garbage; an errno.
 * Context: process.
 */
int ockam_aead_open_skb(struct ockam_aead *aead, u64 nonce, struct sk_buff *skb,
			unsigned int off, unsigned int len)
{
	if (len < OCKAM_TAG_LEN)
		return -EBADMSG;
	return ockam_aead_skb(aead, nonce, skb, off, len, len, false);
}

/* One message with a key of its own; @dst is large enough for both forms. */
static int ockam_aead_once(const u8 *key, u64 nonce, const u8 *ad,
			   size_t ad_len, u8 *dst, const u8 *src, size_t len,
			   bool encrypt)
{
	size_t room = ad_len + len + (encrypt ? OCKAM_TAG_LEN : 0);
	size_t out = encrypt ? len + OCKAM_TAG_LEN : len - OCKAM_TAG_LEN;
	struct ockam_aead *aead;
	struct scatterlist sg;
	u8 *buf;
	int err;

	aead = ockam_aead_alloc();
	if (IS_ERR(aead))
		return PTR_ERR(aead);
	err = -ENOMEM;
	buf = kmalloc(room, GFP_KERNEL);
	if (!buf)
		goto out;
	memcpy(buf, ad, ad_len);
	memcpy(buf + ad_len, src, len);
	sg_init_one(&sg, buf, room);
	err = ockam_aead_set_key(aead, key);
	if (!err)
		err = ockam_aead_run(aead, nonce, &sg, ad_len, len, encrypt);
	if (!err)
		memcpy(dst, buf + ad_len, out);
	else
		memset(dst, 0, out);
	kfree_sensitive(buf);
out:
	ockam_aead_free(aead);
	return err;
}

/**
 * ockam_aead_seal_once() - encrypt one message under a key of its own
 * @key:    key
 * @nonce:  counter
 * @ad:     associated data
 * @ad_len: its bytes
 * @dst:    ciphertext and tag
 * @src:    plaintext; may be @dst
 * @len:    its bytes
 *
 * Return: 0 or an errno. Context: may sleep.
 */
int ockam_aead_seal_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len)
{
	return ockam_aead_once(key, nonce, ad, ad_len, dst, src, len, true);
}

/**
 * ockam_aead_open_once() - decrypt one message under a key of its own
 * @key:    key
 * @nonce:  counter
 * @ad:     associated data
 * @ad_len: its bytes
 * @dst:    plaintext; zeroes on failure
 * @src:    ciphertext and tag; may be @dst
 * @len:    its bytes, with the tag
 *
 * Return: 0; -EBADMSG; an errno. Context: may sleep.
 */
int ockam_aead_open_once(const u8 key[OCKAM_KEY_LEN], u64 nonce, const u8 *ad,
			 size_t ad_len, u8 *dst, const u8 *src, size_t len)
{
	if (len < OCKAM_TAG_LEN)
		return -EBADMSG;
	return ockam_aead_once(key, nonce, ad, ad_len, dst, src, len, false);
}

/**
 * ockam_aead_next_key() - the key of the next interval, from a keyed cipher
 * @aead: cipher, idle, with the key of this interval; keeps it
 * @next: result
 *
 * Return: 0 or an errno. Context: process.
 */
int ockam_aead_next_key(struct ockam_aead *aead, u8 next[OCKAM_KEY_LEN])
{
	int err;

	sg_init_one(aead->sg, aead->next, sizeof(aead->next));
	err = ockam_aead_run(aead, U64_MAX, aead->sg, 0, OCKAM_KEY_LEN, true);
	if (!err)
		memcpy(next, aead->next, OCKAM_KEY_LEN);
	memzero_explicit(aead->next, sizeof(aead->next));
	memset(aead->sg, 0, sizeof(aead->sg[0]));
	return err;
}

/**
 * ockam_aead_rekey() - the key of the next interval
 * @next: result; may be @key
 * @key:  key of this one
 *
 * Return: 0 or an errno. Context: may sleep.
 */
int ockam_aead_rekey(u8 next[OCKAM_KEY_LEN], const u8 key[OCKAM_KEY_LEN])
{
	struct ockam_aead *aead = ockam_aead_alloc();
	int err = PTR_ERR_OR_ZERO(aead);

	if (!err)
		err = ockam_aead_set_key(aead, key);
	if (!err)
		err = ockam_aead_next_key(aead, next);
	ockam_aead_free(aead);
	return err;
}

/**
 * ockam_aead_driver() - who does the work of a cipher
 * @aead: cipher
 *
 * Return: name of the driver.
 */
const char *ockam_aead_driver(const struct ockam_aead *aead)
{
	return crypto_tfm_alg_driver_name(crypto_aead_tfm(aead->tfm));
}

/**
 * ockam_crypto_driver() - who does AES-GCM
 *
 * Return: name of the driver.
 */
const char *ockam_crypto_driver(void)
{
	return ockam_crypto_gcm_driver;
}

static int ockam_crypto_find_driver(void)
{
	struct ockam_aead *aead = ockam_aead_alloc();

	if (IS_ERR(aead))
		return PTR_ERR(aead);
	strscpy(ockam_crypto_gcm_driver, ockam_aead_driver(aead),
		sizeof(ockam_crypto_gcm_driver));
	ockam_aead_free(aead);
	return 0;
}

static int ockam_crypto_get(struct crypto_shash **tfm, const char *name)
{
	*tfm = crypto_alloc_shash(name, 0, 0);
	if (!IS_ERR(*tfm))
		return 0;
	pr_err("ockam: the kernel has no %s\n", name);
	return PTR_ERR(*tfm);
}

/**
 * ockam_crypto_init() - get the primitives and prove that they work
 *
 * Return: 0; -ENOENT something is missing; -EBADMSG a known answer is wrong.
 */
int __init ockam_crypto_init(void)
{
	int err;

	err = ockam_crypto_get(&ockam_crypto_sha256, "sha256");
	if (err)
		return err;
	err = ockam_crypto_get(&ockam_crypto_sha512, "sha512");
	if (err)
		goto err_sha256;
	/* Kept so that hmac stays loaded. */
	err = ockam_crypto_get(&ockam_crypto_hmac_probe, "hmac(sha256)");
	if (err)
		goto err_sha512;
	err = ockam_crypto_find_driver();
	if (err) {
		pr_err("ockam: the kernel has no gcm(aes)\n");
		goto err_hmac;
	}
	err = ockam_crypto_test();
	if (!err)
		err = ockam_record_init();
	if (err)
		goto err_hmac;
	return 0;

err_hmac:
	crypto_free_shash(ockam_crypto_hmac_probe);
err_sha512:
	crypto_free_shash(ockam_crypto_sha512);
err_sha256:
	crypto_free_shash(ockam_crypto_sha256);
	return err;
}

/**
 * ockam_crypto_exit() - give the primitives back
 */
void ockam_crypto_exit(void)
{
	ockam_record_exit();
	crypto_free_shash(ockam_crypto_hmac_probe);
	crypto_free_shash(ockam_crypto_sha512);
	crypto_free_shash(ockam_crypto_sha256);
}
