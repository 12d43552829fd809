/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Identities and their keys, in the vault. */
#ifndef OCKAMCTL_KEYS_H
#define OCKAMCTL_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include <openssl/types.h>
#include "ident.h"

#define KEYS_HISTORY_MAX	32768
#define KEYS_ATTESTATION_MAX	4096
#define KEYS_RENEW_BEFORE	(30L * 86400)	/* seconds */

/* What the kernel and others may know of an identity, and its channel key. */
struct identity {
	char name[65];
	char vault[65];		/* empty: another one's, we have no key */
	uint8_t id[32];
	uint8_t history[KEYS_HISTORY_MAX];
	size_t history_len;
	unsigned int changes;
	uint8_t attestation[KEYS_ATTESTATION_MAX];
	size_t attestation_len;
	uint64_t expires;	/* of the attestation, once it is loaded */
	uint8_t secret[32];
};

struct identity_options {
	const char *vault;	/* NULL: the default one */
	const char *key_type;	/* NULL: Ed25519; rotate: as it was */
	bool revoke;		/* rotate: mark all purpose keys as revoked */
};

/* All return 0 or an exit code after one line on stderr. */
int identity_make(const char *name, const struct identity_options *options,
		  struct identity *identity);
/* A new key. The identifier stays; the old key is gone when this returns. */
int identity_rotate(const char *name, const struct identity_options *options,
		    struct identity *identity);
/* With a channel key and an attestation that are good for a while. */
int identity_load(const char *name, struct identity *identity);
/* What is public. @quiet: a missing one is not an error to print. */
int identity_peek(const char *name, struct identity *identity, bool quiet);
/* The same, but CTL_NOT_FOUND and CTL_DATA, of a damaged one, say nothing. */
int identity_try(const char *name, struct identity *identity);
/* The default one is made when there is none; @name NULL means it. */
int identity_ensure(const char *name, struct identity *identity);
/* 0; CTL_NOT_FOUND without a message; or another exit code. */
int identity_default(char name[65]);
int identity_set_default(const char *name);
int identity_delete(const char *name);
/* Key and history, to a file that does not exist yet. */
int identity_export(const char *name, const char *file);
/* What identity_export() wrote. */
int identity_import(const char *name, const char *file, const char *vault,
		    struct identity *identity);
/* The history of another one, in hex; a newer one replaces what is known. */
int identity_know(const char *name, const char *hex, struct identity *identity);
/* What signs for one of ours; the caller frees @key, which is set on success. */
int identity_key(const char *name, struct identity *identity,
		 struct ockam_identity *verified, EVP_PKEY **key);

/* running.c */
/* Give a node its identity. */
int identity_install(const char *node, struct identity *identity);
/* Names of the nodes of this namespace that have it, as an array. */
int identity_nodes(const uint8_t id[32], json_t **nodes);
/* Give all of them its present state. */
int identity_install_all(struct identity *identity, json_t **nodes);
/* Renew what a node has if that ends soon; says nothing if not. */
void identity_keep(const char *node);

#endif /* OCKAMCTL_KEYS_H */
