// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl service */

#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

static json_t *service_json(const struct object *object)
{
	return json_pack("{s:s, s:s}", "addr", object->address, "type",
			 object->type);
}

static int list(struct ctl_args *args)
{
	static const char *const columns[] = { "addr", NULL };
	json_t *all;
	int err;

	err = object_collect(args, OCKAM_ENDPOINT_SERVICE, service_json, &all);
	return err ? err : ctl_print_table(all, columns);
}

static int start(struct ctl_args *args)
{
	const char *type = args->pos_count ? args->pos[0] : "";
	const char *addr = args->address ? args->address : type;
	unsigned char authorized[32 * CTL_MAX_VALUES];
	struct request *request;
	char node[65];
	size_t len;
	int err;

	if (!*type)
		return ctl_fail(CTL_USAGE, "say which service: echo, uppercase, hop or relay");
	if (args->authorized.count && strcmp(type, "relay"))
		return ctl_fail(CTL_USAGE, "--authorized says who may register at a relay service");
	err = ctl_parse_identifiers(authorized, &len, &args->authorized);
	if (!err)
		err = node_name(args->at, node);
	if (err)
		return err;
	request = request_new(OCKAM_CMD_SERVICE_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_TYPE, type);
	request_bytes(request, OCKAM_A_ADDRESS, addr, strlen(addr));
	if (len)
		request_bytes(request, OCKAM_A_IDENTIFIERS, authorized, len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, addr) :
	       ctl_result(json_pack("{s:s, s:s}", "addr", addr, "type", type),
			  "%s", addr);
}

static int stop(struct ctl_args *args)
{
	return object_remove(args, OCKAM_ENDPOINT_SERVICE, "");
}

/* A listener's address in the node; TCP ones may be named as HOST:PORT. */
static int listener_address(const char *node, const char *name,
			    const char **address)
{
	static struct object listener;
	int err;

	*address = name;
	if (!strchr(name, ':'))
		return CTL_OK;
	err = object_find(node, OCKAM_ENDPOINT_TCP_LISTENER, name, &listener);
	*address = listener.address;
	return err;
}

static json_t *addresses_json(const struct ctl_args *args)
{
	json_t *all = json_array();

	for (int i = 1; i < args->pos_count; i++)
		json_array_append_new(all, json_string(args->pos[i]));
	return all;
}

/* Expose or hide addresses to what comes in by a listener. */
static int change_exposure(struct ctl_args *args, int command)
{
	static struct route names;
	struct request *request;
	const char *listener;
	char node[65];
	int err;

	if (args->pos_count < 2)
		return ctl_fail(CTL_USAGE, "say at which listener, and what: LISTENER NAME");
	err = node_name(args->at, node);
	if (!err)
		err = listener_address(node, args->pos[0], &listener);
	memset(&names, 0, sizeof(names));
	for (int i = 1; !err && i < args->pos_count; i++)
		err = route_add(&names, args->pos[i]);
	if (err)
		return err;
	request = request_new(command);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ADDRESS, listener, strlen(listener));
	request_bytes(request, OCKAM_A_EXPOSE, names.hops, names.len);
	err = request_send(request, NULL);
	if (err)
		return genl_fail(err, args->pos[0]);
	return ctl_result(json_pack("{s:s, s:o}", "listener", args->pos[0],
				    "addresses", addresses_json(args)),
			  "%s", args->pos[1]);
}

static int expose(struct ctl_args *args)
{
	return change_exposure(args, OCKAM_CMD_EXPOSURE_NEW);
}

static int hide(struct ctl_args *args)
{
	return change_exposure(args, OCKAM_CMD_EXPOSURE_DEL);
}

const struct ctl_command service_commands[] = {
	{ "list", list, NULL, "[--at NODE] [--output json]", "list services",
	  "ockamctl service list --at n1" },
	{ "start", start, NULL, "TYPE [--addr NAME] [--at NODE] [--authorized IDENTIFIER]... [--output json]",
	  "start echo, uppercase, hop or a relay service",
	  "ockamctl service start echo --at n1" },
	{ "stop", stop, NULL, "NAME [--at NODE] [--yes] [--output json]",
	  "stop a service; without --at on the one node that has it",
	  "ockamctl service stop echo --at n1" },
	{ "expose", expose, NULL, "LISTENER NAME... [--at NODE] [--output json]",
	  "let what comes in by a listener reach an address",
	  "ockamctl service expose api my-worker --at n1" },
	{ "hide", hide, NULL, "LISTENER NAME... [--at NODE] [--output json]",
	  "take an exposure back",
	  "ockamctl service hide api my-worker --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
