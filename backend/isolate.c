// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Isolation of a worker. It faces the guest, so it keeps what the guest's
 * requests need and nothing else: open handles, image descriptors and one
 * socket to the manager. What is left in reach of a worker that a guest has
 * taken over is listed in docs/threats.md.
 */
#include "backend/isolate.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int isolate_begin(int last_fd)
{
	struct rlimit none = { 0, 0 };

	if (close_range((unsigned int)last_fd + 1, ~0u, 0) && errno != ENOSYS)
		return -errno;
	if (chdir("/") || setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

int isolate_finish(uint32_t domid)
{
	uid_t id = ISOLATE_ID_BASE + domid;

	if (geteuid() != 0)
		return 0;
	/* Kernels without a namespace type are as good as they can be. */
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) &&
	    errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (setgroups(0, NULL) ||
	    setresgid(id, id, id) || setresuid(id, id, id))
		return -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}
