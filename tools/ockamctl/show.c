// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl show and module */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

static int status(struct ctl_args *args)
{
	json_t *objects = json_object();
	static struct object info;
	int err;

	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (err)
		return genl_fail(err, "cannot ask the module");
	for (int i = 0; i < info.counted_len; i++)
		json_object_set_new(objects, info.counted[i].name,
				    json_integer(info.counted[i].count));
	return ctl_print(args, json_pack("{s:s, s:i, s:i, s:s, s:o}", "module",
					 info.version, "family",
					 (int)info.family, "netlink",
					 OCKAM_GENL_VERSION, "crypto",
					 info.driver, "objects", objects));
}

static void print_peer(const struct object *object)
{
	char id[66];

	if (!object->has_peer)
		return;
	ctl_identifier(id, object->peer);
	printf("  peer %.12s...", id);
}

static int print_part(void *arg, const struct object *object)
{
	char addr[80];

	(void)arg;
	addr_text(addr, sizeof(addr), &object->addr);
	switch (object->kind) {
	case OCKAM_ENDPOINT_TCP_LISTENER:
		printf("  listener %s", addr);
		break;
	case OCKAM_ENDPOINT_CHANNEL:
		printf("  channel  /service/%s", object->address);
		print_peer(object);
		printf("  %s  tx %llu msg  rx %llu msg", object->role ==
		       OCKAM_ROLE_INITIATOR ? "initiator" : "responder",
		       (unsigned long long)object->tx_msgs,
		       (unsigned long long)object->rx_msgs);
		break;
	case OCKAM_ENDPOINT_RELAY_CLIENT:
		printf("  relay    %s at %s  %s", object->label, addr,
		       object_state(object));
		break;
	case OCKAM_ENDPOINT_RELAY:
		printf("  relays   %s", object->address);
		print_peer(object);
		printf("  %llu msg", (unsigned long long)object->tx_msgs);
		break;
	case OCKAM_ENDPOINT_LINK:
		if (!object->project)
			return 0;
		printf("  project  %s at %s  %s", object->label, addr,
		       object_state(object));
		break;
	default:
		return 0;
	}
	putchar('\n');
	return 0;
}

static int add_node(void *arg, const struct object *node)
{
	char id[66] = "no identity";

	if (node->has_identifier)
		ctl_identifier(id, node->identifier);
	json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:b}", "name",
		node->node, "identity_name", node->identity_name,
		"identifier", id, "is_default", node->is_default));
	return 0;
}

int overview(struct ctl_args *args)
{
	json_t *nodes = json_array(), *node;
	static struct object info;
	struct request *request;
	const char *name;
	size_t i;
	int err;

	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (!err)
		err = request_dump(request_new(OCKAM_CMD_NODE_GET), add_node,
				   nodes);
	if (err)
		return genl_fail(err, "cannot ask the module");
	if (args->output && !strcmp(args->output, "json"))
		return ctl_print(args, nodes);
	printf("module ockam %s  family %u  cipher %s\n", info.version,
	       info.family, info.driver);
	json_array_foreach(nodes, i, node) {
		name = json_string_value(json_object_get(node, "name"));
		printf("node %s%s  identity %s %s\n", name, json_is_true(
		       json_object_get(node, "is_default")) ? " (default)" : "",
		       json_string_value(json_object_get(node, "identity_name")),
		       json_string_value(json_object_get(node, "identifier")));
		request = request_new(OCKAM_CMD_ENDPOINT_GET);
		request_text(request, OCKAM_A_NODE_NAME, name);
		request_dump(request, print_part, NULL);
	}
	json_decref(nodes);
	return CTL_OK;
}

const struct ctl_command module_commands[] = {
	{ "status", status, NULL, "[--output json]",
	  "version, family number, cipher and living objects",
	  "ockamctl module status" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
