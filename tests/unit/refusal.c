// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in front of liburing's function of this name: a program's own symbols
 * are found first.
 */
#include "tests/unit/refusal.h"

#include <dlfcn.h>
#include <liburing.h>

int refusal;

int io_uring_submit_and_get_events(struct io_uring *ring)
{
	int (*real)(struct io_uring *ring) = dlsym(RTLD_NEXT, __func__);

	return refusal ? refusal : real(ring);
}
