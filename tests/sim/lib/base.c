// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handles. The list of them is the real libxentoolcore's, which needs no Xen.
 */
#include "tests/sim/lib/base.h"

#include <errno.h>
#include <time.h>

void xentoolcore__register_active_handle(struct sim_active *active);
void xentoolcore__deregister_active_handle(struct sim_active *active);

int sim_base_fail(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

int sim_base_open(struct sim_base *b, enum sim_call call,
		  int (*restrict_handle)(struct sim_active *active,
					 domid_t domid))
{
	int ret;

	b->w = sim_open(NULL);
	if (!b->w)
		return -errno;
	b->only = -1;
	b->dead = false;
	sim_lock(b->w);
	sim_backend(b->w);
	ret = sim_call(b->w, call, 0);
	sim_unlock(b->w);
	if (ret) {
		sim_close(b->w);
		return ret;
	}
	b->active.restrict_handle = restrict_handle;
	xentoolcore__register_active_handle(&b->active);
	return 0;
}

void sim_base_close(struct sim_base *b)
{
	xentoolcore__deregister_active_handle(&b->active);
	sim_close(b->w);
}

int sim_base_enter(struct sim_base *b, enum sim_call call, uint64_t hypercalls,
		   uint32_t domid)
{
	int ret;

	if (b->dead || b->w->child)
		return -EBADF;
	sim_lock(b->w);
	ret = sim_call(b->w, call, hypercalls);
	if (!ret && b->only >= 0 && domid != SIM_ANY_DOMAIN &&
	    domid != (uint32_t)b->only)
		ret = -EPERM;
	if (ret)
		sim_unlock(b->w);
	return ret;
}

int sim_base_leave(struct sim_base *b, int ret)
{
	sim_unlock(b->w);
	return sim_base_fail(ret);
}

static int restrict_enter(struct sim_base *b)
{
	return sim_base_enter(b, SIM_RESTRICT, 0, SIM_ANY_DOMAIN);
}

int sim_base_restrict(struct sim_active *active, domid_t domid)
{
	struct sim_base *b = (struct sim_base *)active;
	int ret = restrict_enter(b);

	if (ret)
		return sim_base_fail(ret);
	/* Not wider, and not to another. */
	if (b->only >= 0 && b->only != domid)
		ret = -EINVAL;
	else
		b->only = domid;
	return sim_base_leave(b, ret);
}

int sim_base_kill(struct sim_active *active, domid_t domid)
{
	struct sim_base *b = (struct sim_base *)active;
	int ret = restrict_enter(b);

	(void)domid;
	if (ret)
		return sim_base_fail(ret);
	b->dead = true;
	return sim_base_leave(b, 0);
}

void sim_nap(long us)
{
	const struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}
