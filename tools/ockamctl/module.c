// SPDX-License-Identifier: GPL-2.0 OR MIT
/* ockamctl module */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ctl.h"
#include "genl.h"
#include "home.h"

/*
 * The kernel marks a module without a valid signature with an E, if it looks at
 * signatures at all.
 */
static bool is_signed(void)
{
	char taint[32];

	return !access("/sys/module/module/parameters/sig_enforce", F_OK) &&
	       home_read("/sys/module/ockam/taint", taint,
			 sizeof(taint)) >= 0 && !strchr(taint, 'E');
}

static int status(struct ctl_args *args)
{
	json_t *objects = json_object();
	static struct object info;
	int err;

	(void)args;
	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (err)
		return genl_fail(err, "cannot ask the module");
	for (int i = 0; i < info.counted_len; i++)
		json_object_set_new(objects, info.counted[i].name,
				    json_integer(info.counted[i].count));
	return ctl_print(json_pack("{s:s, s:i, s:i, s:b, s:s, s:o}", "module",
				   info.version, "family", (int)info.family,
				   "netlink", OCKAM_GENL_VERSION, "signed",
				   is_signed(), "crypto", info.driver,
				   "objects", objects));
}

static bool is_loaded(void)
{
	return !access("/sys/module/ockam", F_OK);
}

/* Exit code of `modprobe ockam [family=N]`, which prints nothing. */
static int run_modprobe(char *parameter)
{
	char *argv[] = { "modprobe", "ockam", parameter, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int result;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	result = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (result || waitpid(pid, &result, 0) < 0)
		return -1;
	return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static int load(struct ctl_args *args)
{
	static struct object info;
	char parameter[32], *end = "";
	long family = 0;
	int err;

	if (args->family)
		family = strtol(args->family, &end, 10);
	if (*end || family < 0 || family > 255)
		return ctl_fail(CTL_USAGE, "--family is a number below 256, or 0 for one that is free");
	if (geteuid())
		return ctl_fail(CTL_PERMISSION, "loading a module needs root: run it with sudo");
	snprintf(parameter, sizeof(parameter), "family=%ld", family);
	if (!is_loaded() && run_modprobe(args->family ? parameter : NULL))
		return ctl_fail(CTL_UNAVAILABLE, "the module cannot be loaded: `dmesg` says why, if it is installed and the family number is free");
	err = request_send(request_new(OCKAM_CMD_INFO_GET), &info);
	if (err)
		return genl_fail(err, "cannot ask the module");
	if (family && family != (long)info.family)
		return ctl_fail(CTL_EXISTS, "the module is loaded with family %u: run `modprobe -r ockam` first",
				info.family);
	return ctl_result(json_pack("{s:s, s:i}", "module", info.version,
				    "family", (int)info.family), "%u",
			  info.family);
}

const struct ctl_command module_commands[] = {
	{ "status", status, NULL, "[--output json]",
	  "print version, family number, cipher and living objects",
	  "ockamctl module status" },
	{ "load", load, NULL, "[--family NUMBER] [--output json]",
	  "load the module, and print the number of its socket family",
	  "ockamctl module load --family 22" },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};
