// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl identity */

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "history.h"
#include "home.h"
#include "keys.h"
#include "vault.h"

static struct identity identity;

/* A channel key that is in the file, and not needed here. */
static void forget_secret(void)
{
	explicit_bzero(identity.secret, sizeof(identity.secret));
}

/* The identifier of what has been made. */
static int print_identifier(void)
{
	char text[66];

	ctl_identifier(text, identity.id);
	return ctl_result(json_pack("{s:s}", "identifier", text), "%s", text);
}

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	const struct identity_options options = {
		.vault = args->vault, .key_type = args->key_type,
	};
	int err;

	/* As upstream spells it. */
	if (args->identity)
		err = identity_know(name, args->identity, &identity);
	else
		err = identity_make(name, &options, &identity);
	forget_secret();
	return err ? err : print_identifier();
}

/* The name that is meant: the argument's or the default one. */
static int choose(struct ctl_args *args, char name[65])
{
	int err = 0;

	if (args->pos_count)
		snprintf(name, 65, "%.64s", args->pos[0]);
	else
		err = identity_default(name);
	return err != CTL_NOT_FOUND ? err :
	       ctl_fail(err, "there is no default identity: ockamctl identity create");
}

static int peek(struct ctl_args *args)
{
	char name[65];
	int err = choose(args, name);

	return err ? err : identity_peek(name, &identity, false);
}

/* show --full */

static void key_text(char *text, size_t size,
		     const struct ockam_public_key *key)
{
	bool p256 = key->alg == PKEY_P256;
	char hex[2 * OCKAM_P256_KEY_LEN + 1];

	ctl_hex(hex, key->key, p256 ? OCKAM_P256_KEY_LEN : 32);
	snprintf(text, size, "%s: %s", p256 ? "ECDSASHA256CurveP256" :
		 "EdDSACurve25519", hex);
}

static json_t *change_json(const struct change *change)
{
	char hash[65], key[200];

	ctl_hex(hash, change->hash, OCKAM_HASH_LEN);
	key_text(key, sizeof(key), &change->key);
	return json_pack("{s:s, s:s, s:b, s:I, s:I}", "identifier", hash,
			 "primary_public_key", key, "revoke_all_purpose_keys",
			 change->revoke, "created_at",
			 (json_int_t)change->valid_from, "expires_at",
			 (json_int_t)change->valid_until);
}

/* As upstream prints it, with two lines more. */
static void change_text(int number, const struct change *change)
{
	char hash[65], key[200], from[21], until[21];

	ctl_hex(hash, change->hash, OCKAM_HASH_LEN);
	key_text(key, sizeof(key), &change->key);
	ctl_date(from, change->valid_from);
	ctl_date(until, change->valid_until);
	printf("  Change[%d]:\n"
	       "    identifier:              %s\n"
	       "    primary_public_key:      %s\n"
	       "    revoke_all_purpose_keys: %s\n"
	       "    created_at:              %s\n"
	       "    expires_at:              %s\n",
	       number, hash, key, change->revoke ? "true" : "false", from,
	       until);
}

static int print_hex(void)
{
	static char hex[2 * KEYS_HISTORY_MAX + 1];

	ctl_hex(hex, identity.history, identity.history_len);
	return ctl_result(json_pack("{s:s}", "encoded", hex), "%s", hex);
}

static int show_full(void)
{
	static struct change changes[OCKAM_CHANGES_MAX];
	int count = history_read(changes, &identity);
	json_t *all = json_array();
	char text[66];

	ctl_identifier(text, identity.id);
	for (int i = 0; i < count; i++)
		json_array_append_new(all, change_json(&changes[i]));
	if (ctl_wants_json())
		return ctl_print(json_pack("{s:s, s:o}", "identifier", text,
					   "changes", all));
	json_decref(all);
	printf("Identifier: %s\n", text);
	for (int i = 0; i < count; i++)
		change_text(i, &changes[i]);
	return ctl_flush();
}

static int show(struct ctl_args *args)
{
	const char *encoding = args->encoding ? args->encoding : "plain";
	bool hex = !strcmp(encoding, "hex");
	int err;

	if (!hex && strcmp(encoding, "plain"))
		return ctl_fail(CTL_USAGE, "--encoding is plain or hex");
	err = peek(args);
	if (err)
		return err;
	if (!args->full)
		return print_identifier();
	return hex ? print_hex() : show_full();
}

static int list(struct ctl_args *args)
{
	char chosen[65] = "", text[66];
	json_t *all = json_array(), *names, *name;
	int err, last = 0;
	size_t i;

	(void)args;
	err = identity_default(chosen);
	if (!err || err == CTL_NOT_FOUND)
		err = vault_identities(&names);
	if (err)
		return err;
	json_array_foreach(names, i, name) {
		/* One that is damaged has been named; the others are listed. */
		last = identity_peek(json_string_value(name), &identity, true);
		if (last)
			err = last;
		if (last)
			continue;
		ctl_identifier(text, identity.id);
		json_array_append_new(all, json_pack("{s:s, s:s, s:s?, s:b}",
			"identifier", text, "name", identity.name, "vault_name",
			identity.vault[0] ? identity.vault : NULL, "is_default",
			!strcmp(identity.name, chosen)));
	}
	json_decref(names);
	last = ctl_print(all);
	return err ? err : last;
}

static int set_default(struct ctl_args *args)
{
	char name[65];
	int err;

	err = choose(args, name);
	if (!err && args->pos_count) {
		err = identity_peek(name, &identity, false);
		if (!err && !identity.vault[0])
			err = ctl_fail(CTL_NOT_FOUND, "identity '%s' is another one's: its key is not here",
				       name);
		if (!err)
			err = identity_set_default(name);
	}
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static json_t *name_json(const char *name)
{
	return json_pack("{s:s}", "name", name);
}

/* What a node uses stays: it could not be renewed. */
static int check_unused(const char *name)
{
	json_t *nodes;
	const char *node;
	int err = identity_try(name, &identity);

	if (err == CTL_NOT_FOUND)
		return ctl_fail(err, "there is no identity '%s': ockamctl identity list",
				name);
	/* Nodes know it by the identifier, which is lost. */
	if (err == CTL_DATA)
		ctl_note("identity '%s' is damaged: nodes are not looked at",
			 name);
	if (err)
		return err == CTL_DATA ? 0 : err;
	err = identity_nodes(identity.id, &nodes);
	node = json_string_value(json_array_get(nodes, 0));
	if (!err && node && identity.vault[0])
		err = ctl_fail(CTL_EXISTS, "node %s uses identity '%s': ockamctl node delete %s",
			       node, name, node);
	json_decref(nodes);
	return err;
}

static int delete_all(struct ctl_args *args)
{
	json_t *names, *all = json_array(), *one;
	const char *name;
	int err, last;
	size_t i;

	err = vault_identities(&names);
	if (err || !ctl_confirm(args, "all identities"))
		return err;
	json_array_foreach(names, i, one) {
		name = json_string_value(one);
		last = check_unused(name);
		if (!last)
			last = identity_delete(name);
		if (last)
			err = last;
		else if (ctl_wants_json())
			json_array_append_new(all, name_json(name));
		else
			ctl_value("%s", name);
	}
	json_decref(names);
	last = ctl_wants_json() ? ctl_print(all) : CTL_OK;
	return err ? err : last;
}

static int delete(struct ctl_args *args)
{
	const char *name = args->pos[0];
	int err;

	if (args->all)
		return delete_all(args);
	if (!name)
		return ctl_fail(CTL_USAGE, "say which identity, or --all");
	err = check_unused(name);
	if (err || !ctl_confirm(args, name))
		return err;
	err = identity_delete(name);
	return err ? err : ctl_result(name_json(name), "%s", name);
}

static int export(struct ctl_args *args)
{
	char name[65];
	int err = choose(args, name);

	if (err)
		return err;
	if (!args->private) {
		err = identity_peek(name, &identity, false);
		return err ? err : print_hex();
	}
	err = identity_export(name, args->private);
	return err ? err : ctl_result(json_pack("{s:s}", "file", args->private),
				      "%s", args->private);
}

/* The first line of standard input. */
static const char *read_hex(void)
{
	static char line[2 * KEYS_HISTORY_MAX + 80];

	if (isatty(STDIN_FILENO) || !fgets(line, sizeof(line), stdin))
		return NULL;
	return line;
}

static int import(struct ctl_args *args)
{
	const char *hex = args->pos[1];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say how the identity is to be called");
	if (args->private && hex)
		return ctl_fail(CTL_USAGE, "say one of HEX and --private");
	if (args->vault && !args->private)
		return ctl_fail(CTL_USAGE, "only what has a key goes to a vault: --private FILE");
	if (args->private) {
		err = identity_import(args->pos[0], args->private, args->vault,
				      &identity);
		forget_secret();
	} else {
		if (!hex)
			hex = read_hex();
		err = hex ? identity_know(args->pos[0], hex, &identity) :
		      ctl_fail(CTL_DATA, "standard input has no change history: pipe `ockamctl identity export` into it");
	}
	return err ? err : print_identifier();
}

static int rotate(struct ctl_args *args)
{
	const struct identity_options options = {
		.key_type = args->key_type, .revoke = args->revoke,
	};
	char name[65], text[66];
	json_t *nodes;
	int err;

	err = choose(args, name);
	if (!err)
		err = identity_rotate(name, &options, &identity);
	if (err)
		return err;
	ctl_identifier(text, identity.id);
	err = identity_install_all(&identity, &nodes);
	if (err)
		ctl_note("the key is a new one: `ockamctl identity renew %s` gives it to all nodes",
			 name);
	return err ? err : ctl_result(json_pack("{s:s, s:i, s:o}", "identifier",
						text, "changes",
						identity.changes, "nodes",
						nodes), "%s", text);
}

/* Load renews what ends soon; each node gets what there is then. */
static int renew_one(const char *name, json_t *all)
{
	char when[21];
	json_t *nodes;
	int err;

	err = identity_load(name, &identity);
	if (err)
		return err;
	err = identity_install_all(&identity, &nodes);
	if (err)
		return err;
	ctl_date(when, identity.expires);
	if (ctl_is_text())
		ctl_value("%s until %s", name, when);
	json_array_append_new(all, json_pack("{s:s, s:I, s:o}", "name", name,
					     "expires_at",
					     (json_int_t)identity.expires,
					     "nodes", nodes));
	return 0;
}

static int renew(struct ctl_args *args)
{
	json_t *all = json_array(), *names, *one;
	const char *name;
	char chosen[65];
	int err, last;
	size_t i;

	err = args->all ? vault_identities(&names) : choose(args, chosen);
	if (err)
		return err;
	if (!args->all)
		names = json_pack("[s]", chosen);
	json_array_foreach(names, i, one) {
		name = json_string_value(one);
		/* --all means those whose keys are here. */
		last = args->all ? identity_peek(name, &identity, true) : 0;
		if (!last && (!args->all || identity.vault[0]))
			last = renew_one(name, all);
		if (last)
			err = last;
	}
	json_decref(names);
	if (ctl_is_text() || (err && !args->all))
		return err;
	last = ctl_print(all);
	return err ? err : last;
}

const struct ctl_command identity_commands[] = {
	{ "create", create, NULL,
	  "[NAME] [--vault NAME] [--key-type ed25519|p256] | [NAME] --identity HEX [--output json]",
	  "make an identity, whose key stays in the vault; or know another one",
	  "ockamctl identity create alice --key-type p256" },
	{ "show", show, NULL,
	  "[NAME] [--full] [--encoding plain|hex] [--output json]",
	  "print an identifier, or all changes of the history",
	  "ockamctl identity show alice --full --encoding hex" },
	{ "list", list, NULL, "[--output json]", "list identities",
	  "ockamctl identity list" },
	{ "default", set_default, NULL, "[NAME] [--output json]",
	  "print or choose the identity that nodes get",
	  "ockamctl identity default alice" },
	{ "rotate", rotate, NULL,
	  "[NAME] [--key-type ed25519|p256] [--revoke-all-purpose-keys] [--output json]",
	  "replace the key; the identifier stays, and channels keep running",
	  "ockamctl identity rotate alice" },
	{ "renew", renew, NULL, "[NAME] [--all] [--output json]",
	  "renew the attestation of a channel key that ends within 30 days, also of nodes that run",
	  "ockamctl identity renew --all" },
	{ "export", export, NULL, "[NAME] [--private FILE] [--output json]",
	  "print the change history in hex, or write key and history to a new file",
	  "ockamctl identity export alice" },
	{ "import", import, NULL,
	  "NAME [HEX] | NAME --private FILE [--vault NAME] [--output json]",
	  "know another identity by its history, from standard input without HEX; or take an exported one with its key",
	  "ockamctl identity import bob --private bob.pem" },
	{ "delete", delete, NULL, "NAME | --all [--yes] [--output json]",
	  "destroy an identity that no node of this network namespace uses, and its key",
	  "ockamctl identity delete alice" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
