// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Commands that run until a signal, the last of --count or the --timeout. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include "ctl.h"

/* SIGINT and SIGTERM, to be polled. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int ctl_loop(const struct ctl_args *args, int fd, const char *what,
	     int (*each)(void *arg), void *arg)
{
	struct pollfd fds[] = { { fd, POLLIN, 0 },
				{ open_signals(), POLLIN, 0 } };
	long count = 0, end, wait = -1;
	int ms = ctl_timeout_ms(args), counted;

	if (ms < 0)
		return -ms;
	if (args->count && ctl_number(&count, args->count, "--count", 1))
		return CTL_USAGE;
	ctl_note("waiting for %s: Ctrl-C ends it", what);
	end = ctl_now_ms() + ms;
	for (long left = count; !count || left; left -= counted) {
		counted = 0;
		if (args->timeout)
			wait = end - ctl_now_ms();
		/* Also when they never cease to come. */
		if ((args->timeout && wait <= 0) || !poll(fds, 2, wait))
			return count ? ctl_fail(CTL_TIMEOUT, "%ld of %ld %s did not come in time",
						left, count, what) : CTL_OK;
		if (fds[1].revents)
			return CTL_OK;
		if (fds[0].revents)
			counted = each(arg);
		if (counted < 0)
			return -counted;
	}
	return CTL_OK;
}
