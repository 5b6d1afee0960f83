/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stand-in libraries have in common: a handle that belongs to a world,
 * dies with fork() and can be restricted to one domain.
 */
#ifndef SIM_LIB_BASE_H
#define SIM_LIB_BASE_H

#include "tests/sim/sim.h"

/*
 * What the real libxentoolcore keeps of each handle, so that
 * xentoolcore_restrict_all() finds it. It installs no header for this.
 */
struct sim_active {
	int (*restrict_handle)(struct sim_active *active, domid_t domid);
	LIST_ENTRY(sim_active) link;
};

struct sim_base {
	struct sim_active active;	/* first */
	struct sim_world *w;
	int32_t only;		/* restricted to that domain, -1: not */
	bool dead;
};

#define SIM_ANY_DOMAIN UINT32_MAX

/* 0 or -errno. What a failing open leaves needs no close. */
int sim_base_open(struct sim_base *b, enum sim_call call,
		  int (*restrict_handle)(struct sim_active *active,
					 domid_t domid));
void sim_base_close(struct sim_base *b);

/*
 * A call about domain @domid begins: 0 and the world's lock is held, or -errno:
 * the handle is dead, may not, or a test wants the call to fail.
 */
int sim_base_enter(struct sim_base *b, enum sim_call call, uint64_t hypercalls,
		   uint32_t domid);
/* Ends it; -1 and errno if @ret is one of -errno. */
int sim_base_leave(struct sim_base *b, int ret);
int sim_base_fail(int ret);

/* What the restriction of most handles is. */
int sim_base_restrict(struct sim_active *active, domid_t domid);
/* Of those that the library points at /dev/null. */
int sim_base_kill(struct sim_active *active, domid_t domid);

/* A pause between two tries; no system call but nanosleep. */
void sim_nap(long us);

#endif
