// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Files under OCKAM_HOME: durable, atomic, private. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ctl.h"
#include "home.h"

static int make_dir(const char *path)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return ctl_fail(CTL_IO, "cannot make %s: %s", path, strerror(errno));
}

static int home_dir(char path[HOME_PATH_MAX])
{
	const char *home = getenv("OCKAM_HOME"), *user = getenv("HOME");

	if (home && *home)
		snprintf(path, HOME_PATH_MAX, "%s", home);
	else if (user && *user)
		snprintf(path, HOME_PATH_MAX, "%s/.ockamctl", user);
	else
		return ctl_fail(CTL_IO, "set OCKAM_HOME: there is no HOME either");
	return make_dir(path);
}

int home_path(char path[HOME_PATH_MAX], const char *dir, const char *name,
	      const char *suffix)
{
	size_t len;
	int err;

	err = home_dir(path);
	if (err)
		return err;
	len = strlen(path);
	if (dir) {
		snprintf(path + len, HOME_PATH_MAX - len, "/%s", dir);
		err = make_dir(path);
		if (err)
			return err;
		len = strlen(path);
	}
	if (name)
		snprintf(path + len, HOME_PATH_MAX - len, "/%s%s", name,
			 suffix ? suffix : "");
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t done;

	for (; len; data += done, len -= done) {
		done = write(fd, data, len);
		if (done < 0)
			return -1;
	}
	return fsync(fd);
}

static int sync_dir(const char *path)
{
	char copy[HOME_PATH_MAX];
	int fd, err;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	err = fsync(fd);
	close(fd);
	return err;
}

int home_write(const char *path, const void *data, size_t len)
{
	char temp[HOME_PATH_MAX + 16];
	int fd, err;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return ctl_fail(CTL_IO, "cannot write %s: %s", path,
				strerror(errno));
	err = fchmod(fd, 0600) || write_all(fd, data, len);
	err |= close(fd);
	if (!err)
		err = rename(temp, path) || sync_dir(path);
	if (!err)
		return 0;
	err = errno;
	unlink(temp);
	return ctl_fail(CTL_IO, "cannot write %s: %s", path, strerror(err));
}

ssize_t home_read(const char *path, void *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (len + 1 < size) {
		got = read(fd, (char *)data + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	close(fd);
	if (got < 0)
		return -1;
	((char *)data)[len] = '\0';
	return len;
}

int home_lock(void)
{
	char path[HOME_PATH_MAX];
	static int fd = -1;
	int err;

	if (fd >= 0)
		return 0;
	err = home_path(path, NULL, "lock", NULL);
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		return ctl_fail(CTL_IO, "cannot lock %s: %s", path,
				strerror(errno));
	return 0;
}

int home_check_name(const char *what, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			len = 0;
	if (len && len <= 64 && name[0] != '.')
		return 0;
	return ctl_fail(CTL_USAGE, "%s '%s': a name has 1 to 64 letters, digits, . _ -",
			what, name);
}
