// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl flow-control: what a flow of messages may reach. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

/* A flow is named by its producer: a listener, a connection, a channel. */
static json_t *flow_json(const struct object *object)
{
	if (!object->has_flow)
		return NULL;
	return json_pack("{s:s, s:o, s:s, s:s}", "node", object->node,
			 "flow_control_id", object_flow(object), "address",
			 object->address, "kind", object_kind(object->kind));
}

static json_t *consumers_json(const struct object *exposures)
{
	const uint8_t *hop = exposures->expose;
	const uint8_t *end = hop + exposures->expose_len;
	json_t *all = json_array();
	char name[ADDRESS_TEXT];

	for (; hop + 2 <= end && hop + 2 + hop[1] <= end; hop += 2 + hop[1]) {
		ctl_printable(name, sizeof(name), hop + 2, hop[1]);
		json_array_append_new(all, json_string(name));
	}
	return all;
}

static const char *text_of(const json_t *flow, const char *key)
{
	return json_string_value(json_object_get(flow, key));
}

static struct request *about(const json_t *flow, int command)
{
	struct request *request = request_new(command);
	const char *address = text_of(flow, "address");

	request_text(request, OCKAM_A_NODE_NAME, text_of(flow, "node"));
	request_bytes(request, OCKAM_A_ADDRESS, address, strlen(address));
	return request;
}

static int list(struct ctl_args *args)
{
	static const char *const columns[] = { "node", "flow_control_id",
					       "kind", "address", "consumers",
					       NULL };
	static struct object exposures;
	json_t *all, *flow;
	size_t i = 0;
	int err;

	err = object_collect(args, OBJECT_ANY_KIND, flow_json, &all);
	if (err)
		return err;
	while ((flow = json_array_get(all, i))) {
		err = request_send(about(flow, OCKAM_CMD_EXPOSURE_GET),
				   &exposures);
		if (err == -ENOENT) {	/* gone since it was listed */
			json_array_remove(all, i);
			continue;
		}
		if (err)
			return genl_fail(err, text_of(flow, "address"));
		json_object_set_new(flow, "consumers",
				    consumers_json(&exposures));
		i++;
	}
	return ctl_print_table(all, columns);
}

/* The last part of /service/NAME, /worker/NAME or NAME. */
static const char *last_part(const char *text)
{
	const char *slash = strrchr(text, '/');

	return slash ? slash + 1 : text;
}

/* By its identifier, or by the address of what produces it on one node. */
static int find(const json_t *all, const char *name, json_t **out)
{
	json_t *flow;
	size_t i;

	*out = NULL;
	json_array_foreach(all, i, flow) {
		if (strcmp(text_of(flow, "flow_control_id"), name) &&
		    strcmp(text_of(flow, "address"), name))
			continue;
		if (*out && strcmp(text_of(flow, "node"), text_of(*out, "node")))
			return object_ambiguous(name);
		if (!*out)
			*out = flow;
	}
	return *out ? 0 :
	       ctl_fail(CTL_NOT_FOUND, "there is no flow '%s': ockamctl flow-control list",
			name);
}

static int change(struct ctl_args *args, int command)
{
	static struct route consumer;
	const char *addr;
	struct request *request;
	json_t *all, *flow;
	int err;

	if (args->pos_count != 2)
		return ctl_fail(CTL_USAGE, "say which flow and which address: FLOW ADDRESS");
	addr = last_part(args->pos[1]);
	err = object_collect(args, OBJECT_ANY_KIND, flow_json, &all);
	if (!err)
		err = route_add(&consumer, addr);
	if (!err)
		err = find(all, last_part(args->pos[0]), &flow);
	if (err)
		return err;
	request = about(flow, command);
	request_bytes(request, OCKAM_A_EXPOSE, consumer.hops, consumer.len);
	err = request_send(request, NULL);
	if (err)
		return genl_fail(err, addr);
	return ctl_result(json_pack("{s:O, s:s}", "flow_control_id",
				    json_object_get(flow, "flow_control_id"),
				    "consumer", addr), "%s", addr);
}

static int add_consumer(struct ctl_args *args)
{
	return change(args, OCKAM_CMD_EXPOSURE_NEW);
}

static int delete_consumer(struct ctl_args *args)
{
	if (args->pos_count == 2 && !ctl_confirm(args, args->pos[1]))
		return CTL_OK;
	return change(args, OCKAM_CMD_EXPOSURE_DEL);
}

const struct ctl_command flow_control_commands[] = {
	{ "list", list, NULL, "[--at NODE] [--output json]",
	  "list flows, who produces them and which addresses consume them",
	  "ockamctl flow-control list --at n1" },
	{ "add-consumer", add_consumer, NULL,
	  "FLOW ADDRESS [--at NODE] [--output json]",
	  "let a flow, given by its identifier or its producer's address, reach an address",
	  "ockamctl flow-control add-consumer api my-worker --at n1" },
	{ "delete-consumer", delete_consumer, NULL,
	  "FLOW ADDRESS [--at NODE] [--yes] [--output json]",
	  "take that back",
	  "ockamctl flow-control delete-consumer api my-worker --at n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
