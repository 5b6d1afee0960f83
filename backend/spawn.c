// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting and collecting workers. posix_spawn, because libxenstore has a
 * thread, because it reports a failing exec as its own error, and because
 * nothing of ours ever runs between fork and exec.
 *
 * The child starts with default signals and its own process group: a
 * terminal's ^C is for the manager, who then asks the workers to detach.
 */
#include "backend/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/proto.h"

static int spawn_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	ret = posix_spawnattr_init(attr);
	if (ret)
		return -ret;
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF |
				 POSIX_SPAWN_SETPGROUP);
	return 0;
}

static int spawn_run(pid_t *pid, const char *path, uint32_t domid, int sock)
{
	char prog[] = "xen-vblk-worker", arg[16];
	char *argv[] = { prog, arg, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int ret = spawn_attributes(&attr);

	if (ret)
		return ret;
	snprintf(arg, sizeof(arg), "dom%u", domid);
	ret = posix_spawn_file_actions_init(&files);
	if (ret)
		goto attr;
	ret = posix_spawn_file_actions_adddup2(&files, sock, PROTO_WORKER_FD);
	if (!ret)
		ret = posix_spawn_file_actions_addclosefrom_np(
			&files, PROTO_WORKER_FD + 1);
	if (!ret)
		ret = posix_spawn(pid, path, &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
attr:
	posix_spawnattr_destroy(&attr);
	return -ret;
}

int spawn_worker(struct spawn *child, const char *path, uint32_t domid)
{
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ret = fcntl(pair[0], F_SETFL, O_NONBLOCK) ? -errno : 0;
	if (!ret)
		ret = spawn_run(&child->pid, path, domid, pair[1]);
	close(pair[1]);
	if (ret)
		goto close;
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0) {
		ret = -errno;
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		goto close;
	}
	child->sock = pair[0];
	return 0;
close:
	close(pair[0]);
	*child = (struct spawn)SPAWN_NONE;
	return ret;
}

void spawn_kill(const struct spawn *child)
{
	/* Fails only for one that has ended. */
	if (child->pidfd >= 0)
		pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
}

void spawn_abort(struct spawn *child)
{
	if (child->pidfd < 0)
		return;
	spawn_kill(child);
	while (waitid(P_PIDFD, (id_t)child->pidfd, &(siginfo_t){ 0 }, WEXITED) &&
	       errno == EINTR)
		;
	close(child->sock);
	close(child->pidfd);
	*child = (struct spawn)SPAWN_NONE;
}

static void spawn_explain(const siginfo_t *info, char *text, size_t len)
{
	if (info->si_code == CLD_EXITED)
		snprintf(text, len, "exit status %d", info->si_status);
	else
		snprintf(text, len, "signal %d (%s)", info->si_status,
			 sigdescr_np(info->si_status) ?: "unknown");
}

bool spawn_reap(struct spawn *child, bool *failed, char *text, size_t len)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) ||
	    !info.si_pid)
		return false;
	*failed = info.si_code != CLD_EXITED || info.si_status;
	spawn_explain(&info, text, len);
	close(child->sock);
	close(child->pidfd);
	*child = (struct spawn)SPAWN_NONE;
	return true;
}
