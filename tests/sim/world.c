// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A world and the processes in it. Who lives is known by pipes: a process keeps
 * the reading end of its own open, so the kernel tells us when it has gone,
 * however that happened. What it held is taken back when somebody would notice.
 *
 * Everything that needs a path is opened when a library is opened or a domain
 * is first spoken of. Afterwards the libraries make no system calls but read,
 * write, mmap, munmap and nanosleep, so that a back end can lock itself in.
 */
#include "tests/sim/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sim_world *the_world;

uint64_t sim_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void sim_lock(struct sim_world *w)
{
	const struct timespec nap = { .tv_nsec = 20000 };

	/* Not pthread_mutex_lock(): it would need the futex call. */
	for (int i = 0;; i++) {
		int ret = pthread_mutex_trylock(&w->s->lock);

		if (ret == EOWNERDEAD)
			ret = pthread_mutex_consistent(&w->s->lock);
		if (!ret)
			return;
		if (ret != EBUSY)
			abort();
		if (i >= 100)
			nanosleep(&nap, NULL);
	}
}

void sim_unlock(struct sim_world *w)
{
	pthread_mutex_unlock(&w->s->lock);
}

static void pipe_path(char *path, size_t len, const char *name,
		      uint32_t number)
{
	snprintf(path, len, "%s.%u", name, number);
}

int sim_pipe_make(struct sim_world *w, const char *name, uint32_t number)
{
	char path[32];
	int fd;

	pipe_path(path, sizeof(path), name, number);
	if (mkfifoat(w->dirfd, path, 0600) && errno != EEXIST)
		return -errno;
	fd = openat(w->dirfd, path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sim_pipe_open(struct sim_world *w, const char *name, uint32_t number)
{
	char path[32];
	int fd;

	pipe_path(path, sizeof(path), name, number);
	/* Also for reading: who made it may be killed, and that is no SIGPIPE. */
	fd = openat(w->dirfd, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool pipe_is_read(struct sim_world *w, const char *name,
			 uint32_t number)
{
	char path[32];
	int fd;

	pipe_path(path, sizeof(path), name, number);
	fd = openat(w->dirfd, path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0 || (errno != ENXIO && errno != ENOENT);
}

void sim_pipe_remove(struct sim_world *w, const char *name, uint32_t number)
{
	char path[32];

	pipe_path(path, sizeof(path), name, number);
	unlinkat(w->dirfd, path, 0);
}

/*
 * What processes have mapped of a domain, counted anew: whoever takes back what
 * a dead one had may be killed in the middle, and then the next one does it
 * again.
 */
static void domain_count(struct sim_world *w, uint32_t dom)
{
	struct sim_domain *d = &w->s->dom[dom];

	d->foreign_pages = 0;
	d->resource_pages = 0;
	memset(d->io_maps, 0, sizeof(d->io_maps));
	for (uint32_t i = 1; i < SIM_PROCESSES; i++) {
		const struct sim_process *p = &w->s->process[i];

		d->foreign_pages += p->foreign_pages[dom];
		d->resource_pages += p->resource_pages[dom];
		for (uint32_t j = 0; j < SIM_IO_PAGES; j++)
			d->io_maps[j] += p->io_maps[dom][j];
	}
}

static void process_forget(struct sim_world *w, uint32_t index)
{
	struct sim_process *p = &w->s->process[index];

	sim_handle_forget(w, index);
	sim_grant_forget(w, index);
	memset(p->foreign_pages, 0, sizeof(p->foreign_pages));
	memset(p->resource_pages, 0, sizeof(p->resource_pages));
	memset(p->io_maps, 0, sizeof(p->io_maps));
	for (uint32_t i = 1; i < SIM_DOMS; i++) {
		domain_count(w, i);
		sim_bury(w, i);
	}
	sim_pipe_remove(w, "process", p->number);
	*p = (struct sim_process){ 0 };
}

void sim_reap(struct sim_world *w)
{
	for (uint32_t i = 1; i < SIM_PROCESSES; i++) {
		if (!w->s->process[i].number || i == w->process)
			continue;
		if (!pipe_is_read(w, "process", w->s->process[i].number))
			process_forget(w, i);
	}
}

static int process_find(struct sim_world *w)
{
	for (uint32_t i = 1; i < SIM_PROCESSES; i++)
		if (!w->s->process[i].number)
			return (int)i;
	return -EUSERS;
}

static int process_join(struct sim_world *w)
{
	uint32_t number = ++w->s->next_number;
	int i = process_find(w);

	if (i < 0) {
		sim_reap(w);
		i = process_find(w);
	}
	if (i < 0)
		return i;
	w->process_fd = sim_pipe_make(w, "process", number);
	if (w->process_fd < 0)
		return w->process_fd;
	w->process = (uint32_t)i;
	w->s->process[i] = (struct sim_process){ .number = number };
	return 0;
}

void sim_backend(struct sim_world *w)
{
	w->s->process[w->process].backend = !w->unseen;
	sim_handle_meet(w);
}

/*
 * In a child the mappings of foreign memory are not there and the handles are
 * dead. It keeps the pipes open until exec, as it keeps /dev/xen/... open.
 */
static void after_fork(void)
{
	struct sim_map *m;

	if (!the_world)
		return;
	the_world->child = true;
	LIST_FOREACH(m, &the_world->maps, link)
		if (m->kind != SIM_MAP_GRANT)
			munmap(m->addr, m->pages * SIM_PAGE);
}

static int init_shared(int fd)
{
	struct sim_shared *s;
	pthread_mutexattr_t attr;

	if (ftruncate(fd, sizeof(*s)))
		return -errno;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		return -errno;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	s->next_domid = 1;
	s->next_dom = 1;
	s->vcpu_timeout = 10000;
	s->track_used = 1;
	s->track_limit = SIM_MAPTRACK - 1;
	s->dom[0].state = SIM_RUNNING;
	s->dom[0].store_port = (uint32_t)sim_guest_port(&s->dom[0], -1);
	s->size = sizeof(*s);
	s->magic = SIM_MAGIC;
	munmap(s, sizeof(*s));
	return 0;
}

int sim_init(const char *dir)
{
	int dirfd, fd, ret;

	if (mkdir(dir, 0700))
		return -errno;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	/* By another name until it is whole. */
	fd = openat(dirfd, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ret = fd < 0 ? -errno : init_shared(fd);
	if (!ret && renameat(dirfd, "new", dirfd, "world"))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	close(dirfd);
	return ret;
}

static int world_map(struct sim_world *w)
{
	struct stat st;

	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0)
		return -errno;
	w->fd = openat(w->dirfd, "world", O_RDWR | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, &st))
		return -errno;
	/* Made by other libraries than these. */
	if (st.st_size != sizeof(*w->s))
		return -EPROTO;
	w->s = mmap(NULL, sizeof(*w->s), PROT_READ | PROT_WRITE, MAP_SHARED,
		    w->fd, 0);
	if (w->s == MAP_FAILED) {
		w->s = NULL;
		return -errno;
	}
	return w->s->magic == SIM_MAGIC && w->s->size == sizeof(*w->s) ?
		0 : -EPROTO;
}

static void world_free(struct sim_world *w)
{
	for (uint32_t i = 0; i < SIM_DOMS; i++)
		sim_near_close(&w->near[i]);
	for (uint32_t i = 0; i < SIM_HANDLES; i++)
		if (w->peer[i] >= 0)
			close(w->peer[i]);
	if (w->process_fd >= 0)
		close(w->process_fd);
	if (w->s)
		munmap(w->s, sizeof(*w->s));
	if (w->fd >= 0)
		close(w->fd);
	if (w->dirfd >= 0)
		close(w->dirfd);
	free(w->dir);
	free(w);
}

static struct sim_world *world_new(const char *dir)
{
	struct sim_world *w = calloc(1, sizeof(*w));
	int ret = -ENOMEM;

	if (!w)
		goto fail;
	w->dirfd = w->fd = w->process_fd = -1;
	memset(w->peer, 0xff, sizeof(w->peer));
	for (uint32_t i = 0; i < SIM_DOMS; i++)
		w->near[i].ram = w->near[i].wake = -1;
	LIST_INIT(&w->maps);
	w->unseen = getenv("SIM_UNSEEN");
	w->dir = realpath(dir, NULL);
	ret = w->dir ? world_map(w) : -errno;
	if (ret)
		goto fail;
	sim_fault_environment(w);
	sim_lock(w);
	ret = process_join(w);
	sim_unlock(w);
	if (!ret)
		return w;
fail:
	if (w)
		world_free(w);
	errno = -ret;
	return NULL;
}

static bool same_world(const char *dir)
{
	char *path = realpath(dir, NULL);
	bool same = path && !strcmp(path, the_world->dir);

	free(path);
	return same;
}

struct sim_world *sim_open(const char *dir)
{
	static bool handler;
	struct sim_world *w = NULL;

	if (!dir)
		dir = getenv("SIM_WORLD");
	pthread_mutex_lock(&the_lock);
	if (!dir) {
		/* As without /dev/xen. */
		errno = ENOENT;
	} else if (!the_world) {
		w = the_world = world_new(dir);
		if (w && !handler)
			handler = !pthread_atfork(NULL, NULL, after_fork);
	} else if (the_world->child || !same_world(dir)) {
		errno = EBUSY;
	} else {
		w = the_world;
	}
	if (w)
		w->opens++;
	pthread_mutex_unlock(&the_lock);
	return w;
}

void sim_close(struct sim_world *w)
{
	pthread_mutex_lock(&the_lock);
	/* What is mapped stays mapped, so the process stays in the world. */
	if (!--w->opens && LIST_EMPTY(&w->maps) && !w->child) {
		sim_lock(w);
		process_forget(w, w->process);
		sim_unlock(w);
		the_world = NULL;
		world_free(w);
	}
	pthread_mutex_unlock(&the_lock);
}
