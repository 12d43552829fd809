// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A power cut in a program that writes below OCKAM_HOME; for LD_PRELOAD.
 *
 * Calls that change files there are counted. In place of number POWERCUT the
 * program ends with code 99, and with POWERCUT_LOSES set, all is undone that
 * no fsync() has made durable: data of files, and what happened in folders. The
 * same is undone when the program ends by itself. With POWERCUT_NO_SWAP two
 * files cannot change places, as on some file systems. POWERCUT_LOSES is a
 * folder beside OCKAM_HOME, for what may have to come back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS	256
#define FDS	256

enum kind { NEW, MOVE, SWAP, GONE, DIR_NEW, DIR_GONE };

static struct step {
	enum kind kind;
	char from[PATH_MAX], to[PATH_MAX], saved[PATH_MAX];
	bool durable, had;
} steps[STEPS];

static struct {
	bool ours, dirty;
	int copy;		/* outlives close() */
} files[FDS];

static int step_count, calls;

#define REAL(name, type, ...) \
	((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static bool is_ours(const char *path)
{
	const char *home = getenv("OCKAM_HOME");
	size_t len = home ? strlen(home) : 0;

	return len && !strncmp(path, home, len) &&
	       (path[len] == '/' || !path[len]);
}

static void undo(const struct step *step)
{
	int (*move)(const char *, const char *) =
		REAL(rename, int, const char *, const char *);

	switch (step->kind) {
	case NEW:
		REAL(unlink, int, const char *)(step->to);
		break;
	case SWAP:
		REAL(renameat2, int, int, const char *, int, const char *,
		     unsigned int)(AT_FDCWD, step->from, AT_FDCWD, step->to,
				   RENAME_EXCHANGE);
		break;
	case MOVE:
		move(step->to, step->from);
		if (step->had)
			move(step->saved, step->to);
		break;
	case GONE:
	case DIR_NEW:
		move(step->kind == GONE ? step->saved : step->to,
		     step->kind == GONE ? step->to : step->saved);
		break;
	case DIR_GONE:
		REAL(mkdir, int, const char *, mode_t)(step->to, 0700);
		break;
	}
}

static void __attribute__((destructor)) lose(void)
{
	if (!getenv("POWERCUT_LOSES"))
		return;
	for (int i = 0; i < FDS; i++)
		if (files[i].dirty && ftruncate(files[i].copy, 0))
			_exit(98);
	for (int i = step_count - 1; i >= 0; i--)
		if (!steps[i].durable)
			undo(&steps[i]);
}

static void cut(void)
{
	lose();
	_exit(99);
}

static bool cut_here(void)
{
	const char *where = getenv("POWERCUT");

	return ++calls == (where ? atoi(where) : 0);
}

static void count(void)
{
	if (cut_here())
		cut();
}

static struct step *add(enum kind kind, const char *from, const char *to)
{
	const char *folder = getenv("POWERCUT_LOSES");
	struct step *step = &steps[step_count];

	if (step_count == STEPS - 1)
		_exit(97);
	step->kind = kind;
	snprintf(step->from, PATH_MAX, "%s", from);
	snprintf(step->to, PATH_MAX, "%s", to);
	snprintf(step->saved, PATH_MAX, "%s/%d", folder ? folder : "", step_count);
	step->had = folder && (kind == MOVE || kind == GONE) &&
		    !link(to, step->saved);
	return step;
}

static int keep(int result)
{
	if (!result)
		step_count++;
	return result;
}

int open(const char *path, int flags, ...)
{
	bool there = !access(path, F_OK);
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (is_ours(path) && flags & O_CREAT && !there)
		count();
	fd = REAL(open, int, const char *, int, mode_t)(path, flags, mode);
	if (fd < 0 || fd >= FDS || !is_ours(path))
		return fd;
	files[fd].ours = true;
	if (flags & O_CREAT && !there) {
		add(NEW, "", path);
		step_count++;
	}
	return fd;
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		files[fd].ours = false;
	return REAL(close, int, int)(fd);
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) =
		REAL(write, ssize_t, int, const void *, size_t);

	if (fd < 0 || fd >= FDS || !files[fd].ours)
		return real(fd, data, len);
	if (!files[fd].dirty) {
		files[fd].dirty = true;
		files[fd].copy = fcntl(fd, F_DUPFD, FDS);
	}
	if (cut_here()) {
		if (real(fd, data, len / 2) < 0)
			_exit(98);
		cut();
	}
	return real(fd, data, len);
}

/* The files of a folder are where they are; a file has what it has. */
int fsync(int fd)
{
	char link[64], path[PATH_MAX] = "";
	struct stat stat;
	int err;

	if (fd < 0 || fd >= FDS || !files[fd].ours)
		return REAL(fsync, int, int)(fd);
	count();
	err = REAL(fsync, int, int)(fd);
	if (fstat(fd, &stat) || !S_ISDIR(stat.st_mode)) {
		files[fd].dirty = false;
		return err;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0)
		_exit(98);
	for (int i = 0; i < step_count; i++)
		if (!strncmp(steps[i].to, path, strlen(path)) &&
		    !strchr(steps[i].to + strlen(path) + 1, '/'))
			steps[i].durable = true;
	return err;
}

int rename(const char *from, const char *to)
{
	if (is_ours(to)) {
		count();
		add(MOVE, from, to);
		return keep(REAL(rename, int, const char *, const char *)(from, to));
	}
	return REAL(rename, int, const char *, const char *)(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to,
	      unsigned int flags)
{
	int (*real)(int, const char *, int, const char *, unsigned int) =
		REAL(renameat2, int, int, const char *, int, const char *,
		     unsigned int);

	if (!is_ours(to))
		return real(from_dir, from, to_dir, to, flags);
	if (getenv("POWERCUT_NO_SWAP")) {
		errno = EINVAL;
		return -1;
	}
	count();
	add(SWAP, from, to);
	return keep(real(from_dir, from, to_dir, to, flags));
}

int unlink(const char *path)
{
	if (is_ours(path)) {
		count();
		add(GONE, "", path);
		return keep(REAL(unlink, int, const char *)(path));
	}
	return REAL(unlink, int, const char *)(path);
}

int mkdir(const char *path, mode_t mode)
{
	if (is_ours(path) && access(path, F_OK)) {
		count();
		add(DIR_NEW, "", path);
		return keep(REAL(mkdir, int, const char *, mode_t)(path, mode));
	}
	return REAL(mkdir, int, const char *, mode_t)(path, mode);
}

int rmdir(const char *path)
{
	if (is_ours(path)) {
		count();
		add(DIR_GONE, "", path);
		return keep(REAL(rmdir, int, const char *)(path));
	}
	return REAL(rmdir, int, const char *)(path);
}
