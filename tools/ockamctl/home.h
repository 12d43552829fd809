/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Files under OCKAM_HOME: durable, atomic, private. */
#ifndef OCKAMCTL_HOME_H
#define OCKAMCTL_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include <sys/types.h>

#define HOME_PATH_MAX	4096

/* Path of DIR/NAME.SUFFIX. 0 or an exit code. */
int home_path(char path[HOME_PATH_MAX], const char *dir, const char *name,
	      const char *suffix);
/*
 * Whole file, 0600: new or old content after a crash, never neither. The old
 * content is overwritten once the new one is durable. Makes the folder; takes
 * the lock.
 */
int home_write(const char *path, const void *data, size_t len);
/* The same, anywhere, unless there is something; beside it nothing is touched. */
int home_write_new(const char *path, const void *data, size_t len);
/* Gone for good: its content is overwritten. Takes the lock. */
int home_remove(const char *path);
/* Bytes read, terminated by a zero that does not count; -1 with errno. */
ssize_t home_read(const char *path, void *data, size_t size);
/* The same; only from a file that nobody else may open: -1 with EPERM. */
ssize_t home_read_private(const char *path, void *data, size_t size);
/* What errno says of PATH: CTL_NOT_FOUND, or another code after a message. */
int home_missing(const char *path);
/*
 * What is in a folder and ends in SUFFIX, without it, by name; what can be no
 * name is left out. 0, also when there is no such folder, or an exit code.
 */
int home_names(const char *path, const char *suffix, json_t **out);
/* With those above it, from OCKAM_HOME on. */
int home_make_dir(const char *path);
/* One tool at a time; until home_unlock() or the end of the process. */
int home_lock(void);
void home_unlock(void);
/* May NAME be a file's name? */
bool home_is_name(const char *name);
/* The same, with a message. */
int home_check_name(const char *what, const char *name);

#endif /* OCKAMCTL_HOME_H */
