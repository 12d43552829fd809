// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl credential */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "authority.h"
#include "home.h"
#include "object.h"
#include "route.h"

#define SUFFIX		".credential"
#define DEFAULT_TTL	1800	/* seconds, as upstream's command line */

static uint8_t credential[CREDENTIAL_MAX];
static size_t credential_len;
static char hex[2 * CREDENTIAL_MAX + 1];

/* What it says; it may be a lie. */
static json_t *say(const uint8_t *bytes, size_t len)
{
	struct ockam_credential_info info;

	if (ockam_ident_read_credential(&info, bytes, len))
		return NULL;
	ctl_hex(hex, bytes, len);
	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "credential", hex,
			 "subject", object_identifier(true, info.subject),
			 "issuer", object_identifier(true, info.issuer),
			 "created_at", (json_int_t)info.created_at,
			 "expires_at", (json_int_t)info.expires_at,
			 "attributes", attributes_json(info.attributes.data,
						       info.attributes.len));
}

/* "90", "30m", "12h", "30d"; 0 after a message */
static uint64_t read_ttl(const char *text)
{
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		      { "d", 86400 } };
	unsigned long count;
	char *end;

	if (!text)
		return DEFAULT_TTL;
	count = strtoul(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*text >= '1' && *text <= '9' && count < 100000000 &&
		    !strcmp(end, units[i].unit))
			return count * units[i].seconds;
	ctl_fail(CTL_USAGE, "--ttl is a time such as 90s, 30m, 12h or 30d");
	return 0;
}

static int issue(struct ctl_args *args)
{
	uint64_t ttl = read_ttl(args->ttl);
	char issuer[65] = "default";
	uint8_t subject[32];
	json_t *json;
	int err = 0;

	if (!ttl)
		return CTL_USAGE;
	if (!args->subject)
		return ctl_fail(CTL_USAGE, "say whom it is about: --for IDENTIFIER");
	if (args->as)
		snprintf(issuer, sizeof(issuer), "%.64s", args->as);
	else
		err = identity_default(issuer);
	if (!err || err == CTL_NOT_FOUND)
		err = ctl_parse_identifier(subject, args->subject);
	if (!err)
		err = credential_issue(issuer, subject, &args->attribute, ttl,
				       credential, &credential_len);
	if (err)
		return err;
	json = say(credential, credential_len);
	return ctl_result(json, "%s", hex);
}

/* A credential that must be given, as bytes. */
static int read_arg(const struct ctl_args *args, int at)
{
	if (args->pos_count <= at)
		return ctl_fail(CTL_USAGE, "say which credential: its name, its hex or a file");
	return credential_read(args->pos[at], credential, &credential_len);
}

/* By whom it must be issued. *why: NULL when it is good. */
static int judge(const struct ctl_args *args, const char **why)
{
	static struct identity identity;
	struct ockam_identity authority;
	struct ockam_slice attributes;
	enum ockam_ident_reason reason;
	uint64_t expires_at;
	int err;

	if (!args->issuer)
		return ctl_fail(CTL_USAGE, "say who must have issued it: --issuer HISTORY");
	err = authority_read(args->issuer, &identity, &authority);
	if (err)
		return err;
	reason = ockam_ident_verify_credential(&attributes, &expires_at,
					       credential, credential_len,
					       &authority, NULL, time(NULL));
	*why = reason ? ockam_ident_reason_name(reason) : NULL;
	return 0;
}

static int verify(struct ctl_args *args)
{
	const char *why = NULL;
	int err;

	err = read_arg(args, 0);
	if (!err)
		err = judge(args, &why);
	if (err)
		return err;
	err = ctl_result(json_pack("{s:b, s:o}", "is_valid", !why, "reason",
				   object_text(why ? why : "")), "%s%s",
			 why ? "Credential is not valid: " :
			 "Credential is valid", why ? why : "");
	return !err && why && args->strict ? CTL_DATA : err;
}

static int store_path(const char *name, char path[HOME_PATH_MAX])
{
	int err = home_check_name("credential", name);

	return err ? err : home_path(path, "credentials", name, SUFFIX);
}

static int store(struct ctl_args *args)
{
	char path[HOME_PATH_MAX];
	const char *why = NULL;
	int err;

	if (args->pos_count < 2)
		return ctl_fail(CTL_USAGE, "say under which name, and the credential");
	err = store_path(args->pos[0], path);
	if (!err)
		err = home_lock();
	if (!err)
		err = read_arg(args, 1);
	if (!err)
		err = judge(args, &why);
	if (!err && why)
		err = ctl_fail(CTL_DATA, "the credential is not good: %s", why);
	if (err)
		return err;
	ctl_hex(hex, credential, credential_len);
	err = home_write(path, hex, strlen(hex));
	return err ? err : ctl_result(json_pack("{s:s}", "name", args->pos[0]),
				      "%s", args->pos[0]);
}

static int add_stored(json_t *all, const char *name)
{
	json_t *json;
	int err = credential_read(name, credential, &credential_len);

	if (err)
		return err;
	json = say(credential, credential_len);
	if (!json)
		return ctl_fail(CTL_DATA, "credential '%s' is none: ockamctl credential delete %s",
				name, name);
	json_object_set_new(json, "name", json_string(name));
	json_array_append_new(all, json);
	return 0;
}

static int list(struct ctl_args *args)
{
	json_t *all = json_array(), *names, *name;
	char path[HOME_PATH_MAX];
	int err, last;
	size_t i;

	(void)args;
	err = home_path(path, "credentials", NULL, NULL);
	if (!err)
		err = home_names(path, SUFFIX, &names);
	if (err)
		return err;
	json_array_foreach(names, i, name) {
		last = add_stored(all, json_string_value(name));
		if (last)
			err = last;
	}
	json_decref(names);
	last = ctl_print(all);
	return err ? err : last;
}

static int show(struct ctl_args *args)
{
	json_t *json;
	int err = read_arg(args, 0);

	if (err)
		return err;
	json = say(credential, credential_len);
	return json ? ctl_print(json) :
	       ctl_fail(CTL_DATA, "that is no credential");
}

static int delete(struct ctl_args *args)
{
	char path[HOME_PATH_MAX];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say which credential: its name");
	err = store_path(args->pos[0], path);
	if (err || !ctl_confirm(args, args->pos[0]))
		return err;
	if (unlink(path))
		return errno == ENOENT ?
		       ctl_fail(CTL_NOT_FOUND, "there is no credential '%s': ockamctl credential list",
				args->pos[0]) :
		       ctl_fail(CTL_IO, "cannot delete %s: %s", path,
				strerror(errno));
	return ctl_result(json_pack("{s:s}", "name", args->pos[0]), "%s",
			  args->pos[0]);
}

static int present(struct ctl_args *args)
{
	bool none = args->pos_count && !strcmp(args->pos[0], "none");
	struct request *request;
	char node[65];
	int err;

	err = node_name(args->at, node);
	if (!err && !none)
		err = read_arg(args, 0);
	if (err)
		return err;
	request = request_new(OCKAM_CMD_NODE_SET);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_CREDENTIAL, credential, credential_len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, "cannot present the credential") :
	       ctl_result(json_pack("{s:s}", "node", node), "%s", node);
}

const struct ctl_command credential_commands[] = {
	{ "issue", issue, NULL,
	  "--for IDENTIFIER [--as IDENTITY] [--attribute KEY=VALUE]... [--ttl TIME] [--output json]",
	  "sign what an identity of ours says of another one",
	  "ockamctl credential issue --as authority --for IDENTIFIER --attribute role=db --ttl 30d" },
	{ "verify", verify, NULL,
	  "CREDENTIAL --issuer HISTORY [--strict] [--output json]",
	  "tell whether a credential is good; --strict: exit 65 if not",
	  "ockamctl credential verify member.hex --issuer authority" },
	{ "store", store, NULL,
	  "NAME CREDENTIAL --issuer HISTORY [--output json]",
	  "keep a good credential under a name",
	  "ockamctl credential store member member.hex --issuer authority.hex" },
	{ "list", list, NULL, "[--output json]", "list stored credentials",
	  "ockamctl credential list" },
	{ "show", show, NULL, "CREDENTIAL [--output json]",
	  "print what a credential says", "ockamctl credential show member" },
	{ "delete", delete, NULL, "NAME [--yes] [--output json]",
	  "forget a stored credential", "ockamctl credential delete member" },
	{ "present", present, NULL, "CREDENTIAL|none [--at NODE] [--output json]",
	  "let a node present it to the peers of all its channels",
	  "ockamctl credential present member --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
