/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * subreaper COMMAND...: run it as a shim does, adopt the orphans that it leaves and print "pid status" of
 * each once it has ended. Exits with COMMAND's status. Only direct orphans are ours to wait for.
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status, result = 1;

	if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 2;
	pid_t child = fork();

	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	for (pid_t pid; (pid = wait(&status)) > 0;) {
		int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

		if (pid == child)
			result = code;
		else
			printf("%d %d\n", (int)pid, code);
	}
	return result;
}
