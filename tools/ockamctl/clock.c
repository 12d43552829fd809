// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Time: how long something took, and how long to wait for it. */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ctl.h"

long ctl_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

long ctl_now_ms(void)
{
	return ctl_now_us() / 1000;
}

int ctl_timeout_ms(const struct ctl_args *args)
{
	char *end;
	double seconds;

	if (!args->timeout)
		return 10000;
	seconds = strtod(args->timeout, &end);
	if (!strcmp(end, "ms"))
		seconds /= 1000;
	else if (*end && strcmp(end, "s"))
		seconds = 0;
	if (seconds >= 0.001 && seconds <= 600)
		return seconds * 1000;
	return -ctl_fail(CTL_USAGE, "--timeout is 1ms to 600s: a number of seconds, or of ms");
}
