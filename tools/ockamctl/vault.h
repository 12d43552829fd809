/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Vaults: folders of identities. */
#ifndef OCKAMCTL_VAULT_H
#define OCKAMCTL_VAULT_H

#include <jansson.h>
#include "home.h"

#define VAULT_DEFAULT	"default"

/*
 * The file of an identity: in a vault, or (@vault is then empty) among those
 * of others. 0; CTL_NOT_FOUND without a message; or another exit code.
 */
int vault_find(const char *name, char path[HOME_PATH_MAX], char vault[65]);
/* Where a new one goes. @vault NULL: the default one, made when needed. */
int vault_place(const char *vault, const char *name, char path[HOME_PATH_MAX]);
/* Where the history of another one goes. */
int vault_place_known(const char *name, char path[HOME_PATH_MAX]);
/* Names of all identities, as an array. 0 or an exit code. */
int vault_identities(json_t **out);

#endif /* OCKAMCTL_VAULT_H */
