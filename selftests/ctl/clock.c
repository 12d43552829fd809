// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Seconds since 1970 plus CLOCK_SHIFT; for LD_PRELOAD. */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *out)
{
	const char *shift = getenv("CLOCK_SHIFT");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += shift ? atol(shift) : 0;
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
