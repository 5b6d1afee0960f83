// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For back ends, by LD_PRELOAD: what a program itself calls of the C library and of
 * liburing is counted, and fails when a test wants it, like the calls of Xen's
 * libraries. What libraries call, these among them, is none of our business. Who
 * fails has not been there.
 *
 * Not what only speaks to standard error, and nothing that can't fail.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <liburing.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/sim.h"

static uintptr_t program_begin, program_end;
static struct sim_world *world;

/* The program comes first; only its code is looked for. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		program_begin = info->dlpi_addr + p->p_vaddr;
		program_end = program_begin + p->p_memsz;
	}
	return 1;
}

/* What is in a program besides, a compiler's counters for one, ends it. */
static void forget_program(void)
{
	program_end = program_begin;
}

__attribute__((constructor)) static void begin(void)
{
	dl_iterate_phdr(find_program, NULL);
	atexit(forget_program);
}

/* With errno. */
static bool fails(enum sim_call call, const void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	int ret;

	if (at < program_begin || at >= program_end)
		return false;
	if (!world)
		world = sim_open(NULL);
	if (!world)
		return false;
	sim_lock(world);
	ret = sim_call(world, call, 0);
	sim_unlock(world);
	if (ret)
		errno = -ret;
	return ret;
}

#define FAILS(kind) fails(SIM_SYS_##kind, __builtin_return_address(0))
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(kind, type, failure, name, params, ...)			\
	type name params						\
	{								\
		return FAILS(kind) ? failure : REAL(name)(__VA_ARGS__);	\
	}

/* The same with one more argument, which may be missing. */
#define CALL_MORE(kind, failure, name, last, params, ...)		\
	int name params							\
	{								\
		unsigned long more;					\
		va_list ap;						\
									\
		va_start(ap, last);					\
		more = va_arg(ap, unsigned long);			\
		va_end(ap);						\
		return FAILS(kind) ? failure :				\
				     REAL(name)(__VA_ARGS__, more);	\
	}

/* What fortified programs call. */
int __open64_2(const char *path, int flags);
int __asprintf_chk(char **text, int flag, const char *fmt, ...);

/* --- memory ---------------------------------------------------------------------- */

CALL(MEMORY, void *, NULL, malloc, (size_t n), n)
CALL(MEMORY, void *, NULL, calloc, (size_t n, size_t len), n, len)
CALL(MEMORY, void *, NULL, reallocarray, (void *p, size_t n, size_t len),
     p, n, len)
CALL(MEMORY, int, errno, posix_memalign, (void **p, size_t align, size_t n),
     p, align, n)

int __asprintf_chk(char **text, int flag, const char *fmt, ...)
{
	va_list ap;
	int ret;

	(void)flag;
	if (FAILS(MEMORY))
		return -1;
	va_start(ap, fmt);
	ret = vasprintf(text, fmt, ap);
	va_end(ap);
	return ret;
}

CALL(MAP, void *, MAP_FAILED, mmap64,
     (void *p, size_t len, int prot, int flags, int fd, off64_t at),
     p, len, prot, flags, fd, at)
CALL(UNMAP, int, -1, munmap, (void *p, size_t len), p, len)

/* --- files ----------------------------------------------------------------------- */

CALL_MORE(OPEN, -1, open64, flags, (const char *path, int flags, ...),
	  path, flags)
CALL_MORE(OPEN, -1, openat64, flags,
	  (int fd, const char *path, int flags, ...), fd, path, flags)
CALL(OPEN, int, -1, __open64_2, (const char *path, int flags), path, flags)
CALL(OPEN, FILE *, NULL, fopen64, (const char *path, const char *mode),
     path, mode)
CALL(OPEN, DIR *, NULL, fdopendir, (int fd), fd)

CALL(STAT, int, -1, stat64, (const char *path, struct stat64 *st), path, st)
CALL(STAT, int, -1, fstat64, (int fd, struct stat64 *st), fd, st)
CALL(STAT, int, -1, fstatat64,
     (int fd, const char *path, struct stat64 *st, int flags),
     fd, path, st, flags)
CALL(STAT, int, -1, statx,
     (int fd, const char *path, int flags, unsigned int mask, struct statx *st),
     fd, path, flags, mask, st)
CALL(STAT, int, -1, fstatfs64, (int fd, struct statfs64 *st), fd, st)
CALL(STAT, int, -1, access, (const char *path, int mode), path, mode)

CALL(READ, ssize_t, -1, read, (int fd, void *p, size_t n), fd, p, n)
CALL(READ, ssize_t, -1, pread64, (int fd, void *p, size_t n, off64_t at),
     fd, p, n, at)
CALL(READ, struct dirent64 *, NULL, readdir64, (DIR *dir), dir)

ssize_t write(int fd, const void *p, size_t n)
{
	if (fd != STDERR_FILENO && FAILS(WRITE))
		return -1;
	return REAL(write)(fd, p, n);
}

CALL(WRITE, ssize_t, -1, pwrite64,
     (int fd, const void *p, size_t n, off64_t at), fd, p, n, at)
CALL(WRITE, int, -1, ftruncate64, (int fd, off64_t len), fd, len)
CALL(WRITE, int, -1, fallocate64, (int fd, int mode, off64_t at, off64_t len),
     fd, mode, at, len)

CALL(NAME, int, -1, mkdir, (const char *path, mode_t mode), path, mode)
CALL(NAME, int, -1, unlink, (const char *path), path)
CALL(NAME, int, -1, unlinkat, (int fd, const char *path, int flags),
     fd, path, flags)

CALL(LOCK, int, -1, flock, (int fd, int how), fd, how)
CALL_MORE(CONTROL, -1, fcntl64, command, (int fd, int command, ...),
	  fd, command)
CALL_MORE(CONTROL, -1, ioctl, command, (int fd, unsigned long command, ...),
	  fd, command)

/* --- sockets --------------------------------------------------------------------- */

CALL(SOCKET, int, -1, socket, (int domain, int type, int protocol),
     domain, type, protocol)
CALL(SOCKET, int, -1, socketpair,
     (int domain, int type, int protocol, int fd[2]), domain, type, protocol, fd)
CALL(SOCKET, int, -1, bind, (int fd, const struct sockaddr *to, socklen_t len),
     fd, to, len)
CALL(SOCKET, int, -1, listen, (int fd, int n), fd, n)
CALL(SOCKET, int, -1, accept4,
     (int fd, struct sockaddr *from, socklen_t *len, int flags),
     fd, from, len, flags)
CALL(SOCKET, int, -1, getsockopt,
     (int fd, int level, int name, void *p, socklen_t *len),
     fd, level, name, p, len)

CALL(SEND, ssize_t, -1, send, (int fd, const void *p, size_t n, int flags),
     fd, p, n, flags)
CALL(SEND, ssize_t, -1, sendto,
     (int fd, const void *p, size_t n, int flags, const struct sockaddr *to,
      socklen_t len), fd, p, n, flags, to, len)
CALL(SEND, ssize_t, -1, sendmsg, (int fd, const struct msghdr *m, int flags),
     fd, m, flags)
CALL(RECEIVE, ssize_t, -1, recv, (int fd, void *p, size_t n, int flags),
     fd, p, n, flags)
CALL(RECEIVE, ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int flags),
     fd, m, flags)
CALL(POLL, int, -1, poll, (struct pollfd *fds, nfds_t n, int ms), fds, n, ms)

/* --- processes ------------------------------------------------------------------- */

CALL(SIGNAL, int, -1, sigprocmask,
     (int how, const sigset_t *set, sigset_t *old), how, set, old)
CALL(SIGNAL, int, -1, signalfd, (int fd, const sigset_t *set, int flags),
     fd, set, flags)

CALL(SPAWN, int, errno, posix_spawn_file_actions_init,
     (posix_spawn_file_actions_t *a), a)
CALL(SPAWN, int, errno, posix_spawn_file_actions_adddup2,
     (posix_spawn_file_actions_t *a, int from, int to), a, from, to)
CALL(SPAWN, int, errno, posix_spawn_file_actions_addclosefrom_np,
     (posix_spawn_file_actions_t *a, int fd), a, fd)
CALL(SPAWN, int, errno, posix_spawnattr_init, (posix_spawnattr_t *a), a)
CALL(SPAWN, int, errno, posix_spawnattr_setflags,
     (posix_spawnattr_t *a, short flags), a, flags)
CALL(SPAWN, int, errno, posix_spawnattr_setpgroup,
     (posix_spawnattr_t *a, pid_t group), a, group)
CALL(SPAWN, int, errno, posix_spawnattr_setsigmask,
     (posix_spawnattr_t *a, const sigset_t *set), a, set)
CALL(SPAWN, int, errno, posix_spawnattr_setsigdefault,
     (posix_spawnattr_t *a, const sigset_t *set), a, set)
CALL(SPAWN, int, errno, posix_spawn,
     (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attr, char *const argv[], char *const env[]),
     pid, path, actions, attr, argv, env)

CALL(CHILD, int, -1, pidfd_open, (pid_t pid, unsigned int flags), pid, flags)
CALL(CHILD, int, -1, pidfd_send_signal,
     (int fd, int sig, siginfo_t *info, unsigned int flags), fd, sig, info, flags)
CALL(CHILD, int, -1, kill, (pid_t pid, int sig), pid, sig)
CALL(CHILD, int, -1, waitid, (idtype_t type, id_t id, siginfo_t *info, int how),
     type, id, info, how)
CALL(CHILD, pid_t, -1, waitpid, (pid_t pid, int *status, int how),
     pid, status, how)

/* --- what a process gives up --------------------------------------------------------- */

/* What the world has open stays open: we are there before the libraries would be. */
static bool is_worlds(int fd)
{
	return world && (fd == world->dirfd || fd == world->fd ||
			 fd == world->process_fd);
}

int close_range(unsigned int first, unsigned int last, int flags)
{
	if (FAILS(RIGHTS))
		return -1;
	for (; first < last && first < 64; first++)
		if (!is_worlds((int)first))
			close((int)first);
	return REAL(close_range)(first, last, flags);
}

CALL(RIGHTS, int, -1, chdir, (const char *path), path)
CALL(RIGHTS, int, -1, setgroups, (size_t n, const gid_t *groups), n, groups)
CALL(RIGHTS, int, -1, setresgid, (gid_t real, gid_t effective, gid_t saved),
     real, effective, saved)
CALL(RIGHTS, int, -1, setresuid, (uid_t real, uid_t effective, uid_t saved),
     real, effective, saved)
CALL(RIGHTS, int, -1, setrlimit64,
     (__rlimit_resource_t what, const struct rlimit64 *limit), what, limit)
CALL(RIGHTS, int, -1, unshare, (int flags), flags)

int prctl(int option, ...)
{
	unsigned long arg[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		arg[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return FAILS(RIGHTS) ? -1 : REAL(prctl)(option, arg[0], arg[1], arg[2],
						arg[3]);
}

/* --- block I/O ------------------------------------------------------------------- */

CALL(RING, int, -errno, io_uring_queue_init_params,
     (unsigned int entries, struct io_uring *ring, struct io_uring_params *p),
     entries, ring, p)
CALL(RING, int, -errno, io_uring_register_buffers,
     (struct io_uring *ring, const struct iovec *v, unsigned int n), ring, v, n)
CALL(RING, int, -errno, io_uring_register_files_sparse,
     (struct io_uring *ring, unsigned int n), ring, n)
CALL(RING, int, -errno, io_uring_register_files_update,
     (struct io_uring *ring, unsigned int at, const int *fds, unsigned int n),
     ring, at, fds, n)

CALL(SUBMIT, int, -errno, io_uring_submit_and_get_events, (struct io_uring *ring),
     ring)
CALL(SUBMIT, int, -errno, io_uring_submit_and_wait_timeout,
     (struct io_uring *ring, struct io_uring_cqe **cqe, unsigned int n,
      struct __kernel_timespec *ts, sigset_t *set), ring, cqe, n, ts, set)

CALL(DATA, ssize_t, -1, preadv64,
     (int fd, const struct iovec *v, int n, off64_t at), fd, v, n, at)
CALL(DATA, ssize_t, -1, pwritev64,
     (int fd, const struct iovec *v, int n, off64_t at), fd, v, n, at)
