// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl node */

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "keys.h"
#include "node.h"
#include "route.h"
#include "stats.h"

static struct identity identity;

static int start_service(const char *node, const char *type)
{
	struct request *request = request_new(OCKAM_CMD_SERVICE_NEW);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_TYPE, type);
	err = request_send(request, NULL);
	return err ? genl_fail(err, type) : 0;
}

static int start_relays(const struct node_options *options, const char *name)
{
	struct request *request = request_new(OCKAM_CMD_SERVICE_NEW);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, options->name);
	request_text(request, OCKAM_A_TYPE, "relay");
	request_bytes(request, OCKAM_A_ADDRESS, name, strlen(name));
	if (options->registrars_len)
		request_bytes(request, OCKAM_A_IDENTIFIERS,
			      options->registrars, options->registrars_len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, name) : 0;
}

/* The listener for channels; what they may reach. */
static int listen_channels(const char *node, bool relays)
{
	struct request *request = request_new(OCKAM_CMD_CHANNEL_LISTENER_NEW);
	static struct route expose;
	int err;

	expose.len = 0;
	expose.count = 0;
	route_add(&expose, "echo");
	route_add(&expose, "uppercase");
	route_add(&expose, "api");
	if (relays) {
		route_add(&expose, "forwarding_service");
		route_add(&expose, "static_forwarding_service");
	}
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ADDRESS, "api", 3);
	request_bytes(request, OCKAM_A_EXPOSE, expose.hops, expose.len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, "cannot listen for channels") : 0;
}

static bool is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const void *)addr;
	const struct sockaddr_in *in = (const void *)addr;

	if (addr->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

/* Plain TCP from loopback may reach what upstream's may; else only "api". */
static int listen_tcp(const char *node, const char *address)
{
	static struct route expose;
	struct sockaddr_storage addr;
	struct request *request;
	int err;

	err = addr_parse(&addr, address ? address : "127.0.0.1:0");
	if (err)
		return err;
	expose.len = 0;
	expose.count = 0;
	route_add(&expose, "api");
	if (is_loopback(&addr)) {
		route_add(&expose, "echo");
		route_add(&expose, "uppercase");
		route_add(&expose, "forwarding_service");
		route_add(&expose, "static_forwarding_service");
	}
	request = request_new(OCKAM_CMD_TCP_LISTENER_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_addr(request, &addr);
	request_bytes(request, OCKAM_A_EXPOSE, expose.hops, expose.len);
	err = request_send(request, NULL);
	return err ? genl_fail(err, "cannot listen for TCP") : 0;
}

/* The highest number is no group, it stands for none. */
static bool read_group(const char **text, uint32_t *group)
{
	bool digit = isdigit((unsigned char)**text);
	unsigned long long value;
	char *end;

	value = strtoull(*text, &end, 10);
	*text = end;
	*group = value;
	return digit && value < UINT32_MAX;
}

/* --allow-group: GID or LOW-HIGH */
static int read_groups(const char *text, struct node_options *options)
{
	bool good = read_group(&text, &options->group_low);

	options->has_group = true;
	options->group_high = options->group_low;
	if (good && *text == '-') {
		text++;
		good = read_group(&text, &options->group_high);
	}
	if (good && !*text && options->group_low <= options->group_high)
		return 0;
	return ctl_fail(CTL_USAGE, "--allow-group is GID or LOW-HIGH, with numbers of at most %u",
			UINT32_MAX - 1);
}

static int set_group(const struct node_options *options)
{
	struct request *request = request_new(OCKAM_CMD_NODE_SET);
	int err;

	request_text(request, OCKAM_A_NODE_NAME, options->name);
	request_u32(request, OCKAM_A_GROUP_LOW, options->group_low);
	request_u32(request, OCKAM_A_GROUP_HIGH, options->group_high);
	err = request_send(request, NULL);
	return err ? genl_fail(err, "cannot set the group") : 0;
}

static int delete_node(const char *name)
{
	struct request *request = request_new(OCKAM_CMD_NODE_DEL);

	request_text(request, OCKAM_A_NODE_NAME, name);
	return request_send(request, NULL);
}

static int furnish(const struct node_options *options)
{
	const char *name = options->name;
	int err;

	err = identity_install(name, &identity);
	if (!err && options->has_group)
		err = set_group(options);
	if (err || options->bare)
		return err;
	err = start_service(name, "echo");
	if (!err)
		err = start_service(name, "uppercase");
	if (!err)
		err = start_relays(options, "forwarding_service");
	if (!err)
		err = start_relays(options, "static_forwarding_service");
	if (!err)
		err = listen_channels(name, options->relays);
	return err ? err : listen_tcp(name, options->address);
}

int node_make(const struct node_options *options)
{
	struct request *request;
	char what[96];
	int err;

	request = request_new(OCKAM_CMD_NODE_NEW);
	request_text(request, OCKAM_A_NODE_NAME, options->name);
	snprintf(what, sizeof(what), "cannot make node %.64s", options->name);
	err = request_send(request, NULL);
	if (err)
		return genl_fail(err, what);
	err = identity_ensure(options->identity, &identity);
	if (!err && options->project)
		err = project_pin(options->name, options->project);
	if (!err)
		err = furnish(options);
	explicit_bzero(identity.secret, sizeof(identity.secret));
	if (err)
		delete_node(options->name);
	return err;
}

/* The parts of a node that show lists. */
struct parts {
	json_t *services, *transports, *listeners;
	char verbose[128];
};

static int add_part(void *arg, const struct object *object)
{
	struct parts *parts = arg;
	char addr[80], flow[33];

	ctl_hex(flow, object->flow, 16);
	switch (object->kind) {
	case OCKAM_ENDPOINT_SERVICE:
		json_array_append_new(parts->services, json_pack("{s:s, s:s}",
			"addr", object->address, "type", object->type));
		break;
	case OCKAM_ENDPOINT_TCP_LISTENER:
		addr_text(addr, sizeof(addr), &object->addr);
		snprintf(parts->verbose, sizeof(parts->verbose),
			 "/dnsaddr/localhost/tcp/%s", strrchr(addr, ':') + 1);
		json_array_append_new(parts->transports,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type",
				  "Tcp", "mode", "Listen", "socket_addr", addr,
				  "worker_addr", object->address,
				  "processor_address", object->address,
				  "flow_control_id", flow));
		break;
	case OCKAM_ENDPOINT_CHANNEL_LISTENER:
		json_array_append_new(parts->listeners,
			json_pack("{s:s+, s:s}", "address", "/service/",
				  object->address, "flow_control_id", flow));
		break;
	}
	return 0;
}

static int node_json(const char *name, json_t **out)
{
	struct parts parts = { json_array(), json_array(), json_array(), "" };
	static struct object node;
	json_t *expires = json_null();
	struct request *request;
	char id[66] = "";
	int err;

	request = request_new(OCKAM_CMD_NODE_GET);
	request_text(request, OCKAM_A_NODE_NAME, name);
	err = request_send(request, &node);
	if (!err) {
		request = request_new(OCKAM_CMD_ENDPOINT_GET);
		request_text(request, OCKAM_A_NODE_NAME, name);
		err = request_dump(request, add_part, &parts);
	}
	if (err)
		return genl_fail(err, name);
	if (node.has_identifier) {
		ctl_identifier(id, node.identifier);
		expires = json_integer(node.expires);
	}
	*out = json_pack(
		"{s:s, s:s, s:s, s:o, s:b, s:s, s:i, s:{s:s+, s:s}, s:n, s:o, s:o, s:o, s:[], s:[], s:o}",
		"name", node.node, "identity_name", node.identity_name,
		"identifier", id, "identity_expires_at", expires, "is_default", node.is_default, "status",
		"running", "pid", 0, "route", "short", "/node/", node.node,
		"verbose", parts.verbose, "http_server_address", "transports",
		parts.transports, "secure_channel_listeners", parts.listeners,
		"services", parts.services, "inlets", "outlets", "stats",
		stats_json(name));
	return 0;
}

static int create(struct ctl_args *args)
{
	struct node_options options = {
		.name = args->pos_count ? args->pos[0] : "default",
		.identity = args->identity,
		.address = args->tcp_listener_address,
		.project = args->project,
		.bare = args->no_default_services,
	};
	json_t *json = NULL;
	int err = 0;

	if (args->allow_group)
		err = read_groups(args->allow_group, &options);
	if (!err)
		err = node_make(&options);
	if (!err && ctl_wants_json())
		err = node_json(options.name, &json);
	return err ? err : ctl_result(json, "%s", options.name);
}

static json_t *name_json(const char *name)
{
	return json_pack("{s:s}", "name", name);
}

static int add_name(void *arg, const struct object *node)
{
	json_array_append_new(arg, name_json(node->node));
	return 0;
}

static int delete_all(struct ctl_args *args)
{
	json_t *all = json_array(), *node;
	const char *name;
	size_t i;
	int err;

	err = request_dump(request_new(OCKAM_CMD_NODE_GET), add_name, all);
	if (!err && !ctl_confirm(args, "all nodes"))
		return CTL_OK;
	json_array_foreach(all, i, node) {
		name = json_string_value(json_object_get(node, "name"));
		/* Somebody else may have been faster. */
		if (!err || err == -ENOENT)
			err = delete_node(name);
		if (!err && !ctl_wants_json())
			ctl_value("%s", name);
	}
	if (err && err != -ENOENT)
		return genl_fail(err, "cannot delete all nodes");
	return ctl_wants_json() ? ctl_print(all) : CTL_OK;
}

static int delete(struct ctl_args *args)
{
	char name[65];
	int err;

	if (args->all)
		return delete_all(args);
	err = node_name(args->pos_count ? args->pos[0] : NULL, name);
	if (err || !ctl_confirm(args, name))
		return err;
	err = delete_node(name);
	return err ? genl_fail(err, name) :
	       ctl_result(name_json(name), "%s", name);
}

static int add_status(void *arg, const struct object *node)
{
	json_array_append_new(arg, json_pack("{s:s, s:{s:s, s:i}, s:i, s:b}",
		"node_name", node->node, "status", "status", "running", "pid",
		0, "pid", 0, "is_default", node->is_default));
	return 0;
}

static int list(struct ctl_args *args)
{
	json_t *all = json_array();
	int err;

	(void)args;
	err = request_dump(request_new(OCKAM_CMD_NODE_GET), add_status, all);
	return err ? genl_fail(err, "cannot list nodes") : ctl_print(all);
}

static int show(struct ctl_args *args)
{
	char name[65];
	json_t *json;
	int err;

	err = node_name(args->pos_count ? args->pos[0] : NULL, name);
	if (!err)
		err = node_json(name, &json);
	return err ? err : ctl_print(json);
}

static int set_default(struct ctl_args *args)
{
	struct request *request;
	char name[65];
	int err;

	err = node_name(args->pos_count ? args->pos[0] : NULL, name);
	if (err)
		return err;
	if (!args->pos_count)
		return ctl_result(name_json(name), "%s", name);
	request = request_new(OCKAM_CMD_NODE_SET);
	request_text(request, OCKAM_A_NODE_NAME, name);
	request_flag(request, OCKAM_A_DEFAULT);
	err = request_send(request, NULL);
	return err ? genl_fail(err, name) :
	       ctl_result(name_json(name), "%s", name);
}

const struct ctl_command node_commands[] = {
	{ "create", create, NULL,
	  "[NAME] [--identity NAME] [--project FILE_OR_NAME] [--tcp-listener-address A:P] [--allow-group GID|LOW-HIGH] [--no-default-services] [--output json]",
	  "make a node", "ockamctl node create n1 --project project.json" },
	{ "list", list, NULL, "[--output json]", "list nodes",
	  "ockamctl node list" },
	{ "show", show, NULL, "[NAME] [--output json]", "print a node",
	  "ockamctl node show n1" },
	{ "default", set_default, NULL, "[NAME] [--output json]",
	  "print or choose the default node", "ockamctl node default n1" },
	{ "delete", delete, NULL, "[NAME] [--all] [--yes] [--output json]",
	  "delete a node and all that it owns", "ockamctl node delete n1" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
