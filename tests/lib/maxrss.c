/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * maxrss FILE PROGRAM [ARG...]: run it and write the peak of its memory in KiB to FILE; exits as it
 * did. Small and static, since the kernel counts what a process had before execve too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3)
		return 2;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 2;
	FILE *f = fopen(argv[1], "we");

	if (!f)
		return 2;
	(void)fprintf(f, "%ld\n", usage.ru_maxrss);
	(void)fclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
