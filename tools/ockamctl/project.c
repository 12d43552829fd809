// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl project: named remote nodes with a pinned identity. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "home.h"
#include "keys.h"
#include "node.h"
#include "route.h"

#define PROJECT_MAX	(256 * 1024)

static const char *text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

/* An access route: /dnsaddr/HOST/tcp/PORT/service/NAME */
static int parse_access(const char *text, struct place *out)
{
	if (place_parse(text, out))
		return CTL_DATA;
	if (!out->route.count)
		return ctl_fail(CTL_DATA, "an access route ends at a channel listener: /dnsaddr/HOST/tcp/PORT/service/NAME");
	return 0;
}

/* Has it all that a project needs? An exit code after one line on stderr. */
static int judge(const char *path, json_t *json)
{
	const char *name, *identity, *route;
	static struct place place;
	unsigned char id[32];

	if (json_unpack(json, "{s:s, s:s, s:s}", "name", &name, "identity",
			&identity, "access_route", &route))
		return ctl_fail(CTL_DATA, "%s is no project file: it needs name, identity and access_route",
				path);
	if (home_check_name("project", name) ||
	    ctl_parse_identifier(id, identity))
		return CTL_DATA;
	return parse_access(route, &place);
}

/* Read and judge a project file; NULL after one line on stderr. */
static json_t *read_file(const char *path, int *code)
{
	static char text[PROJECT_MAX + 2];
	json_error_t error;
	json_t *json;
	ssize_t len;

	*code = CTL_INPUT;
	len = home_read(path, text, sizeof(text));
	if (len < 0) {
		ctl_fail(*code, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	*code = CTL_DATA;
	if (len > PROJECT_MAX) {
		ctl_fail(*code, "%s is no project file: more than %d bytes",
			 path, PROJECT_MAX);
		return NULL;
	}
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		ctl_fail(*code, "%s is no project file: line %d: %s", path,
			 error.line, error.text);
		return NULL;
	}
	*code = judge(path, json);
	if (!*code)
		return json;
	json_decref(json);
	return NULL;
}

static int write_json(const char *path, const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
	int err;

	if (!text)
		return ctl_fail(CTL_INTERNAL, "out of memory");
	err = home_write(path, text, strlen(text));
	free(text);
	return err;
}

/* Whoever has this name already must be the same. */
static int check_same(const char *path, const json_t *json)
{
	const char *is = text_of(json, "identity"), *was;
	json_t *old;
	int err;

	if (access(path, F_OK))
		return 0;
	old = read_file(path, &err);
	if (!old)
		return err;
	was = text_of(old, "identity");
	err = strcmp(is, was) ?
	      ctl_fail(CTL_EXISTS, "project '%s' is %s here, not %s: ockamctl project delete %s comes first",
		       text_of(json, "name"), was, is, text_of(json, "name")) : 0;
	json_decref(old);
	return err;
}

static int store(json_t *json, char name[65])
{
	char path[HOME_PATH_MAX];
	int err;

	snprintf(name, 65, "%.64s", text_of(json, "name"));
	err = home_path(path, "projects", name, ".json");
	if (!err)
		err = check_same(path, json);
	return err ? err : write_json(path, json);
}

int project_import_file(const char *file, char name[65])
{
	json_t *json;
	int err;

	json = read_file(file, &err);
	if (!json)
		return err;
	err = store(json, name);
	json_decref(json);
	return err;
}

/* The file that is meant by /project/NAME on a node. */
static int project_path(const char *node, const char *name,
			char path[HOME_PATH_MAX])
{
	char pinned[140];
	int err;

	snprintf(pinned, sizeof(pinned), "%s@%s", name, node ? node : "");
	err = home_path(path, "pins", pinned, ".json");
	if (!err && node && !access(path, R_OK))
		return 0;
	return err ? err : home_path(path, "projects", name, ".json");
}

int project_load(const char *node, const char *name, struct project *out)
{
	char path[HOME_PATH_MAX];
	json_t *json;
	int err;

	err = home_check_name("project", name);
	if (!err)
		err = project_path(node, name, path);
	if (err)
		return err;
	if (access(path, R_OK))
		return ctl_fail(CTL_NOT_FOUND, "there is no project '%s': ockamctl project import --project-file FILE",
				name);
	json = read_file(path, &err);
	if (!json)
		return err;
	snprintf(out->name, sizeof(out->name), "%s", name);
	ctl_parse_identifier(out->identifier, text_of(json, "identity"));
	err = parse_access(text_of(json, "access_route"), &out->place);
	json_decref(json);
	return err;
}

/* Is it meant as a file, whatever the projects are called? */
static bool is_file_name(const char *text)
{
	const char *dot = strrchr(text, '.');

	return strchr(text, '/') || (dot && !strcmp(dot, ".json"));
}

/* The one that is meant, which comes first; or else the other one. */
static int find_file(const char *text, char path[HOME_PATH_MAX])
{
	bool file = !access(text, R_OK), stored = false;
	int err = 0;

	if (home_is_name(text)) {
		err = home_path(path, "projects", text, ".json");
		stored = !err && !access(path, R_OK);
	}
	if (err || (stored && !(file && is_file_name(text))))
		return err;
	if (!file)
		return ctl_fail(CTL_NOT_FOUND, "'%s' is neither a file nor a project (ockamctl project list)",
				text);
	snprintf(path, HOME_PATH_MAX, "%s", text);
	return 0;
}

int project_pin(const char *node, const char *file_or_name)
{
	char path[HOME_PATH_MAX], pinned[140];
	json_t *json;
	int err;

	err = find_file(file_or_name, path);
	if (err)
		return err;
	json = read_file(path, &err);
	if (!json)
		return err;
	snprintf(pinned, sizeof(pinned), "%s@%s", text_of(json, "name"), node);
	err = home_path(path, "pins", pinned, ".json");
	if (!err)
		err = write_json(path, json);
	json_decref(json);
	return err;
}

/* The keys that upstream writes, so that the file moves both ways. */
static json_t *project_json(const char *name, const char *route,
			    const struct identity *identity)
{
	static char hex[2 * KEYS_HISTORY_MAX + 1];
	char id[66], uuid[40];

	ctl_identifier(id, identity->id);
	ctl_hex(hex, identity->history, identity->history_len);
	/* Stable and unique: it is made of the identifier. */
	snprintf(uuid, sizeof(uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", id + 1,
		 id + 9, id + 13, id + 17, id + 21);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:n, s:b, s:[], s:[]}",
			 "id", uuid, "name", name, "space_name", "",
			 "access_route", route, "identity", id,
			 "project_change_history", hex,
			 "authority_access_route", "authority_identity",
			 "version", "running", 1, "users", "user_roles");
}

/* Whoever has this name already must be who is going to play it. */
static int check_free(const char *name)
{
	static struct identity identity;
	char path[HOME_PATH_MAX], id[66] = "a new identity";
	json_t *json;
	int err;

	err = identity_peek("project", &identity, true);
	if (!err)
		ctl_identifier(id, identity.id);
	if (!err || err == CTL_NOT_FOUND)
		err = home_path(path, "projects", name, ".json");
	if (err)
		return err;
	json = json_pack("{s:s, s:s}", "name", name, "identity", id);
	err = check_same(path, json);
	json_decref(json);
	return err;
}

/* Where its node listens, to be told to others. */
static int hosted_route(char *route, size_t size)
{
	struct sockaddr_storage addr;
	char host[80], *colon;

	if (node_listener("project", &addr))
		return ctl_fail(CTL_UNAVAILABLE, "node 'project' does not listen: ockamctl node delete project");
	addr_text(host, sizeof(host), &addr);
	colon = strrchr(host, ':');
	*colon = '\0';
	snprintf(route, size, "/%s/%.*s/tcp/%s/service/api",
		 host[0] == '[' ? "ip6" : "ip4",
		 (int)strlen(host) - 2 * (host[0] == '['),
		 host + (host[0] == '['), colon + 1);
	return 0;
}

static int host_project(struct ctl_args *args, const char *name)
{
	static unsigned char authorized[32 * CTL_MAX_VALUES];
	static struct identity identity;
	struct node_options options = {
		.name = "project", .identity = "project", .relays = true,
		.address = args->tcp_listener_address,
		.registrars = authorized,
	};
	char route[128], stored[65];
	json_t *json;
	int err;

	err = ctl_parse_identifiers(authorized, &options.registrars_len,
				    &args->authorized);
	if (!err)
		err = check_free(name);
	if (!err)
		err = node_make(&options);
	if (!err)
		err = identity_peek("project", &identity, false);
	if (!err)
		err = hosted_route(route, sizeof(route));
	if (err)
		return err;
	json = project_json(name, route, &identity);
	err = json ? store(json, stored) :
	      ctl_fail(CTL_INTERNAL, "out of memory");
	json_decref(json);
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static int create(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	static struct place place;
	json_t *json;
	char stored[65];
	unsigned char id[32];
	int err;

	err = home_check_name("project", name);
	if (err)
		return err;
	if (args->host)
		return host_project(args, name);
	if (!args->at || !args->identifier)
		return ctl_fail(CTL_USAGE, "say --host, or --at ROUTE and --identifier IDENTIFIER");
	err = ctl_parse_identifier(id, args->identifier);
	if (!err)
		err = parse_access(args->at, &place);
	if (err)
		return err;
	json = json_pack("{s:s, s:s, s:s}", "name", name, "access_route",
			 args->at, "identity", args->identifier);
	err = store(json, stored);
	json_decref(json);
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static int information(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	char path[HOME_PATH_MAX];
	json_t *json;
	int err;

	err = home_check_name("project", name);
	if (!err)
		err = project_path(NULL, name, path);
	if (err)
		return err;
	if (access(path, R_OK))
		return ctl_fail(CTL_NOT_FOUND, "there is no project '%s': ockamctl project create %s --host",
				name, name);
	json = read_file(path, &err);
	return json ? ctl_print(json) : err;
}

static int import(struct ctl_args *args)
{
	char name[65];
	int err;

	if (!args->file)
		return ctl_fail(CTL_USAGE, "--project-file FILE is needed");
	err = project_import_file(args->file, name);
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static int remove_file(const char *path)
{
	if (!unlink(path) || errno == ENOENT)
		return 0;
	return ctl_fail(CTL_IO, "cannot delete %s: %s", path, strerror(errno));
}

/* What nodes pinned of it: NAME@NODE.json */
static int remove_pins(const char *name)
{
	char path[HOME_PATH_MAX], file[HOME_PATH_MAX + 300];
	struct dirent *entry;
	int err;
	DIR *dir;

	err = home_path(path, "pins", NULL, NULL);
	if (err)
		return err;
	dir = opendir(path);
	while (!err && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, name, strlen(name)) ||
		    entry->d_name[strlen(name)] != '@')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		err = remove_file(file);
	}
	if (dir)
		closedir(dir);
	return err;
}

static int delete(struct ctl_args *args)
{
	const char *name = args->pos_count ? args->pos[0] : "default";
	char path[HOME_PATH_MAX];
	int err;

	err = home_check_name("project", name);
	if (!err)
		err = home_path(path, "projects", name, ".json");
	if (err)
		return err;
	if (access(path, F_OK))
		return ctl_fail(CTL_NOT_FOUND, "there is no project '%s': ockamctl project list",
				name);
	if (!ctl_confirm(args, name))
		return CTL_OK;
	err = remove_pins(name);
	if (!err)
		err = remove_file(path);
	if (!err)
		err = links_delete(name);
	return err ? err : ctl_result(json_pack("{s:s}", "name", name), "%s",
				      name);
}

static int list(struct ctl_args *args)
{
	json_t *all = json_array(), *names, *name, *json;
	char path[HOME_PATH_MAX];
	int err, last;
	size_t i;

	(void)args;
	err = home_path(path, "projects", NULL, NULL);
	if (!err)
		err = home_names(path, ".json", &names);
	if (err)
		return err;
	json_array_foreach(names, i, name) {
		last = home_path(path, "projects", json_string_value(name),
				 ".json");
		json = last ? NULL : read_file(path, &last);
		if (json)
			json_array_append_new(all, json);
		if (last)
			err = last;
	}
	json_decref(names);
	last = ctl_print(all);
	return err ? err : last;
}

const struct ctl_command project_commands[] = {
	{ "create", create, NULL,
	  "[NAME] --host [--tcp-listener-address A:P] [--authorized IDENTIFIER]... | --at ROUTE --identifier IDENTIFIER [--output json]",
	  "let this machine play a project, or name a remote one",
	  "ockamctl project create default --host" },
	{ "information", information, NULL, "[NAME] [--output json]",
	  "print a project",
	  "ockamctl project information --output json > project.json" },
	{ "show", information, NULL, "[NAME] [--output json]",
	  "the same as information", "ockamctl project show default" },
	{ "import", import, NULL, "--project-file FILE [--output json]",
	  "store a project that another machine printed",
	  "ockamctl project import --project-file project.json" },
	{ "list", list, NULL, "[--output json]", "list projects",
	  "ockamctl project list" },
	{ "delete", delete, NULL, "[NAME] [--yes] [--output json]",
	  "forget a project, its pins and its links; a node that plays it stays",
	  "ockamctl project delete default" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
