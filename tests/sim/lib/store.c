// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For back ends, by LD_PRELOAD: their calls of libxenstore are counted, and fail
 * when a test wants it, like those of Xen's libraries. The xenstore is real all the
 * same; who fails has not been there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "tests/sim/sim.h"

/* With errno. */
static bool fails(enum sim_call call)
{
	static struct sim_world *w;
	int ret;

	if (!w)
		w = sim_open(NULL);
	if (!w)
		return false;
	sim_lock(w);
	ret = sim_call(w, call, 0);
	sim_unlock(w);
	if (ret)
		errno = -ret;
	return ret;
}


void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	void *(*real)(struct xs_handle *h, xs_transaction_t t, const char *path,
		      unsigned int *len) = dlsym(RTLD_NEXT, __func__);

	return fails(SIM_XS_READ) ? NULL : real(h, t, path, len);
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num)
{
	char **(*real)(struct xs_handle *h, xs_transaction_t t,
		       const char *path, unsigned int *num) =
		dlsym(RTLD_NEXT, __func__);

	return fails(SIM_XS_LIST) ? NULL : real(h, t, path, num);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	bool (*real)(struct xs_handle *h, xs_transaction_t t, const char *path,
		     const void *data, unsigned int len) =
		dlsym(RTLD_NEXT, __func__);

	return !fails(SIM_XS_WRITE) && real(h, t, path, data, len);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	bool (*real)(struct xs_handle *h, xs_transaction_t t,
		     const char *path) = dlsym(RTLD_NEXT, __func__);

	return !fails(SIM_XS_REMOVE) && real(h, t, path);
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	bool (*real)(struct xs_handle *h, const char *path,
		     const char *token) = dlsym(RTLD_NEXT, __func__);

	return !fails(SIM_XS_WATCH) && real(h, path, token);
}

char **xs_check_watch(struct xs_handle *h)
{
	char **(*real)(struct xs_handle *h) = dlsym(RTLD_NEXT, __func__);

	return fails(SIM_XS_EVENTS) ? NULL : real(h);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	xs_transaction_t (*real)(struct xs_handle *h) =
		dlsym(RTLD_NEXT, __func__);

	return fails(SIM_XS_START) ? XBT_NULL : real(h);
}

/* One that fails has changed nothing, and is over. */
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	bool (*real)(struct xs_handle *h, xs_transaction_t t, bool abort) =
		dlsym(RTLD_NEXT, __func__);
	int err;

	if (!fails(SIM_XS_END))
		return real(h, t, abort);
	err = errno;
	real(h, t, true);
	errno = err;
	return false;
}
