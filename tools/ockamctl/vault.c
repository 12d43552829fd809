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

/* Is it there? 0, CTL_NOT_FOUND without a message, or another code. */
static int look(const char *path)
{
	return access(path, F_OK) ? home_missing(path) : 0;
}

static int need_vault(const char *vault, char path[HOME_PATH_MAX])
{
	int err = vault_path(vault, path);

	if (!err)
		err = look(path);
	return err != CTL_NOT_FOUND ? err :
	       ctl_fail(err, "there is no vault '%s': ockamctl vault create %s",
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

static int vault_names(json_t **out)
{
	char path[HOME_PATH_MAX];
	int err = vaults_path(path);

	*out = NULL;
	return err ? err : home_names(path, "", out);
}

int vault_find(const char *name, char path[HOME_PATH_MAX], char vault[65])
{
	json_t *all, *one;
	size_t i;
	int err;

	err = home_check_name("identity", name);
	if (!err)
		err = vault_names(&all);
	if (err)
		return err;
	err = CTL_NOT_FOUND;
	json_array_foreach(all, i, one) {
		snprintf(vault, 65, "%s", json_string_value(one));
		err = vault_path(vault, path);
		if (err)
			break;
		add_file(path, name);
		err = look(path);
		if (err != CTL_NOT_FOUND)
			break;
	}
	json_decref(all);
	if (err != CTL_NOT_FOUND)
		return err;
	vault[0] = '\0';
	err = vault_place_known(name, path);
	return err ? err : look(path);
}

static int add_names(const char *path, json_t *all)
{
	json_t *names;
	int err = home_names(path, ".pem", &names);

	json_array_extend(all, names);
	json_decref(names);
	return err;
}

int vault_identities(json_t **out)
{
	char path[HOME_PATH_MAX];
	json_t *vaults, *one;
	size_t i;
	int err;

	*out = json_array();
	err = vault_names(&vaults);
	json_array_foreach(vaults, i, one) {
		if (!err)
			err = vault_path(json_string_value(one), path);
		if (!err)
			err = add_names(path, *out);
	}
	json_decref(vaults);
	if (!err)
		err = home_path(path, "known", NULL, NULL);
	return err ? err : add_names(path, *out);
}

static int vault_json(const char *name, json_t **out)
{
	char path[HOME_PATH_MAX];
	json_t *names;
	int err;

	*out = NULL;
	err = vault_path(name, path);
	if (err)
		return err;
	err = home_names(path, ".pem", &names);
	*out = json_pack("{s:{s:s, s:b, s:s, s:o}}", "vault", "name", name,
			 "is_default", !strcmp(name, VAULT_DEFAULT), "path",
			 path, "identities", names);
	return err;
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
	json_t *names, *all = json_array(), *name, *one;
	int err, last;
	size_t i;

	(void)args;
	err = vault_names(&names);
	if (err)
		return err;
	json_array_foreach(names, i, name) {
		last = vault_json(json_string_value(name), &one);
		json_array_append_new(all, one);
		if (last)
			err = last;
	}
	json_decref(names);
	last = ctl_print(all);
	return err ? err : last;
}

static int show(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : VAULT_DEFAULT;
	char path[HOME_PATH_MAX];
	json_t *json;
	int err = need_vault(name, path);

	if (!err)
		err = vault_json(name, &json);
	return err ? err : ctl_print(json);
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
