// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl tcp-listener and tcp-connection */

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "genl.h"
#include "object.h"
#include "route.h"

/* --expose NAME..., as a route. */
static int exposures(const struct ctl_args *args, struct route *out)
{
	int err = 0;

	out->len = 0;
	out->count = 0;
	for (int i = 0; !err && i < args->expose.count; i++)
		err = route_add(out, args->expose.value[i]);
	return err;
}

static json_t *listener_json(const struct object *object)
{
	char addr[80];

	addr_text(addr, sizeof(addr), &object->addr);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "node",
			 object->node, "type", "Tcp", "mode", "Listen",
			 "socket_addr", addr, "worker_addr", object->address,
			 "processor_address", object->address,
			 "flow_control_id", object_flow(object), "accepted",
			 (json_int_t)object->accepted);
}

/* The address as a route; upstream's form where it is this machine's. */
static void listener_route(char *dst, size_t size,
			   const struct sockaddr_storage *addr)
{
	bool v6 = addr->ss_family == AF_INET6;
	struct sockaddr_storage to = *addr;
	char text[80], *port;

	addr_make_reachable(&to);
	addr_text(text, sizeof(text), &to);
	port = strrchr(text, ':');
	*port++ = '\0';
	if (!strcmp(text, "127.0.0.1")) {
		snprintf(dst, size, "/dnsaddr/localhost/tcp/%s", port);
		return;
	}
	if (v6)
		text[strlen(text) - 1] = '\0';
	snprintf(dst, size, "/%s/%s/tcp/%s", v6 ? "ip6" : "ip4", text + v6,
		 port);
}

/* --device NAME */
static int request_device(struct request *request, const struct ctl_args *args)
{
	unsigned int index = args->device ? if_nametoindex(args->device) : 0;

	if (args->device && !index)
		return ctl_fail(CTL_NOT_FOUND, "no network device is named %s: `ip link` lists them",
				args->device);
	if (index)
		request_u32(request, OCKAM_A_DEVICE, index);
	return 0;
}

/* --source ADDRESS */
static int request_source(struct request *request, const struct ctl_args *args)
{
	unsigned char ip[16];

	if (!args->source)
		return 0;
	if (inet_pton(AF_INET, args->source, ip) == 1)
		request_bytes(request, OCKAM_A_LOCAL_IP, ip, 4);
	else if (inet_pton(AF_INET6, args->source, ip) == 1)
		request_bytes(request, OCKAM_A_LOCAL_IP, ip, 16);
	else
		return ctl_fail(CTL_USAGE, "--source is an IP address of this machine, not %s",
				args->source);
	return 0;
}

static int listener_create(struct ctl_args *args)
{
	static struct object object;
	static struct route expose;
	struct sockaddr_storage addr;
	struct request *request;
	char node[65], text[128];
	int err;

	if (!args->pos_count)
		return ctl_fail(CTL_USAGE, "say where to listen: ADDRESS:PORT");
	err = node_name(args->at, node);
	if (!err)
		err = addr_parse(&addr, args->pos[0]);
	if (!err)
		err = exposures(args, &expose);
	if (err)
		return err;
	request = request_new(OCKAM_CMD_TCP_LISTENER_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_addr(request, &addr);
	request_bytes(request, OCKAM_A_EXPOSE, expose.hops, expose.len);
	err = request_device(request, args);
	if (err)
		return err;
	err = request_send(request, &object);
	if (err)
		return genl_fail(err, args->pos[0]);
	listener_route(text, sizeof(text), &object.addr);
	return ctl_result(listener_json(&object), "%s", text);
}

static int listener_list(struct ctl_args *args)
{
	return object_list(args, OCKAM_ENDPOINT_TCP_LISTENER, listener_json);
}

static int listener_show(struct ctl_args *args)
{
	return object_show(args, OCKAM_ENDPOINT_TCP_LISTENER, listener_json);
}

static int listener_delete(struct ctl_args *args)
{
	return object_remove(args, OCKAM_ENDPOINT_TCP_LISTENER, "/worker/");
}

static json_t *connection_json(const struct object *object)
{
	char peer[80], local[80];

	addr_text(peer, sizeof(peer), &object->addr);
	addr_text(local, sizeof(local), &object->local);
	return json_pack("{s:s, s:s, s:s, s:s, s:s+, s:s, s:o, s:I, s:I, s:I, s:I}",
			 "from", object->node, "to", peer, "local", local,
			 "mode", object->role == OCKAM_ROLE_INITIATOR ?
			 "Outgoing" : "Incoming", "address", "/worker/",
			 object->address, "connection_status",
			 object_state(object), "flow_control_id",
			 object_flow(object),
			 "tx_messages", (json_int_t)object->tx_msgs,
			 "tx_bytes", (json_int_t)object->tx_bytes,
			 "rx_messages", (json_int_t)object->rx_msgs,
			 "rx_bytes", (json_int_t)object->rx_bytes);
}

static int connection_create(struct ctl_args *args)
{
	int ms = ctl_timeout_ms(args), err;
	static struct object object;
	static struct route expose;
	struct sockaddr_storage addr;
	struct request *request;
	char node[65];

	if (ms < 0)
		return -ms;
	if (!args->to)
		return ctl_fail(CTL_USAGE, "say where to connect: --to HOST:PORT");
	err = node_name(args->from, node);
	if (!err)
		err = addr_parse(&addr, args->to);
	if (!err)
		err = exposures(args, &expose);
	if (err)
		return err;
	err = events_open();
	if (err)
		return genl_fail(err, args->to);
	request = request_new(OCKAM_CMD_TCP_CONNECTION_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_addr(request, &addr);
	request_bytes(request, OCKAM_A_EXPOSE, expose.hops, expose.len);
	if (args->shared)
		request_flag(request, OCKAM_A_SHARED);
	err = request_device(request, args);
	if (!err)
		err = request_source(request, args);
	if (err)
		return err;
	err = connection_wait(request, ms, args->to, &object);
	return err ? err : ctl_result(connection_json(&object), "/worker/%s",
				      object.address);
}

static int connection_list(struct ctl_args *args)
{
	return object_list(args, OCKAM_ENDPOINT_TCP_CONNECTION,
			   connection_json);
}

static int connection_show(struct ctl_args *args)
{
	return object_show(args, OCKAM_ENDPOINT_TCP_CONNECTION,
			   connection_json);
}

static int connection_delete(struct ctl_args *args)
{
	return object_remove(args, OCKAM_ENDPOINT_TCP_CONNECTION, "/worker/");
}

const struct ctl_command tcp_listener_commands[] = {
	{ "create", listener_create, NULL,
	  "ADDRESS:PORT [--at NODE] [--expose NAME]... [--device NAME] [--output json]",
	  "accept TCP connections; nothing is reachable but what is exposed",
	  "ockamctl tcp-listener create 0.0.0.0:4000 --at n1 --expose api" },
	{ "list", listener_list, NULL, "[--at NODE] [--output json]",
	  "list listeners", "ockamctl tcp-listener list" },
	{ "show", listener_show, NULL, "ADDRESS [--at NODE] [--output json]",
	  "print a listener", "ockamctl tcp-listener show 127.0.0.1:4000" },
	{ "delete", listener_delete, NULL, "ADDRESS [--at NODE] [--yes] [--output json]",
	  "stop listening; without --at on the one node that has it",
	  "ockamctl tcp-listener delete 127.0.0.1:4000" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct ctl_command tcp_connection_commands[] = {
	{ "create", connection_create, NULL,
	  "--to HOST:PORT [--from NODE] [--expose NAME]... [--shared] [--source ADDRESS] [--device NAME] [--timeout SECONDS] [--output json]",
	  "connect to another node",
	  "ockamctl tcp-connection create --from n1 --to 127.0.0.1:4000" },
	{ "list", connection_list, NULL, "[--at NODE] [--output json]",
	  "list connections", "ockamctl tcp-connection list" },
	{ "show", connection_show, NULL, "ADDRESS [--at NODE] [--output json]",
	  "print a connection", "ockamctl tcp-connection show 127.0.0.1:4000" },
	{ "delete", connection_delete, NULL, "ADDRESS [--at NODE] [--yes] [--output json]",
	  "close a connection", "ockamctl tcp-connection delete 127.0.0.1:4000" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
