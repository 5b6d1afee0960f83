/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside tests/sim: what a process knows of its world, and what the pretended
 * hypervisor does for the libraries in tests/sim/lib and for the guest's side.
 *
 * Unless said otherwise a function is called with the lock held and returns 0
 * or -errno.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <sys/queue.h>

#include "tests/sim/shared.h"

enum sim_map_kind { SIM_MAP_FOREIGN, SIM_MAP_GRANT, SIM_MAP_RESOURCE };

/* A mapping that this process got from a library. */
struct sim_map {
	LIST_ENTRY(sim_map) link;
	enum sim_map_kind kind;
	uint8_t *addr;
	size_t pages;
	uint32_t dom;		/* index; of a grant mapping, see the tracks */
	uint32_t first;		/* track of a grant, I/O page of a resource */
};

/* What this process has open of a domain. */
struct sim_near {
	uint32_t domid;		/* 0: nothing */
	int ram, wake;
	uint8_t *base;		/* the RAM file, mapped for grant copies */
	size_t base_len;
};

struct sim_world {
	unsigned int opens;
	char *dir;
	int dirfd, fd;
	struct sim_shared *s;
	uint32_t process;
	int process_fd;
	bool unseen;		/* $SIM_UNSEEN */
	bool child;		/* after fork: everything is dead */
	LIST_HEAD(, sim_map) maps;
	struct sim_near near[SIM_DOMS];
	int peer[SIM_HANDLES];	/* writing ends of event channel files */
	uint32_t peer_number[SIM_HANDLES];
	struct sim_fault own[SIM_FAULTS];	/* $SIM_FAIL */
};

struct sim_dom {
	struct sim_world *w;
	uint32_t index, domid;
	uint8_t *ram;
	uint64_t ram_size;
};

/* --- world.c --------------------------------------------------------------------- */

/* Without the lock. A killed holder leaves it to the next. */
void sim_lock(struct sim_world *w);
void sim_unlock(struct sim_world *w);
/* Pipe @name.@number of the world's directory. Anybody reading it: alive. */
int sim_pipe_make(struct sim_world *w, const char *name, uint32_t number);
int sim_pipe_open(struct sim_world *w, const char *name, uint32_t number);
void sim_pipe_remove(struct sim_world *w, const char *name, uint32_t number);
/* Take back what processes held that have ended. */
void sim_reap(struct sim_world *w);
uint64_t sim_now(void);	/* ns, monotonic */
/* This process uses the libraries: counted as such. */
void sim_backend(struct sim_world *w);

/* --- count.c --------------------------------------------------------------------- */

/*
 * Count @call and the hypercalls it would make: 0, or -errno when a test wants
 * it to fail.
 */
int sim_call(struct sim_world *w, enum sim_call call, uint64_t hypercalls);
/* The same, and how many ms late it is to take effect. */
int sim_call_late(struct sim_world *w, enum sim_call call,
		  uint64_t hypercalls, int *late);
__attribute__((format(printf, 2, 3)))
void sim_violate(struct sim_world *w, const char *fmt, ...);
/* $SIM_FAIL; says on standard error what it can't read. */
void sim_fault_environment(struct sim_world *w);

/* --- domain.c -------------------------------------------------------------------- */

/* The entry of a domain that is there, 0 if none. dom0's is 0, too. */
uint32_t sim_find(struct sim_world *w, uint32_t domid);
/* What this process has open of it; NULL and errno. */
struct sim_near *sim_near(struct sim_world *w, uint32_t dom);
void sim_near_close(struct sim_near *near);
/* A zombie of which nothing is mapped goes. */
void sim_bury(struct sim_world *w, uint32_t dom);
void sim_end(struct sim_world *w, uint32_t dom, enum sim_shutdown reason);
static inline bool sim_alive(const struct sim_domain *d)
{
	return d->state == SIM_RUNNING || d->state == SIM_SHUT;
}

/* --- memory.c -------------------------------------------------------------------- */

/* The frame of the RAM file behind a gfn, SIM_NO_FRAME, or with SIM_PAGED. */
uint32_t sim_frame(const struct sim_domain *d, uint64_t gfn);
/* @n frames to @addr, in as few mmap() as possible. SIM_NO_FRAME: untouched. */
int sim_map_frames(int fd, uint8_t *addr, const uint32_t frames[], size_t n,
		   int prot);
struct sim_map *sim_map_find(struct sim_world *w, enum sim_map_kind kind,
			     const void *addr);
/* Is any byte of it in memory that a library mapped? */
bool sim_map_covers(struct sim_world *w, const void *addr, size_t len);
int sim_foreign_map(struct sim_world *w, uint32_t domid, int prot, size_t n,
		    const xen_pfn_t gfn[], int err[], void **addr);
int sim_foreign_unmap(struct sim_world *w, void *addr, size_t n);
int sim_resource_map(struct sim_world *w, uint32_t domid, uint32_t server,
		     int prot, void **addr);
int sim_resource_unmap(struct sim_world *w, void *addr);

/* --- grant.c ----------------------------------------------------------------------- */

/* -EAGAIN when a page is paged out, else all or nothing: -EINVAL. */
int sim_grant_map(struct sim_world *w, uint32_t n, const uint32_t domids[],
		  const uint32_t refs[], int prot, void **addr);
int sim_grant_unmap(struct sim_world *w, void *addr, uint32_t n, int late);
/* A pointer to a page while the lock is held; GNTST_* if it can't be used. */
int sim_grant_page(struct sim_world *w, uint32_t domid, uint32_t ref,
		   bool writable, uint8_t **page);
/* What is unmapped late and due by now. */
void sim_grant_settle(struct sim_world *w);
void sim_grant_forget(struct sim_world *w, uint32_t process);

/* --- port.c ------------------------------------------------------------------------ */

/* The handle's index; *fd is its file. */
int sim_handle_open(struct sim_world *w, int *fd);
int sim_handle_adopt(struct sim_world *w, int fd);
void sim_handle_close(struct sim_world *w, uint32_t handle);
void sim_handle_forget(struct sim_world *w, uint32_t process);
int sim_handle_restrict(struct sim_world *w, uint32_t handle, uint32_t domid);
/* Be able to signal whoever is told of events of no domain. */
void sim_handle_meet(struct sim_world *w);
int sim_port_bind(struct sim_world *w, uint32_t handle, uint32_t domid,
		  uint32_t remote);
int sim_port_bind_virq(struct sim_world *w, uint32_t handle, uint32_t virq);
int sim_port_unbind(struct sim_world *w, uint32_t handle, uint32_t port);
int sim_port_notify(struct sim_world *w, uint32_t handle, uint32_t port);
int sim_port_unmask(struct sim_world *w, uint32_t handle, uint32_t port);
/* A port of the guest's, waking @vcpu, or -1; < 0: none is left. */
int sim_guest_port(struct sim_domain *d, int vcpu);
void sim_guest_port_close(struct sim_world *w, struct sim_domain *d,
			  uint32_t port);
/* The guest's end signals. */
void sim_guest_port_send(struct sim_world *w, struct sim_domain *d,
			 uint32_t port);
void sim_virq(struct sim_world *w, uint32_t virq);

/* --- server.c ---------------------------------------------------------------------- */

int sim_server_create(struct sim_world *w, struct sim_domain *d,
		      uint16_t *id);
int sim_server_destroy(struct sim_world *w, struct sim_domain *d,
		       uint32_t id);
void sim_server_destroy_all(struct sim_world *w, struct sim_domain *d);
int sim_server_enable(struct sim_domain *d, uint32_t id, bool on);
/* The page, made at the first call. */
int sim_server_page(struct sim_domain *d, uint32_t id, uint32_t *page);
int sim_server_add(struct sim_domain *d, uint32_t id,
		   const struct sim_range *range);
int sim_server_remove(struct sim_domain *d, uint32_t id,
		      const struct sim_range *range);
/* The server that gets an access, -1: none. */
int sim_server_select(const struct sim_domain *d, const struct sim_access *a);
static inline struct ioreq *sim_slot(struct sim_domain *d, uint32_t server,
				     uint32_t vcpu)
{
	return &d->io[d->server[server].page].slot[vcpu];
}

/* --- wait.c, without the lock --------------------------------------------------------- */

/*
 * Sleep until done(arg), called with the lock held, is not 0. A positive answer
 * is 0 for the caller, a negative one is handed on. -ETIMEDOUT. Whoever changes
 * what done() looks at calls sim_wake().
 */
int sim_wait(struct sim_world *w, uint32_t dom, int (*done)(void *arg),
	     void *arg, int timeout_ms);
/* With or without the lock. */
void sim_wake(struct sim_world *w, uint32_t dom);

#endif
