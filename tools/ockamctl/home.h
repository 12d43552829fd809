/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Files under OCKAM_HOME: durable, atomic, private. */
#ifndef OCKAMCTL_HOME_H
#define OCKAMCTL_HOME_H

#include <stddef.h>
#include <sys/types.h>

#define HOME_PATH_MAX	4096

/* Path of DIR/NAME.SUFFIX; makes the folder. 0 or an exit code. */
int home_path(char path[HOME_PATH_MAX], const char *dir, const char *name,
	      const char *suffix);
/* Whole file, 0600: new or old content after a crash, never neither. */
int home_write(const char *path, const void *data, size_t len);
/* Bytes read, terminated by a zero that does not count; -1 with errno. */
ssize_t home_read(const char *path, void *data, size_t size);
/* One tool at a time; held until the process ends. */
int home_lock(void);
/* May NAME be a file's name? */
int home_check_name(const char *what, const char *name);

#endif /* OCKAMCTL_HOME_H */
