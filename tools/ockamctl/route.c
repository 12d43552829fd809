// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Routes: MultiAddr text to what the kernel takes. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "authority.h"
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

int route_add_hops(struct route *route, const char *text)
{
	struct component part;
	int more, err = 0;

	while (!err && (more = route_component(&text, &part)) > 0) {
		if (strcmp(part.protocol, "service") &&
		    strcmp(part.protocol, "worker") &&
		    strcmp(part.protocol, "secure"))
			return ctl_fail(CTL_ROUTE, "route: /%s/%s can only stand in front",
					part.protocol, part.value);
		err = route_add(route, part.value);
	}
	return !err && more < 0 ? -more : err;
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

int place_parse(const char *text, struct place *out)
{
	const char *rest = text, *why = "a transport is missing";
	struct component host = {}, port = {};

	memset(out, 0, sizeof(*out));
	if (multiaddr_next(&rest, &host, &why) < 1 ||
	    multiaddr_next(&rest, &port, &why) < 1)
		return ctl_fail(CTL_ROUTE, "route: %s in '%s'", why, text);
	out->named = !strcmp(host.protocol, "dnsaddr");
	if (strcmp(port.protocol, "tcp") ||
	    (!out->named && strcmp(host.protocol, "ip4") &&
	     strcmp(host.protocol, "ip6")))
		return ctl_fail(CTL_ROUTE, "route: '%s' does not begin with /dnsaddr/HOST/tcp/PORT, /ip4/... or /ip6/...",
				text);
	strcpy(out->host, host.value);
	snprintf(out->port, sizeof(out->port), "%.5s", port.value);
	return route_add_hops(&out->route, rest);
}

int place_resolve(struct place *place)
{
	return addr_resolve(&place->addr, place->host, place->port);
}

void request_place(struct request *request, const struct place *place)
{
	request_addr(request, &place->addr);
	if (place->named)
		request_text(request, OCKAM_A_HOST, place->host);
	request_bytes(request, OCKAM_A_ROUTE, place->route.hops,
		      place->route.len);
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
	struct object found;
};

static int match_link(void *arg, const struct object *object)
{
	struct link_search *search = arg;

	if (!object->project || strcmp(object->label, search->label))
		return 0;
	search->found = *object;
	return 1;
}

/* Whether a link leads to what the project is now. */
static bool is_current(const struct object *link, const struct project *project)
{
	const struct route *route = &project->place.route;

	return link->identifiers_len == 32 &&
	       !memcmp(link->identifiers, project->identifier, 32) &&
	       link->route_len == route->len &&
	       !memcmp(link->route, route->hops, route->len) &&
	       (link->state == OCKAM_STATE_UP ||
		!memcmp(&link->addr, &project->place.addr, sizeof(link->addr)));
}

/* The link that a node has to a project: 1, 0 none, or -errno. */
static int find_link(const char *node, const struct project *project,
		     struct link_search *search)
{
	struct request *request = request_new(OCKAM_CMD_ENDPOINT_GET);
	int found;

	search->label = project->name;
	request_text(request, OCKAM_A_NODE_NAME, node);
	request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_LINK);
	found = request_dump(request, match_link, search);
	if (found != 1 || is_current(&search->found, project))
		return found;
	/* The project is another one now, or elsewhere. */
	object_delete(node, search->found.address, OCKAM_ENDPOINT_LINK);
	return 0;
}

int links_delete(const char *project)
{
	static struct link_search search;
	struct request *request;
	int err;

	search.label = project;
	do {
		request = request_new(OCKAM_CMD_ENDPOINT_GET);
		request_u32(request, OCKAM_A_KIND, OCKAM_ENDPOINT_LINK);
		err = request_dump(request, match_link, &search);
		if (err != 1)
			break;
		err = object_delete(search.found.node, search.found.address,
				    OCKAM_ENDPOINT_LINK);
	} while (!err || err == -ENOENT);
	/* Without the module, or the right to see them, there are no links. */
	return !err || err == -EPERM || err == -ENOPROTOOPT ? 0 :
	       genl_fail(err, project);
}

static int make_link(const char *node, const struct project *project,
		     struct object *link)
{
	struct request *request = request_new(OCKAM_CMD_LINK_NEW);

	request_text(request, OCKAM_A_NODE_NAME, node);
	request_text(request, OCKAM_A_LABEL, project->name);
	request_flag(request, OCKAM_A_PROJECT);
	request_place(request, &project->place);
	request_bytes(request, OCKAM_A_IDENTIFIERS, project->identifier, 32);
	return request_send(request, link);
}

/* The node's one shared link to a project; made when there is none. */
static int project_link(const char *node, const char *name, int ms,
			struct route *out)
{
	static struct link_search search;
	static struct project project;
	char what[80];
	int err, found;

	err = project_load(node, name, &project);
	if (!err)
		err = place_resolve(&project.place);
	if (err)
		return err;
	snprintf(what, sizeof(what), "project %s", project.name);
	err = events_open();
	if (err)
		return genl_fail(err, "cannot listen for events");
	found = find_link(node, &project, &search);
	if (!found) {
		err = make_link(node, &project, &search.found);
		/* Somebody else was faster. */
		if (err == -EADDRINUSE)
			found = find_link(node, &project, &search);
	}
	if (found < 0 || (err && found != 1))
		return genl_fail(found < 0 ? found : err, what);
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
	if (err && !strcmp(port.protocol, "udp"))
		return ctl_fail(CTL_ROUTE, "route: /udp is not supported: use /tcp");
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

void request_life(struct request *request, const struct channel_life *life)
{
	if (life->has_linger)
		request_u32(request, OCKAM_A_LINGER_MS, life->linger_ms);
	if (life->has_idle)
		request_u32(request, OCKAM_A_IDLE_MS, life->idle_ms);
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
	request_life(request, &options->life);
	if (options->args)
		err = request_authorities(request, options->args);
	if (err)
		return err;
	request_u32(request, OCKAM_A_TIMEOUT_MS, options->ms);
	err = request_send(request, out);
	if (err)
		return genl_fail(err, "cannot open the channel");
	return object_wait(out, options->ms, "secure channel");
}
