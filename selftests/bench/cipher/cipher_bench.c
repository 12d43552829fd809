// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How long the bare cipher takes inside the kernel, over order-0 pages, as a
 * message of the module has them. Write "OP ALGORITHM BYTES COUNT" to the
 * parameter run and read back the nanoseconds; driver says who did it.
 */

#include <crypto/aead.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define KEY_LEN		32
#define IV_LEN		12
#define TAG_LEN		16
#define MAX_PAGES	17

static char driver[CRYPTO_MAX_ALG_NAME];
module_param_string(driver, driver, sizeof(driver), 0444);
MODULE_PARM_DESC(driver, "driver of the last run");

static u64 last_ns;

/**
 * struct cipher_run - one measurement
 * @tfm:   keyed cipher
 * @req:   its request
 * @sg:    the message and room for the tag
 * @nonce: of the next message
 * @len:   bytes of the message
 */
struct cipher_run {
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct scatterlist sg[MAX_PAGES];
	u64 nonce;
	unsigned int len;
};

static int cipher_once(struct cipher_run *run, unsigned int len, bool encrypt)
{
	DECLARE_CRYPTO_WAIT(wait);
	u8 iv[IV_LEN] = {};

	memcpy(iv + 4, &run->nonce, sizeof(run->nonce));
	aead_request_set_callback(run->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done,
				  &wait);
	aead_request_set_ad(run->req, 0);
	aead_request_set_crypt(run->req, run->sg, run->sg, len, iv);
	if (encrypt)
		return crypto_wait_req(crypto_aead_encrypt(run->req), &wait);
	return crypto_wait_req(crypto_aead_decrypt(run->req), &wait);
}

/* Seal a message and open it. */
static int cipher_pair(struct cipher_run *run)
{
	int err;

	run->nonce++;
	err = cipher_once(run, run->len, true);
	return err ?: cipher_once(run, run->len + TAG_LEN, false);
}

/* What a change of keys costs one side: 32 bytes sealed are the new key. */
static int cipher_rekey(struct cipher_run *run)
{
	u8 key[KEY_LEN];
	int err;

	run->nonce++;
	err = cipher_once(run, KEY_LEN, true);
	sg_copy_to_buffer(run->sg, 1, key, sizeof(key));
	return err ?: crypto_aead_setkey(run->tfm, key, sizeof(key));
}

static int cipher_loop(struct cipher_run *run, bool rekey, unsigned int count)
{
	u64 start = ktime_get_ns();
	int err = 0;

	while (!err && count--) {
		err = rekey ? cipher_rekey(run) : cipher_pair(run);
		cond_resched();
	}
	last_ns = ktime_get_ns() - start;
	return err;
}

static int cipher_memory(struct cipher_run *run)
{
	unsigned int left = run->len + TAG_LEN, i = 0, part;
	struct page *page;

	sg_init_table(run->sg, DIV_ROUND_UP(left, PAGE_SIZE));
	for (; left; left -= part) {
		part = min_t(unsigned int, left, PAGE_SIZE);
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		sg_set_page(&run->sg[i++], page, part, 0);
	}
	return 0;
}

static void cipher_free_memory(struct cipher_run *run)
{
	unsigned int i;

	for (i = 0; i < MAX_PAGES; i++)
		if (sg_page(&run->sg[i]))
			__free_page(sg_page(&run->sg[i]));
}

static int cipher_measure(struct cipher_run *run, bool rekey,
			  unsigned int count)
{
	static const u8 key[KEY_LEN] = { 1 };
	int err;

	strscpy(driver, crypto_tfm_alg_driver_name(crypto_aead_tfm(run->tfm)),
		sizeof(driver));
	err = crypto_aead_setauthsize(run->tfm, TAG_LEN) ?:
	      crypto_aead_setkey(run->tfm, key, sizeof(key)) ?:
	      cipher_memory(run);
	if (!err) {
		run->req = aead_request_alloc(run->tfm, GFP_KERNEL);
		err = run->req ? cipher_loop(run, rekey, count) : -ENOMEM;
		aead_request_free(run->req);
	}
	cipher_free_memory(run);
	return err;
}

static int cipher_set(const char *text, const struct kernel_param *kp)
{
	char op[16], alg[CRYPTO_MAX_ALG_NAME];
	struct cipher_run *run;
	unsigned int count;
	int err;

	run = kzalloc(sizeof(*run), GFP_KERNEL);
	if (!run)
		return -ENOMEM;
	err = -EINVAL;
	if (sscanf(text, "%15s %127s %u %u", op, alg, &run->len, &count) != 4 ||
	    run->len < KEY_LEN || run->len + TAG_LEN > MAX_PAGES * PAGE_SIZE)
		goto out;
	run->tfm = crypto_alloc_aead(alg, 0, 0);
	err = PTR_ERR_OR_ZERO(run->tfm);
	if (err)
		goto out;
	err = cipher_measure(run, !strcmp(op, "rekey"), count);
	crypto_free_aead(run->tfm);
out:
	kfree(run);
	return err;
}

static int cipher_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%llu\n", last_ns);
}

static const struct kernel_param_ops cipher_ops = {
	.set = cipher_set,
	.get = cipher_get,
};

module_param_cb(run, &cipher_ops, NULL, 0600);
MODULE_PARM_DESC(run, "OP ALGORITHM BYTES COUNT");

static int __init cipher_init(void)
{
	return 0;
}
module_init(cipher_init);

static void __exit cipher_exit(void)
{
}
module_exit(cipher_exit);

MODULE_DESCRIPTION("Times AEAD ciphers, for the benchmarks of ockam");
MODULE_LICENSE("Dual MIT/GPL");
