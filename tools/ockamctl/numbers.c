// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Time and other numbers. */

#include <limits.h>
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

void ctl_date(char dst[21], uint64_t seconds)
{
	time_t when = seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    !strftime(dst, 21, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(dst, "never");
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

int ctl_number(long *out, const char *text, const char *what, long min)
{
	char *end;

	*out = strtol(text, &end, 10);
	if (end != text && !*end && *out >= min && *out <= INT_MAX)
		return 0;
	return ctl_fail(CTL_USAGE, "%s is a whole number of at least %ld", what,
			min);
}
