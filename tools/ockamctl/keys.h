/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Identities and their keys, in the vault. */
#ifndef OCKAMCTL_KEYS_H
#define OCKAMCTL_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include "ident.h"

#define KEYS_HISTORY_MAX	32768
#define KEYS_ATTESTATION_MAX	4096

/* What the kernel and others may know of an identity, and its channel key. */
struct identity {
	char name[65];
	uint8_t id[32];
	uint8_t history[KEYS_HISTORY_MAX];
	size_t history_len;
	uint8_t attestation[KEYS_ATTESTATION_MAX];
	size_t attestation_len;
	uint8_t secret[32];
};

/* All return 0 or an exit code after one line on stderr. */
int identity_make(const char *name, struct identity *identity);
/* With a channel key and an attestation that are good for a while. */
int identity_load(const char *name, struct identity *identity);
/* History only. @quiet: a missing one is not an error to print. */
int identity_peek(const char *name, struct identity *identity, bool quiet);
/* The default one is made when there is none; @name NULL means it. */
int identity_ensure(const char *name, struct identity *identity);
int identity_default(char name[65]);
int identity_set_default(const char *name);
/* Sign a hash with the identity's key; @alg: what kind of signature it is. */
int identity_sign(const char *name, const uint8_t hash[32], uint8_t sig[64],
		  unsigned int *alg);
/* Give a node its identity. */
int identity_install(const char *node, struct identity *identity);

#endif /* OCKAMCTL_KEYS_H */
