// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl vault, and where identities are in vaults. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "vault.h"

/*
 * vaults/VAULT/NAME.pem is an identity with its keys, known/NAME.pem the
 * history of another one. No name is used twice.
 */

static int vaults_path(char path[HOME_PATH_MAX])
{
	return home_path(path, "vaults", NULL, NULL);
}

/* The folder of a vault, whether it is there or not. */
static int vault_path(const char *vault, char path[HOME_PATH_MAX])
{
	size_t len;
	int err;

	err = home_check_name("vault", vault);
	if (!err)
		err = vaults_path(path);
	if (err)
		return err;
	len = strlen(path);
	snprintf(path + len, HOME_PATH_MAX - len, "/%s", vault);
	return 0;
}

static int need_vault(const char *vault, char path[HOME_PATH_MAX])
{
	int err = vault_path(vault, path);

	if (err || !access(path, F_OK))
		return err;
	if (errno != ENOENT)
		return ctl_fail(CTL_IO, "cannot open %s: %s", path,
				strerror(errno));
	return ctl_fail(CTL_NOT_FOUND, "there is no vault '%s': ockamctl vault create %s",
			vault, vault);
}

static void add_file(char path[HOME_PATH_MAX], const char *name)
{
	size_t len = strlen(path);

	snprintf(path + len, HOME_PATH_MAX - len, "/%s.pem", name);
}

int vault_place_known(const char *name, char path[HOME_PATH_MAX])
{
	return home_path(path, "known", name, ".pem");
}

int vault_place(const char *vault, const char *name, char path[HOME_PATH_MAX])
{
	int err;

	if (!vault || !strcmp(vault, VAULT_DEFAULT))
		err = vault_path(VAULT_DEFAULT, path);
	else
		err = need_vault(vault, path);
	if (!err)
		add_file(path, name);
	return err;
}

int vault_find(const char *name, char path[HOME_PATH_MAX], char vault[65])
{
	char vaults[HOME_PATH_MAX];
	json_t *all, *one;
	size_t i;
	int err;

	err = home_check_name("identity", name);
	if (!err)
		err = vaults_path(vaults);
	if (err)
		return err;
	all = home_names(vaults, "");
	err = CTL_NOT_FOUND;
	json_array_foreach(all, i, one) {
		snprintf(vault, 65, "%s", json_string_value(one));
		err = vault_path(vault, path);
		if (err)
			break;
		add_file(path, name);
		err = access(path, F_OK) ? CTL_NOT_FOUND : 0;
		if (!err)
			break;
	}
	json_decref(all);
	if (err != CTL_NOT_FOUND)
		return err;
	vault[0] = '\0';
	err = vault_place_known(name, path);
	return err ? err : access(path, F_OK) ? CTL_NOT_FOUND : 0;
}

/* The identities in a vault. */
static json_t *contents(const char *vault)
{
	char path[HOME_PATH_MAX];

	return vault_path(vault, path) ? json_array() : home_names(path, ".pem");
}

static json_t *vault_names(void)
{
	char path[HOME_PATH_MAX];

	return vaults_path(path) ? NULL : home_names(path, "");
}

int vault_identities(json_t **out)
{
	json_t *vaults = vault_names(), *one;
	char path[HOME_PATH_MAX];
	size_t i;
	int err;

	*out = json_array();
	err = home_path(path, "known", NULL, NULL);
	if (err)
		return err;
	json_array_foreach(vaults, i, one) {
		json_t *names = contents(json_string_value(one));

		json_array_extend(*out, names);
		json_decref(names);
	}
	json_decref(vaults);
	one = home_names(path, ".pem");
	json_array_extend(*out, one);
	json_decref(one);
	return 0;
}

static json_t *vault_json(const char *name)
{
	char path[HOME_PATH_MAX] = "";

	vault_path(name, path);
	return json_pack("{s:{s:s, s:b, s:s, s:o}}", "vault", "name", name,
			 "is_default", !strcmp(name, VAULT_DEFAULT), "path",
			 path, "identities", contents(name));
}

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : VAULT_DEFAULT;
	char path[HOME_PATH_MAX];
	int err;

	err = vault_path(name, path);
	if (!err)
		err = home_lock();
	if (err)
		return err;
	if (!access(path, F_OK))
		return ctl_fail(CTL_EXISTS, "vault '%s' exists", name);
	err = home_make_dir(path);
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static int list(struct ctl_args *args)
{
	json_t *names = vault_names(), *all = json_array(), *name;
	size_t i;

	(void)args;
	if (!names)
		return CTL_IO;
	json_array_foreach(names, i, name)
		json_array_append_new(all, vault_json(json_string_value(name)));
	json_decref(names);
	return ctl_print(all);
}

static int show(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : VAULT_DEFAULT;
	char path[HOME_PATH_MAX];
	int err = need_vault(name, path);

	return err ? err : ctl_print(vault_json(name));
}

static int delete(struct ctl_args *args)
{
	const char *name = args->pos[0];
	char path[HOME_PATH_MAX];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say which vault: ockamctl vault list");
	err = need_vault(name, path);
	if (err || !ctl_confirm(args, name))
		return err;
	err = home_lock();
	if (err)
		return err;
	if (!rmdir(path))
		return ctl_result(json_pack("{s:s}", "name", name), "%s", name);
	if (errno == ENOTEMPTY)
		return ctl_fail(CTL_EXISTS, "vault '%s' holds identities: delete them first, ockamctl vault show %s",
				name, name);
	return ctl_fail(CTL_IO, "cannot delete %s: %s", path, strerror(errno));
}

const struct ctl_command vault_commands[] = {
	{ "create", create, NULL, "[NAME] [--output json]",
	  "make a vault, where identities live",
	  "ockamctl vault create work" },
	{ "list", list, NULL, "[--output json]", "list vaults",
	  "ockamctl vault list" },
	{ "show", show, NULL, "[NAME] [--output json]",
	  "print a vault and the identities in it", "ockamctl vault show work" },
	{ "delete", delete, NULL, "NAME [--yes] [--output json]",
	  "delete a vault that holds no identity",
	  "ockamctl vault delete work" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
