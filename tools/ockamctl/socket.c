// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Sockets of the family AF_OCKAM, for messages. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/ockam.h>
#include "genl.h"
#include "route.h"
#include "socket.h"

int socket_failed(int err, const char *what)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ctl_fail(CTL_PERMISSION, "%s: %s: you need CAP_NET_ADMIN or the node's --allow-group",
				what, strerror(err));
	case EAFNOSUPPORT:
		return ctl_fail(CTL_UNAVAILABLE, "the ockam module is not loaded: run `modprobe ockam`");
	case EADDRINUSE:
		return ctl_fail(CTL_EXISTS, "%s: the address is taken: ockamctl worker list",
				what);
	case ECONNREFUSED:
	case EHOSTUNREACH:
		return ctl_fail(CTL_ROUTE, "%s: the node has nothing at the first address of the route",
				what);
	case EAGAIN:
		return ctl_fail(CTL_TIMEOUT, "%s: no answer in time", what);
	}
	return ctl_fail(CTL_UNAVAILABLE, "%s: %s", what, strerror(err));
}

/* 0 without the module. */
static int read_family(void)
{
	FILE *file = fopen("/proc/net/ockam", "re");
	int family = 0;
	char line[80];

	while (file && !family && fgets(line, sizeof(line), file))
		sscanf(line, "family %d", &family);
	if (file)
		fclose(file);
	return family;
}

/* The file is for everybody; asking the module loads it, and takes an admin. */
static int find_family(int *family)
{
	static struct object info;
	int err;

	*family = read_family();
	if (*family)
		return 0;
	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	*family = info.family;
	return err ? genl_fail(err, "cannot ask the module") : 0;
}

static int open_socket(const char *node, struct sockaddr_ockam *address)
{
	int fd, err, family;

	err = find_family(&family);
	if (err)
		return -err;
	address->so_family = family;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    !setsockopt(fd, SOL_OCKAM, OCKAM_NODE, node, strlen(node)))
		return fd;
	err = errno;
	if (fd >= 0)
		close(fd);
	return -socket_failed(err, node);
}

int socket_to(const struct ctl_args *args, const char *text, int ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
	struct sockaddr_ockam address;
	static struct route route;
	char node[65];
	int fd, err;

	err = node_name(args->from, node);
	if (!err)
		err = route_resolve(node, text, ms, &route);
	if (err)
		return -err;
	fd = open_socket(node, &address);
	if (fd < 0)
		return fd;
	if (!setsockopt(fd, SOL_OCKAM, OCKAM_ROUTE, route.hops, route.len) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		return fd;
	err = errno;
	close(fd);
	return -socket_failed(err, text);
}

int socket_named(const struct ctl_args *args, const char *name)
{
	struct sockaddr_ockam address = { .so_kind = OCKAM_KIND_NAME };
	size_t len = strlen(name);
	char node[65];
	int fd, err;

	if (!len || len > OCKAM_NAME_LEN_MAX)
		return -ctl_fail(CTL_USAGE, "the address of a worker has 1 to %d bytes",
				 OCKAM_NAME_LEN_MAX);
	err = node_name(args->at, node);
	if (err)
		return -err;
	fd = open_socket(node, &address);
	if (fd < 0)
		return fd;
	address.so_len = len;
	memcpy(address.so_data, name, len);
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = errno;
	close(fd);
	return -socket_failed(err, name);
}
