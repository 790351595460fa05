/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Prints CLOCK_MONOTONIC and CLOCK_BOOTTIME in milliseconds. */
#include <stdio.h>
#include <time.h>

static long long milliseconds(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) < 0 ? -1 : now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(void)
{
	printf("%lld %lld\n", milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_BOOTTIME));
	return 0;
}
