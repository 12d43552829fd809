// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl identity */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include "cbor.h"
#include "ctl.h"
#include "home.h"
#include "keys.h"

static struct identity identity;

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	char text[66];
	int err;

	err = identity_make(name, &identity);
	if (err)
		return err;
	ctl_identifier(text, identity.id);
	return ctl_result(json_pack("{s:s}", "identifier", text), "%s", text);
}

/* The name that is meant: the argument's or the default one. */
static int choose(struct ctl_args *args, char name[65])
{
	if (args->pos_count)
		snprintf(name, 65, "%.64s", args->pos[0]);
	else if (identity_default(name))
		return ctl_fail(CTL_NOT_FOUND, "there is no identity yet: ockamctl identity create");
	return 0;
}

/* One change for --full; the history was verified, so the shape is right. */
static json_t *change_json(const struct ockam_identity *verified)
{
	char text[2 * OCKAM_P256_KEY_LEN + 1], hash[65];
	bool p256 = verified->latest_key.alg;

	ctl_hex(hash, verified->latest_hash, 32);
	ctl_hex(text, verified->latest_key.key, p256 ? 65 : 32);
	return json_pack("{s:s, s:o, s:b}", "identifier", hash,
			 "primary_public_key",
			 json_sprintf("%s: %s", p256 ? "ECDSASHA256CurveP256" :
				      "EdDSACurve25519", text),
			 "revoke_all_purpose_keys", 0);
}

static int show_full(struct ctl_args *args)
{
	static char hex[2 * KEYS_HISTORY_MAX + 1];
	struct ockam_identity verified;
	char text[66];

	ctl_hex(hex, identity.history, identity.history_len);
	if (args->encoding_hex)
		return ctl_value("%s", hex);
	if (ockam_ident_verify_history(&verified, identity.history,
				       identity.history_len))
		return ctl_fail(CTL_DATA, "the history is damaged");
	ctl_identifier(text, identity.id);
	return ctl_print(json_pack("{s:s, s:[o], s:s}", "identifier", text,
				   "changes", change_json(&verified),
				   "encoded", hex));
}

static int show(struct ctl_args *args)
{
	char name[65], text[66];
	int err;

	err = choose(args, name);
	if (!err)
		err = identity_peek(name, &identity, false);
	if (err)
		return err;
	if (args->full)
		return show_full(args);
	ctl_identifier(text, identity.id);
	return ctl_result(json_pack("{s:s}", "identifier", text), "%s", text);
}

static int list(struct ctl_args *args)
{
	char path[HOME_PATH_MAX], name[65], chosen[65] = "", text[66];
	json_t *all = json_array();
	struct dirent *entry;
	size_t len;
	DIR *dir;
	int err;

	(void)args;
	identity_default(chosen);
	err = home_path(path, "identities", NULL, NULL);
	if (err)
		return err;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		len = strlen(entry->d_name);
		if (len <= 8 || len > 72 ||
		    strcmp(entry->d_name + len - 8, ".history"))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - 8),
			 entry->d_name);
		if (identity_peek(name, &identity, false))
			continue;
		ctl_identifier(text, identity.id);
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:b}",
			"identifier", text, "name", name, "vault_name",
			"default", "is_default", !strcmp(name, chosen)));
	}
	if (dir)
		closedir(dir);
	return ctl_print(all);
}

static int set_default(struct ctl_args *args)
{
	char name[65];
	int err;

	err = choose(args, name);
	if (!err && args->pos_count) {
		err = identity_peek(name, &identity, false);
		if (!err)
			err = identity_set_default(name);
	}
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

const struct ctl_command identity_commands[] = {
	{ "create", create, NULL, "[NAME] [--output json]",
	  "make an identity; its key stays in the vault",
	  "ockamctl identity create alice" },
	{ "show", show, NULL, "[NAME] [--full] [--output json]",
	  "print an identifier, or the whole history",
	  "ockamctl identity show alice --full" },
	{ "list", list, NULL, "[--output json]", "list identities",
	  "ockamctl identity list" },
	{ "default", set_default, NULL, "[NAME] [--output json]",
	  "print or choose the identity that nodes get",
	  "ockamctl identity default alice" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
