/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: a job is a thread with one request in flight.
 */
#ifndef TOOLS_LOADJOBS_H
#define TOOLS_LOADJOBS_H

#include <pthread.h>

#include "tools/loadlatency.h"
#include "tools/vblk-load.h"

struct job {
	struct run *run;
	unsigned int index;
	uint64_t random;
	uint64_t position;		/* sequential load: next offset */
	unsigned char *pages;
	uint64_t bytes;
	struct latency lat;
	pthread_t thread;
};

/* What a job may do. */
void *pattern_job(void *arg);
void *load_job(void *arg);

/*
 * Starts the jobs of a run that has its device and its pieces, starts the
 * clock, and waits for them. They are the caller's, and each one's pages, for
 * free(). Ends the program if one can't be started; what fails later is one of
 * the run's errors.
 */
struct job *jobs_run(struct run *run, void *(*work)(void *));

#endif
