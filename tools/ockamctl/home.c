// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Files under OCKAM_HOME: durable, atomic, private. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "ctl.h"
#include "home.h"

/* What is in a folder, or was moved there, lasts from here on. */
static int sync_dir(const char *path)
{
	char copy[HOME_PATH_MAX + 8];
	int fd, err;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	err = fsync(fd);
	close(fd);
	return err;
}

static int make_dir(const char *path)
{
	if (mkdir(path, 0700) ? errno == EEXIST : !sync_dir(path))
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
	return 0;
}

int home_path(char path[HOME_PATH_MAX], const char *dir, const char *name,
	      const char *suffix)
{
	int err = home_dir(path);
	size_t len;

	if (err)
		return err;
	len = strlen(path);
	if (dir)
		len += snprintf(path + len, HOME_PATH_MAX - len, "/%s", dir);
	if (name && len < HOME_PATH_MAX)
		len += snprintf(path + len, HOME_PATH_MAX - len, "/%s%s", name,
				suffix ? suffix : "");
	return len < HOME_PATH_MAX ? 0 :
	       ctl_fail(CTL_IO, "OCKAM_HOME: the path is too long");
}

/* The folders above PATH, from OCKAM_HOME on. */
static int make_parents(const char *path)
{
	char part[HOME_PATH_MAX];
	const char *slash;
	size_t len;
	int err = home_dir(part);

	len = strlen(part);
	if (err || strncmp(path, part, len) || path[len] != '/')
		return err;
	for (slash = path + len; !err && slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		err = make_dir(part);
	}
	return err;
}

int home_make_dir(const char *path)
{
	int err = make_parents(path);

	return err ? err : make_dir(path);
}

/*
 * A file is written beside its place, as FILE.new. Whatever has that name was
 * left behind by a power cut, or is the old content, which has been replaced.
 */
#define BESIDE	".new"

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

/* Overwrite and unlink. */
static int discard(const char *path)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat stat;
	off_t at, part;
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	err = fstat(fd, &stat);
	for (at = 0; !err && at < stat.st_size; at += part) {
		part = stat.st_size - at;
		if (part > (off_t)sizeof(zeros))
			part = sizeof(zeros);
		err = write(fd, zeros, part) != part;
	}
	err = fsync(fd) || err;
	close(fd);
	return unlink(path) || err ? -1 : 0;
}

static int cannot_write(const char *path)
{
	return ctl_fail(CTL_IO, "cannot write %s: %s", path, strerror(errno));
}

/* A file that was not there, to be written. */
static int open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
}

static int fill(int fd, const void *data, size_t len)
{
	int err = write_all(fd, data, len);

	return close(fd) || err ? -1 : 0;
}

static int create(const char *path, const void *data, size_t len)
{
	int fd = discard(path) ? -1 : open_new(path);

	return fd < 0 ? -1 : fill(fd, data, len);
}

int home_write_new(const char *path, const void *data, size_t len)
{
	int fd = open_new(path), err;

	if (fd < 0)
		return errno == EEXIST ? ctl_fail(CTL_EXISTS, "%s exists", path) :
					 cannot_write(path);
	if (!fill(fd, data, len) && !sync_dir(path))
		return 0;
	err = cannot_write(path);
	unlink(path);
	return err;
}

int home_write(const char *path, const void *data, size_t len)
{
	char beside[HOME_PATH_MAX + 8];
	int err = home_lock();

	if (!err)
		err = make_parents(path);
	if (err)
		return err;
	snprintf(beside, sizeof(beside), "%s" BESIDE, path);
	err = create(beside, data, len);
	/* Where two files cannot change places, the old one is just freed. */
	if (!err)
		err = renameat2(AT_FDCWD, beside, AT_FDCWD, path,
				RENAME_EXCHANGE) && rename(beside, path);
	/* What may come back after a power cut is kept until that is sure. */
	if (!err && sync_dir(path))
		return cannot_write(path);
	if (err)
		err = cannot_write(path);
	/* Whatever it is now, it may have a key in it. */
	if (discard(beside) && !err)
		err = ctl_fail(CTL_IO, "cannot overwrite %s: %s", beside,
			       strerror(errno));
	return err;
}

int home_remove(const char *path)
{
	char beside[HOME_PATH_MAX + 8];
	int err = home_lock();

	if (err)
		return err;
	snprintf(beside, sizeof(beside), "%s" BESIDE, path);
	if (rename(path, beside) || sync_dir(path) || discard(beside))
		return ctl_fail(CTL_IO, "cannot delete %s: %s", path,
				strerror(errno));
	return 0;
}

static ssize_t read_all(int fd, char *data, size_t size)
{
	size_t len = 0;
	ssize_t got = 0;

	while (len + 1 < size) {
		got = read(fd, data + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	data[len] = '\0';
	return got < 0 ? -1 : (ssize_t)len;
}

static ssize_t read_file(const char *path, void *data, size_t size,
			 bool private)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	ssize_t len = -1;

	if (fd < 0)
		return -1;
	if (private && !fstat(fd, &stat) && stat.st_mode & 077)
		errno = EPERM;
	else
		len = read_all(fd, data, size);
	close(fd);
	return len;
}

ssize_t home_read(const char *path, void *data, size_t size)
{
	return read_file(path, data, size, false);
}

ssize_t home_read_private(const char *path, void *data, size_t size)
{
	return read_file(path, data, size, true);
}

int home_missing(const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return CTL_NOT_FOUND;
	return ctl_fail(errno == EACCES ? CTL_PERMISSION : CTL_IO,
			"cannot open %s: %s", path, strerror(errno));
}

/* The length of a file's name without SUFFIX, 0 if it ends in something else. */
static size_t base_len(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix) ? len - end : 0;
}

int home_names(const char *path, const char *suffix, json_t **out)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), err;

	*out = json_array();
	if (count < 0) {
		err = home_missing(path);
		return err == CTL_NOT_FOUND ? 0 : err;
	}
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name;

		name[base_len(name, suffix)] = '\0';
		if (home_is_name(name))
			json_array_append_new(*out, json_string(name));
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static void walk(const char *dir, int (*wanted)(const struct dirent *entry),
		 void (*each)(const char *path))
{
	char path[HOME_PATH_MAX + 256];
	struct dirent **entries;
	int count = scandir(dir, &entries, wanted, NULL);

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		each(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static int is_vault(const struct dirent *entry)
{
	return home_is_name(entry->d_name);
}

static int is_beside(const struct dirent *entry)
{
	return base_len(entry->d_name, ".pem" BESIDE) ||
	       base_len(entry->d_name, ".json" BESIDE) ||
	       base_len(entry->d_name, ".credential" BESIDE);
}

static void drop(const char *path)
{
	discard(path);
}

static void sweep_dir(const char *path)
{
	walk(path, is_beside, drop);
}

/* What a power cut left beside its place, and nothing that others put here. */
static void sweep(void)
{
	static const char *const dirs[] = { "known", "projects", "pins",
					    "credentials" };
	char path[HOME_PATH_MAX];

	if (!home_path(path, NULL, "default-identity", BESIDE))
		discard(path);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (!home_path(path, dirs[i], NULL, NULL))
			sweep_dir(path);
	if (!home_path(path, "vaults", NULL, NULL))
		walk(path, is_vault, sweep_dir);
}

#define LOCK_WAIT	10	/* seconds */

static int lock_fd = -1;

static void wake(int signal)
{
	(void)signal;
}

/* The kernel serves who waits longest; the timer goes on until one is heard. */
static int wait_for_lock(int fd)
{
	const struct itimerval limit = { { 1, 0 }, { LOCK_WAIT, 0 } }, none = { 0 };
	const struct sigaction interrupt = { .sa_handler = wake };
	struct sigaction before;
	int err;

	sigaction(SIGALRM, &interrupt, &before);
	setitimer(ITIMER_REAL, &limit, NULL);
	err = flock(fd, LOCK_EX);
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &before, NULL);
	return err;
}

int home_lock(void)
{
	char path[HOME_PATH_MAX];
	int err, fd;

	if (lock_fd >= 0)
		return 0;
	err = home_path(path, NULL, "lock", NULL);
	if (!err)
		err = make_parents(path);
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || wait_for_lock(fd)) {
		err = errno;
		if (fd >= 0)
			close(fd);
		if (err == EINTR)
			return ctl_fail(CTL_TIMEOUT, "another ockamctl holds %s: try again when it has ended",
					path);
		return ctl_fail(CTL_IO, "cannot lock %s: %s", path,
				strerror(err));
	}
	lock_fd = fd;
	sweep();
	return 0;
}

void home_unlock(void)
{
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
}

bool home_is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return len && len <= 64 && name[0] != '.';
}

int home_check_name(const char *what, const char *name)
{
	if (home_is_name(name))
		return 0;
	return ctl_fail(CTL_USAGE, "%s '%s': a name has 1 to 64 letters, digits, . _ -",
			what, name);
}
