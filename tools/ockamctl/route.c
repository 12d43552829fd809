// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Routes: MultiAddr text to what the kernel takes. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"
#include "keys.h"
#include "route.h"

int route_component(const char **text, struct component *out)
{
	const char *why;
	int more = multiaddr_next(text, out, &why);

	return more < 0 ? -ctl_fail(CTL_ROUTE, "route: %s in '%s'", why, *text) :
			  more;
}

int route_add(struct route *route, const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 255)
		return ctl_fail(CTL_ROUTE, "route: an address has 1 to 255 bytes");
	if (route->count == 32)
		return ctl_fail(CTL_ROUTE, "route: more than 32 addresses");
	route->hops[route->len++] = 0;
	route->hops[route->len++] = len;
	memcpy(route->hops + route->len, name, len);
	route->len += len;
	route->count++;
	return 0;
}

void route_text(char *dst, size_t size, const uint8_t *hops, size_t len)
{
	char name[ADDRESS_TEXT];
	size_t at = 0, used = 0;

	*dst = '\0';
	while (at + 2 <= len && at + 2 + hops[at + 1] <= len && used < size) {
		ctl_printable(name, sizeof(name), hops + at + 2, hops[at + 1]);
		used += snprintf(dst + used, size - used, "/service/%s", name);
		at += 2 + hops[at + 1];
	}
}

void addr_text(char *dst, size_t size, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const void *)addr;
	const struct sockaddr_in *in = (const void *)addr;
	char ip[INET6_ADDRSTRLEN] = "?";

	*dst = '\0';
	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(dst, size, "[%s]:%u", ip, ntohs(in6->sin6_port));
	} else if (addr->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(dst, size, "%s:%u", ip, ntohs(in->sin_port));
	}
}

void addr_make_reachable(struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	if (addr->ss_family == AF_INET && in->sin_addr.s_addr == INADDR_ANY)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (addr->ss_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
}

int addr_resolve(struct sockaddr_storage *addr, const char *host,
		 const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *first;
	int err;

	err = getaddrinfo(host, port, &hints, &list);
	if (err)
		return ctl_fail(CTL_ROUTE, "cannot resolve %s: %s", host,
				gai_strerror(err));
	/* As upstream does: "localhost" is 127.0.0.1. */
	first = list;
	while (first && first->ai_family != AF_INET)
		first = first->ai_next;
	if (!first)
		first = list;
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, first->ai_addr, first->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

int addr_parse(struct sockaddr_storage *addr, const char *text)
{
	char host[256], port[6];
	size_t len;

	if (host_port(text, host, port))
		return ctl_fail(CTL_USAGE, "'%s' is no address: HOST:PORT", text);
	len = strlen(host);
	if (host[0] != '[')
		return addr_resolve(addr, host, port);
	host[len - 1] = '\0';
	return addr_resolve(addr, host + 1, port);
}

static int find_node_name(const char *text, char name[65])
{
	int err;

	if (!text) {
		err = node_default_name(name);
		return err ? genl_fail(err, "cannot find the default node") : 0;
	}
	if (!strncmp(text, "/node/", 6))
		text += 6;
	if (!*text || strlen(text) > 64 || strchr(text, '/'))
		return ctl_fail(CTL_USAGE, "'%s' names no node", text);
	strcpy(name, text);
	return 0;
}

int node_name(const char *text, char name[65])
{
	int err = find_node_name(text, name);

	if (!err)
		identity_keep(name);
	return err;
}

static int take_listener(void *arg, const struct object *object)
{
	struct sockaddr_storage *addr = arg;

	*addr = object->addr;
	return 1;
}

int node_listener(const char *node, struct sockaddr_storage *addr)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_TCP_LISTENER);
	return request_dump(request, take_listener, addr) == 1 ? 0 : -1;
}

static int connect_tcp(const char *node, const struct sockaddr_storage *addr,
		       int ms, struct route *out)
{
	static struct object conn;
	struct request *request;
	char text[80];
	int err;

	err = events_open();
	if (err)
		return genl_fail(err, "cannot listen for events");
	request = request_new(OCKAM_CMD_TCP_CONNECTION_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_addr(request, addr);
	addr_text(text, sizeof(text), addr);
	err = connection_wait(request, ms, text, &conn);
	return err ? err : route_add(out, conn.address);
}

struct link_search {
	const char *label;
	const uint8_t *peer;
	struct object found;
};

static int match_link(void *arg, const struct object *object)
{
	struct link_search *search = arg;

	if (!object->project || strcmp(object->label, search->label) ||
	    object->identifiers_len != 32 ||
	    memcmp(object->identifiers, search->peer, 32))
		return 0;
	search->found = *object;
	return 1;
}

/* The node's one shared link to a project; made when there is none. */
static int project_link(const char *node, const char *name, int ms,
			struct route *out)
{
	static struct link_search search;
	struct sockaddr_storage addr;
	static struct project project;
	struct request *request;
	char what[80];
	int err, found;

	err = project_load(node, name, &project);
	if (!err)
		err = addr_resolve(&addr, project.host, project.port);
	if (err)
		return err;
	err = events_open();
	if (err)
		return genl_fail(err, "cannot listen for events");
	search.label = project.name;
	search.peer = project.identifier;
	request = request_new(OCKAM_CMD_ENDPOINT_GET);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_LINK);
	found = request_dump(request, match_link, &search);
	err = found < 0 ? found : 0;
	if (!found) {
		request = request_new(OCKAM_CMD_LINK_NEW);
		request_text(request, OCKAM_A_NODE_NAME, node);
		request_text(request, OCKAM_A_LABEL, project.name);
		request_flag(request, OCKAM_A_PROJECT);
		request_addr(request, &addr);
		request_bytes(request, OCKAM_A_ROUTE, project.route.hops,
			      project.route.len);
		request_bytes(request, OCKAM_A_IDENTIFIERS, project.identifier,
			      32);
		err = request_send(request, &search.found);
	}
	snprintf(what, sizeof(what), "project %s", project.name);
	if (err)
		return genl_fail(err, what);
	/* A link that was there before has other users. */
	err = found ? object_watch(&search.found, ms, what) :
		      object_wait(&search.found, ms, what);
	return err ? err : route_add(out, search.found.hop);
}

static int secure_hop(const char *node, const char *name, int ms,
		      struct route *out)
{
	struct channel_options options = { .ms = ms };
	static struct object channel;
	int err;

	err = route_add(out, name);
	if (!err)
		err = channel_open(node, out, &options, &channel);
	if (err)
		return err;
	out->len = 0;
	out->count = 0;
	return route_add(out, channel.address);
}

static int tcp_hop(const char *node, const struct component *host,
		   const char **text, int ms, struct route *out)
{
	struct sockaddr_storage addr;
	struct component port;
	int err = route_component(text, &port);

	if (err < 0)
		return -err;
	if (!err || strcmp(port.protocol, "tcp"))
		return ctl_fail(CTL_ROUTE, "route: /%s/%s wants /tcp/PORT behind it",
				host->protocol, host->value);
	err = addr_resolve(&addr, host->value, port.value);
	return err ? err : connect_tcp(node, &addr, ms, out);
}

static int node_hop(const char *node, const char *name, int ms,
		    struct route *out)
{
	struct sockaddr_storage addr;

	/* The node itself: its services are its own addresses. */
	if (!strcmp(node, name))
		return 0;
	if (node_listener(name, &addr))
		return ctl_fail(CTL_ROUTE, "route /node/%s cannot be resolved: no node named '%s' listens here (ockamctl node list)",
				name, name);
	addr_make_reachable(&addr);
	return connect_tcp(node, &addr, ms, out);
}

int route_resolve(const char *node, const char *text, int ms, struct route *out)
{
	const char *rest = text;
	struct component part;
	int more, err = 0;

	out->len = 0;
	out->count = 0;
	while (!err && (more = route_component(&rest, &part)) > 0) {
		const char *protocol = part.protocol;

		if (!strcmp(protocol, "service") || !strcmp(protocol, "worker"))
			err = route_add(out, part.value);
		else if (!strcmp(protocol, "secure"))
			err = secure_hop(node, part.value, ms, out);
		else if (out->count)
			err = ctl_fail(CTL_ROUTE, "route: /%s/%s can only stand in front",
				       protocol, part.value);
		else if (!strcmp(protocol, "project"))
			err = project_link(node, part.value, ms, out);
		else if (!strcmp(protocol, "node"))
			err = node_hop(node, part.value, ms, out);
		else if (!strcmp(protocol, "ip4") || !strcmp(protocol, "ip6") ||
			 !strcmp(protocol, "dnsaddr"))
			err = tcp_hop(node, &part, &rest, ms, out);
		else
			err = ctl_fail(CTL_ROUTE, "route: /%s is not supported here",
				       protocol);
	}
	if (!err && more < 0)
		err = -more;
	if (!err && !out->count)
		err = ctl_fail(CTL_ROUTE, "route '%s' leads nowhere: say /service/NAME",
			       text);
	return err;
}

int channel_open(const char *node, const struct route *route,
		 const struct channel_options *options, struct object *out)
{
	struct request *request;
	int err;

	err = events_open();
	if (err)
		return genl_fail(err, "cannot listen for events");
	request = request_new(OCKAM_CMD_CHANNEL_NEW);
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_bytes(request, OCKAM_A_ROUTE, route->hops, route->len);
	if (options->identifiers)
		request_bytes(request, OCKAM_A_IDENTIFIERS,
			      options->identifiers, options->identifiers_len);
	if (options->expose)
		request_bytes(request, OCKAM_A_EXPOSE, options->expose->hops,
			      options->expose->len);
	if (options->shared)
		request_flag(request, OCKAM_A_SHARED);
	request_u32(request, OCKAM_A_TIMEOUT_MS, options->ms);
	err = request_send(request, out);
	if (err)
		return genl_fail(err, "cannot open the channel");
	return object_wait(out, options->ms, "secure channel");
}
