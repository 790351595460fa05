/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program whose first thread ends while another goes on: a zombie to look at, and alive. */
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

static void *stay(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stay, NULL) != 0)
		return 1;
	pthread_exit(NULL);
}
