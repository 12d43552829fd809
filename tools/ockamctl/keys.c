// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Identities and their keys, in the vault. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"
#include "history.h"
#include "home.h"
#include "keys.h"
#include "store.h"
#include "vault.h"

static int not_found(const char *name)
{
	return ctl_fail(CTL_NOT_FOUND, "there is no identity '%s': ockamctl identity create %s",
			name, name);
}

/* Start over with a name; its file, if there is one. Says nothing if not. */
static int find(const char *name, struct identity *identity,
		char path[HOME_PATH_MAX])
{
	memset(identity, 0, sizeof(*identity));
	snprintf(identity->name, sizeof(identity->name), "%.64s", name);
	return vault_find(name, path, identity->vault);
}

int identity_peek(const char *name, struct identity *identity, bool quiet)
{
	struct ockam_identity verified;
	char path[HOME_PATH_MAX];
	int err;

	err = find(name, identity, path);
	if (err == CTL_NOT_FOUND && !quiet)
		return not_found(name);
	if (!err)
		err = store_read(path, identity, NULL);
	return err ? err : history_verify(identity, &verified);
}

int identity_try(const char *name, struct identity *identity)
{
	struct ockam_identity verified;
	char path[HOME_PATH_MAX];
	int err;

	err = find(name, identity, path);
	if (!err)
		err = store_try(path, identity, NULL);
	if (!err && ockam_ident_verify_history(&verified, identity->history,
					       identity->history_len))
		err = CTL_DATA;
	if (!err)
		memcpy(identity->id, verified.identifier, sizeof(identity->id));
	return err;
}

/* With its keys, which the caller frees, and the lock. */
static int open_own(const char *name, struct identity *identity,
		    struct ockam_identity *verified, struct store_keys *keys,
		    char path[HOME_PATH_MAX])
{
	struct ockam_public_key public;
	int err;

	err = home_lock();
	if (!err)
		err = find(name, identity, path);
	if (err)
		return err == CTL_NOT_FOUND ? not_found(name) : err;
	if (!identity->vault[0])
		return ctl_fail(CTL_NOT_FOUND, "identity '%s' is another one's: its key is not here",
				name);
	err = store_read(path, identity, keys);
	if (!err)
		err = history_verify(identity, verified);
	if (!err)
		err = pkey_public(&public, keys->key);
	if (!err && memcmp(&public, &verified->latest_key, sizeof(public)))
		err = ctl_fail(CTL_DATA, "identity '%s': its key and its change history do not belong together",
			       name);
	return err;
}

/* A new channel key, its attestation, and all of it to the file. */
static int save(const char *path, struct identity *identity,
		const struct ockam_identity *verified, struct store_keys *keys)
{
	uint8_t public[OCKAM_X25519_LEN];
	int err;

	EVP_PKEY_free(keys->channel);
	keys->channel = pkey_new_channel();
	err = keys->channel ? pkey_channel_secret(identity->secret,
						  keys->channel) : CTL_INTERNAL;
	if (!err && ockam_x25519_public(public, identity->secret))
		err = ctl_fail(CTL_INTERNAL, "cannot read a public key");
	if (!err)
		err = attestation_make(identity, verified, keys->key, public);
	if (!err)
		err = store_write(path, identity, keys);
	if (err)
		explicit_bzero(identity->secret, sizeof(identity->secret));
	return err;
}

int identity_load(const char *name, struct identity *identity)
{
	struct ockam_identity verified;
	uint8_t public[OCKAM_X25519_LEN];
	struct store_keys keys = { 0 };
	char path[HOME_PATH_MAX];
	int err;

	err = open_own(name, identity, &verified, &keys, path);
	if (!err && (!keys.channel ||
		     pkey_channel_secret(identity->secret, keys.channel) ||
		     ockam_x25519_public(public, identity->secret) ||
		     !attestation_is_good(identity, &verified, public)))
		err = save(path, identity, &verified, &keys);
	store_free(&keys);
	return err;
}

/* The lock, and a name that nobody has. */
static int take_name(const char *name, struct identity *identity)
{
	char path[HOME_PATH_MAX];
	int err;

	err = home_lock();
	if (!err)
		err = find(name, identity, path);
	if (!err)
		return ctl_fail(CTL_EXISTS, "identity '%s' exists", name);
	return err == CTL_NOT_FOUND ? 0 : err;
}

/*
 * Its first file. The first identity is the default; a hosted project's never
 * is. A default that is not there is none: what comes last is the identity.
 */
static int save_new(struct identity *identity, const char *vault,
		    const struct ockam_identity *verified,
		    struct store_keys *keys)
{
	char path[HOME_PATH_MAX], other[65];
	int err;

	err = vault_place(vault, identity->name, path);
	if (!err && strcmp(identity->name, "project")) {
		err = identity_default(other);
		if (err == CTL_NOT_FOUND)
			err = identity_set_default(identity->name);
	}
	if (!err)
		err = save(path, identity, verified, keys);
	snprintf(identity->vault, sizeof(identity->vault), "%.64s",
		 vault ? vault : VAULT_DEFAULT);
	return err;
}

int identity_make(const char *name, const struct identity_options *options,
		  struct identity *identity)
{
	enum pkey_alg alg = PKEY_ED25519;
	struct ockam_identity verified;
	struct store_keys keys = { 0 };
	int err = 0;

	if (options->key_type)
		err = pkey_parse_alg(&alg, options->key_type);
	if (!err)
		err = take_name(name, identity);
	if (err)
		return err;
	keys.key = pkey_new(alg);
	err = keys.key ? history_add(identity, &verified, NULL, keys.key, false) :
			 CTL_INTERNAL;
	if (!err)
		err = save_new(identity, options->vault, &verified, &keys);
	store_free(&keys);
	return err;
}

int identity_rotate(const char *name, const struct identity_options *options,
		    struct identity *identity)
{
	struct ockam_identity verified;
	struct store_keys keys = { 0 };
	char path[HOME_PATH_MAX];
	EVP_PKEY *old = NULL;
	enum pkey_alg alg;
	int err;

	err = open_own(name, identity, &verified, &keys, path);
	alg = verified.latest_key.alg;
	if (!err && options->key_type)
		err = pkey_parse_alg(&alg, options->key_type);
	if (!err) {
		old = keys.key;
		keys.key = pkey_new(alg);
		err = keys.key ? history_add(identity, &verified, old, keys.key,
					     options->revoke) : CTL_INTERNAL;
	}
	if (!err)
		err = save(path, identity, &verified, &keys);
	EVP_PKEY_free(old);
	store_free(&keys);
	return err;
}

int identity_export(const char *name, const char *file)
{
	static struct identity identity;
	struct ockam_identity verified;
	struct store_keys keys = { 0 };
	char path[HOME_PATH_MAX];
	int err;

	err = open_own(name, &identity, &verified, &keys, path);
	/* Each place has a channel key of its own. */
	EVP_PKEY_free(keys.channel);
	keys.channel = NULL;
	identity.attestation_len = 0;
	if (!err)
		err = store_export(file, &identity, &keys);
	store_free(&keys);
	return err;
}

/* Two names for one key would rotate it apart. */
static int check_single(const struct identity *wanted)
{
	static struct identity other;
	json_t *names, *name;
	size_t i;
	int err;

	err = vault_identities(&names);
	json_array_foreach(names, i, name) {
		if (!err && !identity_peek(json_string_value(name), &other,
					   true) &&
		    other.vault[0] && !memcmp(other.id, wanted->id, 32))
			err = ctl_fail(CTL_EXISTS, "identity '%s' is the same one",
				       other.name);
	}
	json_decref(names);
	return err;
}

static int check_no_more(const struct identity *identity)
{
	if (history_len(identity->history, identity->history_len) ==
	    identity->history_len)
		return 0;
	return ctl_fail(CTL_DATA, "there is something behind the change history");
}

int identity_import(const char *name, const char *file, const char *vault,
		    struct identity *identity)
{
	struct ockam_identity verified;
	struct store_keys keys = { 0 };
	int err;

	err = take_name(name, identity);
	if (!err)
		err = store_read(file, identity, &keys);
	if (!err)
		err = history_verify(identity, &verified);
	if (!err)
		err = check_no_more(identity);
	if (!err)
		err = check_single(identity);
	if (!err)
		err = save_new(identity, vault, &verified, &keys);
	store_free(&keys);
	return err;
}

static int unhex_history(struct identity *identity, const char *hex)
{
	static char text[2 * KEYS_HISTORY_MAX + 2];
	size_t len;
	int got;

	while (isspace((unsigned char)*hex))
		hex++;
	len = strlen(hex);
	while (len && isspace((unsigned char)hex[len - 1]))
		len--;
	snprintf(text, sizeof(text), "%.*s", (int)len, hex);
	got = ctl_unhex(identity->history, sizeof(identity->history), text);
	if (got <= 0)
		return ctl_fail(CTL_DATA, "a change history is hex: ockamctl identity export prints it");
	identity->history_len = got;
	return 0;
}

/* May what is presented take the place of what is known? 0 with *write. */
static int compare(const struct identity *presented,
		   const struct identity *known, bool *write)
{
	enum ockam_ident_order order = OCKAM_IDENT_CONFLICT;

	if (known->vault[0] || memcmp(known->id, presented->id, 32))
		return ctl_fail(CTL_EXISTS, "identity '%s' exists, and is another one",
				known->name);
	ockam_ident_compare(&order, presented->history, presented->history_len,
			    known->history, known->history_len);
	*write = order == OCKAM_IDENT_NEWER;
	if (order == OCKAM_IDENT_OLDER)
		return ctl_fail(CTL_DATA, "identity '%s': a newer history is known",
				known->name);
	if (order == OCKAM_IDENT_CONFLICT)
		return ctl_fail(CTL_DATA, "identity '%s': another history is known",
				known->name);
	return 0;
}

int identity_know(const char *name, const char *hex, struct identity *identity)
{
	static struct identity known;
	struct ockam_identity verified;
	char path[HOME_PATH_MAX];
	bool write = true;
	int err;

	err = home_lock();
	if (err)
		return err;
	err = find(name, identity, path);
	if (err && err != CTL_NOT_FOUND)
		return err;
	if (!err) {
		err = identity_peek(name, &known, true);
		if (err)
			return err;
	}
	err = unhex_history(identity, hex);
	if (!err)
		err = history_verify(identity, &verified);
	if (!err)
		err = check_no_more(identity);
	if (!err && known.history_len)
		err = compare(identity, &known, &write);
	if (err || !write)
		return err;
	err = vault_place_known(name, path);
	return err ? err : store_write(path, identity, NULL);
}

int identity_delete(const char *name)
{
	static struct identity identity;
	char path[HOME_PATH_MAX];
	int err;

	err = home_lock();
	if (!err)
		err = find(name, &identity, path);
	if (err == CTL_NOT_FOUND)
		return not_found(name);
	return err ? err : home_remove(path);
}

int identity_default(char name[65])
{
	char path[HOME_PATH_MAX], text[80], vault[65];
	int err;

	err = home_path(path, NULL, "default-identity", NULL);
	if (err)
		return err;
	if (home_read(path, text, sizeof(text)) < 0)
		return home_missing(path);
	text[strcspn(text, "\n")] = '\0';
	err = home_is_name(text) ? vault_find(text, path, vault) : CTL_NOT_FOUND;
	if (err || !vault[0])
		return err ? err : CTL_NOT_FOUND;
	snprintf(name, 65, "%.64s", text);
	return 0;
}

int identity_set_default(const char *name)
{
	char path[HOME_PATH_MAX];
	int err;

	err = home_path(path, NULL, "default-identity", NULL);
	return err ? err : home_write(path, name, strlen(name));
}

int identity_ensure(const char *name, struct identity *identity)
{
	static const struct identity_options none;
	char chosen[65] = "default", path[HOME_PATH_MAX];
	int err = 0;

	if (name)
		snprintf(chosen, sizeof(chosen), "%.64s", name);
	else
		err = identity_default(chosen);
	if (!err || err == CTL_NOT_FOUND)
		err = home_lock();
	if (!err)
		err = find(chosen, identity, path);
	if (!err)
		return identity_load(chosen, identity);
	if (err != CTL_NOT_FOUND)
		return err;
	ctl_note("made identity '%s'", chosen);
	return identity_make(chosen, &none, identity);
}

int identity_key(const char *name, struct identity *identity,
		 struct ockam_identity *verified, EVP_PKEY **key)
{
	struct store_keys keys = { 0 };
	char path[HOME_PATH_MAX];
	int err;

	err = open_own(name, identity, verified, &keys, path);
	if (!err) {
		*key = keys.key;
		keys.key = NULL;
	}
	store_free(&keys);
	return err;
}
