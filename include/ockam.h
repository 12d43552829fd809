/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Helpers for C and C++ programs that use AF_OCKAM: the family number, routes
 * from text, a client or a server in one call. This header is all of it: there is
 * no library, no thread and no state, and nothing is allocated but by
 * getaddrinfo(). Functions return -1 and set errno when they fail.
 *
 * Wants POSIX.1-2008: with -std=c99 define _POSIX_C_SOURCE as 200809L.
 */
#ifndef OCKAM_H
#define OCKAM_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ockam.h>

#define OCKAM_HOPS_MAX		32
#define OCKAM_VALUE_MAX		255	/* bytes in an address */
#define OCKAM_ROUTE_MAX		(OCKAM_HOPS_MAX * (2 + OCKAM_VALUE_MAX))

/**
 * struct ockam_route - a route in binary form, for OCKAM_ROUTE and OCKAM_CM_ROUTE
 * @len:   bytes used in @hops
 * @count: addresses in it
 * @hops:  for each address: transport type, length, value
 *
 * Larger than 8 KiB: mind small stacks.
 */
struct ockam_route {
	size_t len;
	unsigned int count;
	unsigned char hops[OCKAM_ROUTE_MAX];
};

static inline int ockam_fail(int error)
{
	errno = error;
	return -1;
}

/* Close @fd, keep errno. */
static inline int ockam_give_up(int fd)
{
	int error = errno;

	close(fd);
	return ockam_fail(error);
}

/**
 * ockam_family() - the number that the family has on this machine
 *
 * Return: the number for socket(), or -1: EAFNOSUPPORT the module is not loaded.
 */
static inline int ockam_family(void)
{
	int fd = open("/proc/net/ockam", O_RDONLY | O_CLOEXEC);
	const char *line;
	char text[512];
	ssize_t len;

	if (fd < 0)
		return ockam_fail(EAFNOSUPPORT);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	line = strstr(text, "family ");
	return line ? atoi(line + 7) : ockam_fail(EAFNOSUPPORT);
}

/**
 * ockam_route_add() - one address more at the end of a route
 * @route: route; begins with @len and @count 0
 * @type:  0 an address of a node, 1 TCP as "ip:port" or "[ip6]:port"
 * @value: the address
 * @len:   its bytes
 *
 * Return: 0, or -1: EINVAL no bytes, ENAMETOOLONG more than 255 bytes, EMSGSIZE
 * more than 32 addresses.
 */
static inline int ockam_route_add(struct ockam_route *route, int type,
				  const void *value, size_t len)
{
	if (!len)
		return ockam_fail(EINVAL);
	if (len > OCKAM_VALUE_MAX)
		return ockam_fail(ENAMETOOLONG);
	if (route->count >= OCKAM_HOPS_MAX)
		return ockam_fail(EMSGSIZE);
	route->hops[route->len++] = (unsigned char)type;
	route->hops[route->len++] = (unsigned char)len;
	memcpy(route->hops + route->len, value, len);
	route->len += len;
	route->count++;
	return 0;
}

/* The next part of a text, up to "/" or the end; moves *text behind it. */
static inline size_t ockam_text_part(const char **text, const char **part)
{
	size_t len;

	if (**text == '/')
		(*text)++;
	*part = *text;
	len = strcspn(*text, "/");
	*text += len;
	return len;
}

static inline int ockam_text_is(const char *part, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(part, word, len);
}

static inline int ockam_text_port(const char *part, size_t len)
{
	int port = 0;
	size_t i;

	for (i = 0; i < len && len <= 5 && part[i] >= '0' && part[i] <= '9'; i++)
		port = port * 10 + part[i] - '0';
	return !len || i < len || !port || port > 65535 ? ockam_fail(EINVAL) :
							  port;
}

/* An address of @family as text; of a name by look-up, when @family is 0. */
static inline int ockam_text_host(char out[INET6_ADDRSTRLEN], int *family,
				  const char *host)
{
	struct addrinfo hints, *list, *first;
	unsigned char bytes[16];
	const void *addr;

	if (*family) {
		if (inet_pton(*family, host, bytes) != 1)
			return ockam_fail(EINVAL);
		inet_ntop(*family, bytes, out, INET6_ADDRSTRLEN);
		return 0;
	}
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	if (getaddrinfo(host, NULL, &hints, &list))
		return ockam_fail(EHOSTUNREACH);
	/* As upstream does: "localhost" is 127.0.0.1. */
	first = list;
	while (first && first->ai_family != AF_INET)
		first = first->ai_next;
	if (!first)
		first = list;
	*family = first->ai_family;
	addr = *family == AF_INET ?
	       (const void *)&((struct sockaddr_in *)(void *)first->ai_addr)->sin_addr :
	       (const void *)&((struct sockaddr_in6 *)(void *)first->ai_addr)->sin6_addr;
	inet_ntop(*family, addr, out, INET6_ADDRSTRLEN);
	freeaddrinfo(list);
	return 0;
}

/* "/ip4/A/tcp/P" and its like, from "tcp" on: the first address of a route. */
static inline int ockam_text_tcp(struct ockam_route *route, int family,
				 const char *host, size_t len, const char **text)
{
	char name[OCKAM_VALUE_MAX + 1], value[INET6_ADDRSTRLEN + 9];
	char *at = value;
	const char *part;
	size_t used;
	int port;

	used = ockam_text_part(text, &part);
	if (route->count || !len || !ockam_text_is(part, used, "tcp"))
		return ockam_fail(EINVAL);
	if (len > OCKAM_VALUE_MAX)
		return ockam_fail(ENAMETOOLONG);
	used = ockam_text_part(text, &part);
	port = ockam_text_port(part, used);
	if (port < 0)
		return -1;
	memcpy(name, host, len);
	name[len] = '\0';
	if (ockam_text_host(value + 1, &family, name))
		return -1;
	if (family == AF_INET6)
		value[0] = '[';
	else
		at++;
	len = strlen(at);
	if (family == AF_INET6)
		at[len++] = ']';
	at[len++] = ':';
	memcpy(at + len, part, used);
	return ockam_route_add(route, 1, at, len + used);
}

/**
 * ockam_route_parse() - a route from its text, a MultiAddr
 * @route: set
 * @text:  "/service/NAME" and "/worker/NAME" are addresses; in front of them may
 *         stand "/ip4/A/tcp/PORT", "/ip6/A/tcp/PORT" or "/dnsaddr/HOST/tcp/PORT"
 *
 * Only "/dnsaddr" looks anything up, by getaddrinfo(), which may wait.
 * "/node", "/project" and "/secure" mean things that ockamctl finds or makes: it
 * prints "/service/ADDRESS" for them, which can be used here.
 *
 * Return: 0, or -1: EINVAL malformed or empty; EPROTONOSUPPORT a form that only
 * ockamctl takes, or unknown; EHOSTUNREACH the host is unknown; ENAMETOOLONG an
 * address of more than 255 bytes; EMSGSIZE more than 32 addresses.
 */
static inline int ockam_route_parse(struct ockam_route *route, const char *text)
{
	const char *kind, *value;
	size_t kind_len, len;
	int err = 0;

	route->len = 0;
	route->count = 0;
	while (!err && *text) {
		kind_len = ockam_text_part(&text, &kind);
		len = ockam_text_part(&text, &value);
		if (!kind_len)
			err = ockam_fail(EINVAL);
		else if (ockam_text_is(kind, kind_len, "service") ||
			 ockam_text_is(kind, kind_len, "worker"))
			err = ockam_route_add(route, 0, value, len);
		else if (ockam_text_is(kind, kind_len, "ip4"))
			err = ockam_text_tcp(route, AF_INET, value, len, &text);
		else if (ockam_text_is(kind, kind_len, "ip6"))
			err = ockam_text_tcp(route, AF_INET6, value, len, &text);
		else if (ockam_text_is(kind, kind_len, "dnsaddr"))
			err = ockam_text_tcp(route, 0, value, len, &text);
		else
			err = ockam_fail(EPROTONOSUPPORT);
	}
	if (!err && !route->count)
		err = ockam_fail(EINVAL);
	return err;
}

/**
 * ockam_identifier_parse() - an identifier from its text
 * @id:   set
 * @text: "I" and 64 hexadecimal digits
 *
 * Return: 0, or -1: EINVAL.
 */
static inline int ockam_identifier_parse(unsigned char id[OCKAM_ID_LEN],
					 const char *text)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found;
	int i;

	if (text[0] != 'I' || strlen(text) != 1 + 2 * OCKAM_ID_LEN)
		return ockam_fail(EINVAL);
	for (i = 0; i < 2 * OCKAM_ID_LEN; i++) {
		found = strchr(digits, text[1 + i]);
		if (!found)
			return ockam_fail(EINVAL);
		id[i / 2] = (unsigned char)(id[i / 2] << 4 | ((found - digits) & 15));
	}
	return 0;
}

/**
 * ockam_identifier_text() - the text of an identifier
 * @text: set, terminated
 * @id:   identifier
 */
static inline void ockam_identifier_text(char text[2 + 2 * OCKAM_ID_LEN],
					 const unsigned char id[OCKAM_ID_LEN])
{
	static const char digits[] = "0123456789abcdef";
	int i;

	*text++ = 'I';
	for (i = 0; i < OCKAM_ID_LEN; i++) {
		*text++ = digits[id[i] >> 4];
		*text++ = digits[id[i] & 15];
	}
	*text = '\0';
}

/* An address of this family with @len bytes of @data. */
static inline void ockam_address(struct sockaddr_ockam *addr, int family,
				 int kind, const void *data, size_t len)
{
	memset(addr, 0, sizeof(*addr));
	addr->so_family = (__u16)family;
	addr->so_kind = (__u8)kind;
	addr->so_len = (__u8)len;
	memcpy(addr->so_data, data, len);
}

/**
 * ockam_socket() - a socket in a node
 * @node:  its name, NULL for the default node
 * @type:  SOCK_DGRAM or SOCK_SEQPACKET; may have SOCK_CLOEXEC and SOCK_NONBLOCK
 * @ids:   identifiers of 32 bytes: the only peers that are accepted
 * @count: how many; 0 means anyone: then look who it is, by ockam_peer()
 *
 * Return: the socket, or -1 with the errno of socket() or setsockopt().
 */
static inline int ockam_socket(const char *node, int type, const void *ids,
			       size_t count)
{
	int family = ockam_family(), fd;

	if (family < 0)
		return -1;
	fd = socket(family, type, 0);
	if (fd < 0)
		return -1;
	if (node && setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node,
			       (socklen_t)strlen(node)))
		return ockam_give_up(fd);
	if (count && setsockopt(fd, SOL_OCKAM, OCKAM_AUTHORIZED, ids,
				(socklen_t)(count * OCKAM_ID_LEN)))
		return ockam_give_up(fd);
	return fd;
}

/**
 * ockam_bind() - give a socket a name in its node
 * @fd:   socket
 * @name: name, 1 to 64 bytes
 *
 * Return: 0, or -1 with the errno of bind().
 */
static inline int ockam_bind(int fd, const char *name)
{
	int family = ockam_family();
	struct sockaddr_ockam addr;

	if (family < 0)
		return -1;
	if (strlen(name) > OCKAM_NAME_LEN_MAX)
		return ockam_fail(ENAMETOOLONG);
	ockam_address(&addr, family, OCKAM_KIND_NAME, name, strlen(name));
	return bind(fd, (const struct sockaddr *)(const void *)&addr,
		    sizeof(addr));
}

/**
 * ockam_connect() - open a secure channel, or say where a worker sends to
 * @node:  node that it begins in, NULL for the default one
 * @route: text, see ockam_route_parse(); of a channel, the last address is that
 *         of the listener
 * @type:  as for ockam_socket()
 * @ids:   the same
 * @count: the same
 *
 * Return: the socket, connected; with SOCK_NONBLOCK perhaps not yet: POLLOUT and
 * SO_ERROR tell. Or -1 with the errno of what failed.
 */
static inline int ockam_connect(const char *node, const char *route, int type,
				const void *ids, size_t count)
{
	struct sockaddr_ockam addr;
	struct ockam_route way;
	int family, fd;

	if (ockam_route_parse(&way, route))
		return -1;
	family = ockam_family();
	fd = family < 0 ? -1 : ockam_socket(node, type, ids, count);
	if (fd < 0)
		return -1;
	ockam_address(&addr, family, OCKAM_KIND_USE_ROUTE, "", 0);
	if (setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, way.hops,
		       (socklen_t)way.len))
		return ockam_give_up(fd);
	if (connect(fd, (const struct sockaddr *)(const void *)&addr,
		    sizeof(addr)) && errno != EINPROGRESS)
		return ockam_give_up(fd);
	return fd;
}

/**
 * ockam_listen() - a socket that accept() takes secure channels from
 * @node:    node, NULL for the default one
 * @name:    name in the node, the last address of the clients' routes
 * @backlog: channels that may wait for accept()
 * @ids:     as for ockam_socket()
 * @count:   the same
 *
 * Return: the socket, or -1 with the errno of what failed.
 */
static inline int ockam_listen(const char *node, const char *name, int backlog,
			       const void *ids, size_t count)
{
	int fd = ockam_socket(node, SOCK_SEQPACKET | SOCK_CLOEXEC, ids, count);

	if (fd < 0)
		return -1;
	if (ockam_bind(fd, name) || listen(fd, backlog))
		return ockam_give_up(fd);
	return fd;
}

/**
 * ockam_peer() - who is at the other end of a channel
 * @fd: socket that has a channel
 * @id: set
 *
 * Return: 0, or -1: ENOTCONN.
 */
static inline int ockam_peer(int fd, unsigned char id[OCKAM_ID_LEN])
{
	socklen_t len = OCKAM_ID_LEN;

	return getsockopt(fd, SOL_OCKAM, OCKAM_PEER_IDENTIFIER, id, &len);
}

#endif /* OCKAM_H */
