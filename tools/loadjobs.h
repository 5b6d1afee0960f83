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
	uint64_t position;		/* sequential load: blocks so far */
	unsigned char *pages;		/* one more than a request's */
	uint64_t bytes;			/* read or written */
	struct latency lat;		/* of its requests */
	pthread_t thread;
};

/*
 * Starts as many jobs as the options of a run say, which has its device and its
 * pieces, starts its clock, and waits for them. What they have done is in them;
 * they are the caller's, for jobs_free(). Ends the program if one can't be
 * started; what fails later is one of the run's errors.
 */
struct job *jobs_run(struct run *run);
void jobs_free(struct job *jobs);

#endif
