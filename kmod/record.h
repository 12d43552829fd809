/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Test builds only: which keys there were, and that no nonce was used twice. */
#ifndef OCKAM_RECORD_H
#define OCKAM_RECORD_H

#include <linux/types.h>

/*
 * Kbuild defines OCKAM_RECORDING as 1 with "make OCKAM_TEST=1", which adds
 * record.c, else as 0: then nothing of this is left in the module.
 */

/* What a recorded secret is. */
enum ockam_record_kind {
	OCKAM_RECORD_NONE,
	OCKAM_RECORD_KEY,	/* a cipher has or had it */
	OCKAM_RECORD_CHAIN,	/* HKDF made it: chaining keys, first keys */
	OCKAM_RECORD_SECRET,	/* X25519 secret, ephemeral or static */
	OCKAM_RECORD_SHARED,	/* what X25519 gave */
};

u32 ockam_record_note_key(enum ockam_record_kind kind, const u8 *key);
void ockam_record_note_seal(u32 key, u64 nonce);
int ockam_record_next_failure(void);
int ockam_record_start(void);
void ockam_record_stop(void);

/* Note a secret of 32 bytes. Returns a number for it, 0 when not recorded. */
static inline u32 ockam_record_key(enum ockam_record_kind kind, const u8 *key)
{
	return OCKAM_RECORDING ? ockam_record_note_key(kind, key) : 0;
}

/* Something is sealed with the key of this number. */
static inline void ockam_record_seal(u32 key, u64 nonce)
{
	if (OCKAM_RECORDING)
		ockam_record_note_seal(key, nonce);
}

/* 0, or what a test wants a send to fail with whose nonce is spent. */
static inline int ockam_record_failure(void)
{
	return OCKAM_RECORDING ? ockam_record_next_failure() : 0;
}

/* What comes before is not recorded: known-answer tests repeat themselves. */
static inline int ockam_record_init(void)
{
	return OCKAM_RECORDING ? ockam_record_start() : 0;
}

static inline void ockam_record_exit(void)
{
	if (OCKAM_RECORDING)
		ockam_record_stop();
}

#endif /* OCKAM_RECORD_H */
