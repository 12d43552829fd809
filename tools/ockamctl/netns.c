// SPDX-License-Identifier: GPL-2.0 OR MIT
/* --netns: the namespaces that `ip netns` makes. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

int netns_enter(const char *name)
{
	char path[280];
	int fd, err;

	if (!*name || strlen(name) > 255 || strchr(name, '/'))
		return ctl_fail(CTL_USAGE, "'%s' names no namespace: see `ip netns list`",
				name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ctl_fail(CTL_NOT_FOUND, "there is no namespace '%s': see `ip netns list`",
				name);
	err = fd < 0 || setns(fd, CLONE_NEWNET) ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (!err)
		return CTL_OK;
	return ctl_fail(err == EPERM || err == EACCES ? CTL_PERMISSION :
			CTL_IO, "cannot enter namespace %s: %s", name,
			strerror(err));
}
