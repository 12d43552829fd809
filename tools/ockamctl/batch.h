/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* --batch: commands from a file, one a line. */
#ifndef OCKAMCTL_BATCH_H
#define OCKAMCTL_BATCH_H

/*
 * Call @run for each line of @path, "-" for standard input, in a process of its
 * own. The exit code of the first one that fails, which ends it; else 0.
 */
int batch_run(const char *path, int (*run)(int argc, char **argv));

#endif /* OCKAMCTL_BATCH_H */
