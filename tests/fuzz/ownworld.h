/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated Xen for one program that may end at any moment, as fuzzers do: a
 * shell that waits for that end takes the world away, and the workers with it.
 */
#ifndef TESTS_FUZZ_OWNWORLD_H
#define TESTS_FUZZ_OWNWORLD_H

#include <sys/types.h>

#include "tests/sim/world.h"

#define OWNWORLD_PATIENCE_S 60	/* how long an access waits for its answer */

/* Once. Programs that we start find the world and its libraries. */
struct sim_world *ownworld_open(void);
/* Its directory. */
const char *ownworld_path(void);
/* From the root of the build directory. The answer is the caller's to free. */
char *ownworld_built(const char *name);
/* These @n live now. */
void ownworld_living(const pid_t pid[], unsigned int n);

#endif
