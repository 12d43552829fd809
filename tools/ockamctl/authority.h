/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Authorities and credentials, as users name them and as the kernel has them. */
#ifndef OCKAMCTL_AUTHORITY_H
#define OCKAMCTL_AUTHORITY_H

#include "ctl.h"
#include "genl.h"
#include "ident.h"
#include "keys.h"

#define CREDENTIAL_MAX	8192	/* bytes of an encoded one */

/* All return 0 or an exit code after one line on stderr. */

/* A change history: of an identity by its name, in hex, or in hex in a file. */
int authority_read(const char *text, struct identity *identity,
		   struct ockam_identity *verified);
/* A credential: stored by its name, in hex, or in hex in a file. */
int credential_read(const char *text, uint8_t bytes[CREDENTIAL_MAX],
		    size_t *len);
/* What --authority and --require-credential say. */
int request_authorities(struct request *request, const struct ctl_args *args);
/* Attributes {bytes: bytes} as an object of texts; null: not to be read. */
json_t *attributes_json(const uint8_t *map, size_t len);
json_t *object_authorities(const struct object *object);
/* What vouches for a channel's peer; null: nothing. */
json_t *object_credential(const struct object *object);

/* issue.c */
int credential_issue(const char *issuer, const uint8_t subject[32],
		     const struct ctl_values *attributes, uint64_t seconds,
		     uint8_t out[CREDENTIAL_MAX], size_t *len);

#endif /* OCKAMCTL_AUTHORITY_H */
