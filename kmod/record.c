// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Test builds only: which keys there were, and that no nonce was used twice. */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include "crypto.h"
#include "nonce.h"
#include "record.h"
#include "stats.h"

/*
 * Secrets are kept with all bits inverted, so that a search of the memory for
 * them does not find the recorder. What HKDF or a cipher had twice is one key.
 */

#define OCKAM_RECORD_KEYS	(1 << 16)
#define OCKAM_RECORD_NONCES	(1 << 17)
#define OCKAM_RECORD_BLOCK	64	/* nonces in one bitmap */

/**
 * struct ockam_record_entry - a secret, as debugfs shows it
 * @kind:     enum ockam_record_kind; 0 behind the last one
 * @inverted: its bytes, inverted
 */
struct ockam_record_entry {
	u32 kind;
	u8 inverted[OCKAM_KEY_LEN];
};

/**
 * struct ockam_record_nonces - nonces that a key was used with
 * @key:   its number; 0: nothing here
 * @block: nonce divided by OCKAM_RECORD_BLOCK
 * @used:  a bit for each
 */
struct ockam_record_nonces {
	u32 key;
	u64 block;
	u64 used;
};

static bool expect_reuse;
module_param(expect_reuse, bool, 0444);
MODULE_PARM_DESC(expect_reuse, "test build: count a nonce used twice, do not warn");

static unsigned int fail_each;
module_param(fail_each, uint, 0644);
MODULE_PARM_DESC(fail_each, "test build: each so many sends fail once they are sealed");

static DEFINE_SPINLOCK(ockam_record_lock);
static struct ockam_record_entry *ockam_record_entries;
static u32 *ockam_record_index;		/* hash table of numbers of entries */
static struct ockam_record_nonces *ockam_record_used;
static struct dentry *ockam_record_dir;
static struct debugfs_blob_wrapper ockam_record_blob;
static u32 ockam_record_count;
static u64 ockam_record_pairs, ockam_record_twice, ockam_record_lost;
static atomic_t ockam_record_sends = ATOMIC_INIT(0);

static bool ockam_record_is(u32 number, const u8 *key)
{
	const u8 *inverted = ockam_record_entries[number - 1].inverted;
	u8 differ = 0;
	int i;

	for (i = 0; i < OCKAM_KEY_LEN; i++)
		differ |= inverted[i] ^ (u8)~key[i];
	return !differ;
}

static u32 ockam_record_add(enum ockam_record_kind kind, const u8 *key)
{
	struct ockam_record_entry *entry;
	int i;

	/* One place stays empty: what is behind the last one has no kind. */
	if (ockam_record_count == OCKAM_RECORD_KEYS - 1) {
		ockam_record_lost++;
		return 0;
	}
	entry = &ockam_record_entries[ockam_record_count++];
	for (i = 0; i < OCKAM_KEY_LEN; i++)
		entry->inverted[i] = ~key[i];
	entry->kind = kind;
	return ockam_record_count;
}

/**
 * ockam_record_note_key() - note a secret
 * @kind: what it is
 * @key:  its OCKAM_KEY_LEN bytes
 *
 * Context: process or softirq.
 *
 * Return: its number, from 1; 0 when it is not recorded.
 */
u32 ockam_record_note_key(enum ockam_record_kind kind, const u8 *key)
{
	u32 at = jhash(key, OCKAM_KEY_LEN, 0), number = 0;

	if (!ockam_record_entries)
		return 0;
	spin_lock_bh(&ockam_record_lock);
	for (;; at++) {
		at %= 2 * OCKAM_RECORD_KEYS;
		number = ockam_record_index[at];
		if (!number || ockam_record_is(number, key))
			break;
	}
	if (!number) {
		number = ockam_record_add(kind, key);
		ockam_record_index[at] = number;
	}
	spin_unlock_bh(&ockam_record_lock);
	return number;
}

static struct ockam_record_nonces *ockam_record_find(u32 key, u64 block)
{
	u32 at = jhash_3words(key, block, block >> 32, 0), tries;
	struct ockam_record_nonces *nonces;

	for (tries = 0; tries < OCKAM_RECORD_NONCES; tries++, at++) {
		nonces = &ockam_record_used[at % OCKAM_RECORD_NONCES];
		if (!nonces->key) {
			nonces->key = key;
			nonces->block = block;
		}
		if (nonces->key == key && nonces->block == block)
			return nonces;
	}
	return NULL;
}

/**
 * ockam_record_note_seal() - note that a nonce is used
 * @key:   number of the key
 * @nonce: nonce
 *
 * A second use of the pair is a warning, which fails any test.
 *
 * Context: process or softirq.
 */
void ockam_record_note_seal(u32 key, u64 nonce)
{
	struct ockam_record_nonces *nonces;
	bool twice = false;
	u64 bit = BIT_ULL(nonce % OCKAM_RECORD_BLOCK);

	/* Both sides make the next key with the last nonce: always of zeroes. */
	if (!key || nonce == OCKAM_NONCE_LAST)
		return;
	spin_lock_bh(&ockam_record_lock);
	nonces = ockam_record_find(key, nonce / OCKAM_RECORD_BLOCK);
	if (!nonces) {
		ockam_record_lost++;
	} else {
		twice = nonces->used & bit;
		nonces->used |= bit;
		ockam_record_pairs++;
		ockam_record_twice += twice;
	}
	spin_unlock_bh(&ockam_record_lock);
	WARN(twice && !expect_reuse, "ockam: nonce %llu for the second time\n",
	     nonce);
}

/**
 * ockam_record_next_failure() - make a send fail whose nonce is spent
 *
 * Return: 0 or, each time that the parameter fail_each says, -ENOMEM.
 */
int ockam_record_next_failure(void)
{
	u32 each = READ_ONCE(fail_each);

	if (!each)
		return 0;
	return (u32)atomic_inc_return(&ockam_record_sends) % each ? 0 : -ENOMEM;
}

static int ockam_record_counts_show(struct seq_file *file, void *unused)
{
	spin_lock_bh(&ockam_record_lock);
	seq_printf(file, "keys %u pairs %llu twice %llu lost %llu",
		   ockam_record_count, ockam_record_pairs, ockam_record_twice,
		   ockam_record_lost);
	spin_unlock_bh(&ockam_record_lock);
	seq_printf(file, " secrets-alive %llu\n",
		   ockam_ledger_alive(OCKAM_OBJ_HANDSHAKE) +
		   ockam_ledger_alive(OCKAM_OBJ_SESSION) +
		   ockam_ledger_alive(OCKAM_OBJ_AEAD) +
		   ockam_ledger_alive(OCKAM_OBJ_IDENTITY));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ockam_record_counts);

/**
 * ockam_record_start() - record from now on
 *
 * The files are /sys/kernel/debug/ockam/counts and keys.
 *
 * Return: 0 or -ENOMEM.
 */
int ockam_record_start(void)
{
	const size_t size = OCKAM_RECORD_KEYS * sizeof(*ockam_record_entries);

	ockam_record_index = vcalloc(2 * OCKAM_RECORD_KEYS, sizeof(u32));
	ockam_record_used = vcalloc(OCKAM_RECORD_NONCES,
				    sizeof(*ockam_record_used));
	ockam_record_entries = vzalloc(size);
	if (!ockam_record_index || !ockam_record_used ||
	    !ockam_record_entries) {
		ockam_record_stop();
		return -ENOMEM;
	}
	ockam_record_blob.data = ockam_record_entries;
	ockam_record_blob.size = size;
	ockam_record_dir = debugfs_create_dir("ockam", NULL);
	debugfs_create_file("counts", 0400, ockam_record_dir, NULL,
			    &ockam_record_counts_fops);
	debugfs_create_blob("keys", 0400, ockam_record_dir, &ockam_record_blob);
	return 0;
}

/**
 * ockam_record_stop() - forget everything
 *
 * Nobody seals any more.
 */
void ockam_record_stop(void)
{
	debugfs_remove_recursive(ockam_record_dir);
	vfree(ockam_record_entries);
	vfree(ockam_record_used);
	vfree(ockam_record_index);
	ockam_record_entries = NULL;
}
