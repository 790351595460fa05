/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What system calls come to in a container, without libc's own:
 *
 *	seccomp-probe NAME[:NUMBER[,NUMBER…]]…	one line each: "NAME 0", "NAME 13", "NAME killed 31"
 *	seccomp-probe -q …			make the one call here, say nothing: for a parent that
 *						looks at our end
 *
 * A call is made in a child, so that one that kills is seen; arguments are hexadecimal.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "getpid", SYS_getpid },   { "getppid", SYS_getppid }, { "personality", SYS_personality },
	{ "mkdir", SYS_mkdir },     { "fork", SYS_fork },       { "getuid", SYS_getuid },
	{ "getpgid", SYS_getpgid }, { "ioctl", SYS_ioctl },     { "lseek", SYS_lseek },
	{ "uname", SYS_uname },
};

static long number_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strlen(calls[i].name) == len && strncmp(calls[i].name, name, len) == 0)
			return calls[i].number;
	(void)fprintf(stderr, "seccomp-probe: unknown call %s\n", name);
	exit(2);
}

/* errno of the call, 0 when it returned anything else. */
static int call(const char *text)
{
	unsigned long long args[6] = { 0 };
	size_t len = strcspn(text, ":");
	long number = number_of(text, len);
	const char *p = text + len;

	/* NOLINTNEXTLINE(cert-err34-c) */
	for (int i = 0, used = 0; i < 6 && sscanf(p, "%*[:,]%llx%n", &args[i], &used) == 1; i++)
		p += used;
	errno = 0;
	return syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]) < 0 ? errno
											 : 0;
}

static void show(const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call(text));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(2);
	if (WIFSIGNALED(status))
		(void)printf("%.*s killed %d\n", (int)strcspn(text, ":"), text, WTERMSIG(status));
	else
		(void)printf("%.*s %d\n", (int)strcspn(text, ":"), text, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-q") == 0)
		_exit(call(argv[2]));
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++)
		show(argv[i]);
	return 0;
}
