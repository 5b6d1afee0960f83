// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The jobs of vblk-load. Areas are cut into pieces, and each job takes the next
 * piece from a common counter; that covers the load (pieces of one size, chosen
 * as they come) and the pattern (a shuffled list of pieces of many sizes).
 */
#include "tools/loadjobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/loaddevice.h"
#include "tools/loadend.h"
#include "tools/loadpattern.h"
#include "tools/loadrandom.h"

static bool job_flush(struct job *job)
{
	struct run *run = job->run;

	if (!fdatasync(run->fd))
		return true;
	atomic_fetch_add(&run->errors, 1);
	fprintf(stderr, "vblk-load: fdatasync %s: %s\n", run->opt.path,
		strerror(errno));
	return false;
}

/* Another place in the job's pages for each piece: never page aligned. */
static unsigned char *job_buffer(struct job *job)
{
	uint32_t step = job->run->opt.direct ? SECTOR : 1;

	return job->pages + step +
		step * random_below(&job->random, PAGE / step - 1);
}

static bool pattern_piece(struct job *job, const struct piece *p)
{
	struct run *run = job->run;
	unsigned char *buf = job_buffer(job);

	if (run->writes) {
		pattern_fill(buf, run->opt.seed, p->offset, p->len);
		return device_transfer(run, buf, p);
	}
	memset(buf, 0xee, p->len);
	return device_transfer(run, buf, p) &&
	       pattern_matches(buf, run->opt.seed, p, &run->errors);
}

static void *pattern_job(void *arg)
{
	struct job *job = arg;
	struct run *run = job->run;

	while (!run->stop) {
		uint64_t i = atomic_fetch_add(&run->next, 1);
		uint64_t begin;

		if (i >= run->cut.n)
			break;
		begin = now();
		if (!pattern_piece(job, &run->cut.piece[i]) &&
		    !run->opt.keep_going)
			run->stop = true;
		latency_add(&job->lat, now() - begin);
		job->bytes += run->cut.piece[i].len;
	}
	return NULL;
}

static struct piece load_next(struct job *job)
{
	const struct options *o = &job->run->opt;
	uint64_t blocks = o->size / o->bs, share = blocks / o->jobs;
	uint64_t block;

	if (o->sequential)
		block = share * job->index + job->position++ % share;
	else
		block = random_below(&job->random, blocks);
	return (struct piece){ o->offset + block * o->bs, (uint32_t)o->bs };
}

static bool load_time_left(struct run *run)
{
	if (run->stop)
		return false;
	if (run->opt.count)
		return atomic_fetch_add(&run->next, 1) < run->opt.count;
	return now() < run->deadline;
}

static void *load_job(void *arg)
{
	struct job *job = arg;
	struct run *run = job->run;
	uint64_t every = run->opt.fsync_every;

	while (load_time_left(run)) {
		struct piece p = load_next(job);
		uint64_t begin = now();
		bool good = device_transfer(run, job->pages, &p);

		if (good && every && (job->lat.count + 1) % every == 0)
			good = job_flush(job);
		if (good) {
			latency_add(&job->lat, now() - begin);
			job->bytes += p.len;
		} else if (!run->opt.keep_going) {
			run->stop = true;
		}
	}
	return NULL;
}

struct job *jobs_run(struct run *run)
{
	void *(*work)(void *) = run->pattern ? pattern_job : load_job;
	struct job *jobs = calloc(run->opt.jobs, sizeof(*jobs));
	size_t len = run->opt.bs > PIECE_MAX ? run->opt.bs : PIECE_MAX;
	uint64_t seed = run->opt.seed;

	if (!jobs)
		fatal("out of memory");
	for (unsigned int i = 0; i < run->opt.jobs; i++) {
		struct job *job = &jobs[i];

		job->run = run;
		job->index = i;
		job->random = random_next(&seed);
		if (posix_memalign((void **)&job->pages, PAGE, len + PAGE))
			fatal("out of memory");
		for (size_t at = 0; at < len; at += SECTOR)
			memcpy(job->pages + at, &(uint64_t){ random_next(&seed) },
			       sizeof(uint64_t));
	}
	/* Making the buffers is slow in a small guest, and no load. */
	run->begin = now();
	run->deadline = run->begin + run->opt.seconds * NSEC;
	for (unsigned int i = 0; i < run->opt.jobs; i++)
		if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]))
			fatal("cannot start job %u", i);
	for (unsigned int i = 0; i < run->opt.jobs; i++)
		pthread_join(jobs[i].thread, NULL);
	return jobs;
}

void jobs_free(struct job *jobs)
{
	unsigned int n = jobs->run->opt.jobs;

	for (unsigned int i = 0; i < n; i++)
		free(jobs[i].pages);
	free(jobs);
}
