/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The file of an identity: keys, history and attestation, as PEM. */
#ifndef OCKAMCTL_STORE_H
#define OCKAMCTL_STORE_H

#include "keys.h"
#include "pkey.h"

/* Its private keys; either may be NULL. */
struct store_keys {
	EVP_PKEY *key, *channel;
};

/*
 * Everything of an identity is in one file, so that one rename changes it all.
 * @keys NULL: private keys are not looked at, and not written. 0 or an exit
 * code after one line.
 */
int store_read(const char *path, struct identity *identity,
	       struct store_keys *keys);
/* The same, but CTL_DATA comes without a line. */
int store_try(const char *path, struct identity *identity,
	      struct store_keys *keys);
int store_write(const char *path, const struct identity *identity,
		const struct store_keys *keys);
/* To a file that must not be there yet, anywhere. */
int store_export(const char *path, const struct identity *identity,
		 const struct store_keys *keys);
void store_free(struct store_keys *keys);

#endif /* OCKAMCTL_STORE_H */
