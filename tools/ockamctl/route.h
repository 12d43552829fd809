/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Routes: MultiAddr text to what the kernel takes. */
#ifndef OCKAMCTL_ROUTE_H
#define OCKAMCTL_ROUTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "genl.h"
#include "multiaddr.h"

/* A binary route being built. */
struct route {
	uint8_t hops[GENL_ROUTE_MAX];
	size_t len;
	int count;
};

/* A remote node: /dnsaddr/HOST/tcp/PORT and what comes behind it. */
struct place {
	char host[256];
	char port[6];
	bool named;		/* the host is a name, whose address may change */
	struct route route;	/* from its transport on */
	struct sockaddr_storage addr;	/* of the host, once it is resolved */
};

/* A remote node that is pinned: where it is and who it is. */
struct project {
	char name[65];
	uint8_t identifier[32];
	struct place place;	/* its route leads to its listener */
};

/* 1 a component, 0 the end, or minus an exit code after a message. */
int route_component(const char **text, struct component *out);
int route_add(struct route *route, const char *name);
/* What is left of a text: services, workers and channel listeners. */
int route_add_hops(struct route *route, const char *text);
/* "/service/a/service/b" */
void route_text(char *dst, size_t size, const uint8_t *hops, size_t len);
void addr_text(char *dst, size_t size, const struct sockaddr_storage *addr);
/* A listener on all addresses is reached on loopback. */
void addr_make_reachable(struct sockaddr_storage *addr);
int addr_resolve(struct sockaddr_storage *addr, const char *host,
		 const char *port);
/* "/ip4/A/tcp/P", "/dnsaddr/HOST/tcp/P", and hops. */
int place_parse(const char *text, struct place *out);
int place_resolve(struct place *place);
/* What a request for a link says of its other end. */
void request_place(struct request *request, const struct place *place);
/* "1.2.3.4:5", "[::1]:5", "host:5" */
int addr_parse(struct sockaddr_storage *addr, const char *text);
/*
 * Make what a route needs on a node (project link, connection, channel) and
 * turn it into hops. Exit code.
 */
int route_resolve(const char *node, const char *text, int ms,
		  struct route *out);
/* The links of all nodes to a project go, if there are any. Exit code. */
int links_delete(const char *project);
/* The node an argument names: "n1", "/node/n1" or the default one. */
int node_name(const char *text, char name[65]);
/* Where a node listens. -1 nowhere. */
int node_listener(const char *node, struct sockaddr_storage *addr);

/* When a channel closes by itself. */
struct channel_life {
	bool has_linger, has_idle;
	uint32_t linger_ms, idle_ms;
};
void request_life(struct request *request, const struct channel_life *life);

/* A channel along a route; the object is up when it returns CTL_OK. */
struct channel_options {
	const uint8_t *identifiers;
	size_t identifiers_len;
	const struct ctl_args *args;	/* its authorities; or NULL */
	const struct route *expose;
	bool shared;
	struct channel_life life;
	int ms;
};
int channel_open(const char *node, const struct route *route,
		 const struct channel_options *options, struct object *out);

/* project.c */
int project_load(const char *node, const char *name, struct project *out);
int project_pin(const char *node, const char *file_or_name);
int project_import_file(const char *path, char name[65]);

#endif /* OCKAMCTL_ROUTE_H */
