// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vblk-load: load for a disk, and a pattern that tells whether it kept it.
 *
 * Runs wherever there is a file or a block device: in a guest on /dev/vda, in
 * dom0 on the image behind it.  Each job is a thread with one request in
 * flight; nothing but libc is needed, so a static binary fits any initramfs.
 *
 * Areas are cut into pieces, and each job takes the next piece from a common
 * counter; that covers the load (pieces of one size, chosen as they come) and
 * the pattern (a shuffled list of pieces of many sizes).
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/loaddevice.h"
#include "tools/loadend.h"
#include "tools/loadlatency.h"
#include "tools/loadoptions.h"
#include "tools/loadpattern.h"
#include "tools/loadrandom.h"
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

/* --- one request --------------------------------------------------------- */

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
	return device_transfer(run, buf, p) && pattern_matches(run, buf, p);
}

/* --- the jobs ------------------------------------------------------------ */

static void *pattern_job(void *arg)
{
	struct job *job = arg;
	struct run *run = job->run;

	while (!run->stop) {
		uint64_t i = atomic_fetch_add(&run->next, 1);
		uint64_t begin;

		if (i >= run->npieces)
			break;
		begin = now();
		if (!pattern_piece(job, &run->pieces[i]) &&
		    !run->opt.keep_going)
			run->stop = true;
		latency_add(&job->lat, now() - begin);
		job->bytes += run->pieces[i].len;
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

static struct job *jobs_run(struct run *run, void *(*work)(void *))
{
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

/* --- the commands -------------------------------------------------------- */

static void report(const struct run *run, const char *what,
		   const struct job *jobs, uint64_t ns)
{
	const struct options *o = &run->opt;
	struct latency *all = calloc(1, sizeof(*all));
	double seconds = (double)(ns ? ns : 1) / (double)NSEC, us[4], rate, mib;
	uint64_t bytes = 0;

	if (!all)
		fatal("out of memory");
	for (unsigned int i = 0; i < o->jobs; i++) {
		latency_merge(all, &jobs[i].lat);
		bytes += jobs[i].bytes;
	}
	us[0] = all->count ? (double)all->sum / (double)all->count / 1e3 : 0;
	us[1] = (double)latency_percentile(all, 50) / 1e3;
	us[2] = (double)latency_percentile(all, 99) / 1e3;
	us[3] = (double)all->max / 1e3;
	rate = (double)all->count / seconds;
	mib = (double)bytes / 1048576 / seconds;
	if (o->json)
		printf("{\"op\":\"%s\",\"bs\":%" PRIu64 ",\"jobs\":%u,"
		       "\"direct\":%s,\"requests\":%" PRIu64 ",\"bytes\":%"
		       PRIu64 ",\"errors\":%" PRIu64 ",\"seconds\":%.3f,"
		       "\"iops\":%.1f,\"mib_s\":%.2f,\"lat_us\":{\"avg\":%.1f,"
		       "\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}}\n", what,
		       run->pattern ? (uint64_t)0 : o->bs, o->jobs,
		       o->direct ? "true" : "false", all->count, bytes,
		       run->errors, seconds, rate, mib, us[0], us[1], us[2],
		       us[3]);
	else
		printf("%s: %" PRIu64 " requests, %" PRIu64 " errors in %.3f s: "
		       "%.1f/s, %.2f MiB/s, latency us avg %.1f p50 %.1f "
		       "p99 %.1f max %.1f\n", what, all->count, run->errors,
		       seconds, rate, mib, us[0], us[1], us[2], us[3]);
	free(all);
}

static int command_jobs(struct run *run, const char *what)
{
	struct job *jobs;

	if (run->pattern)
		pattern_cut(run, run->writes ? 0 : 0x5eed);
	jobs = jobs_run(run, run->pattern ? pattern_job : load_job);
	if (run->writes && fsync(run->fd)) {
		run->errors++;
		fprintf(stderr, "vblk-load: fsync %s: %s\n", run->opt.path,
			strerror(errno));
	}
	report(run, what, jobs, now() - run->begin);
	for (unsigned int i = 0; i < run->opt.jobs; i++)
		free(jobs[i].pages);
	free(jobs);
	free(run->pieces);
	return run->errors ? 1 : 0;
}

/* A position-dependent sum of the area's 64-bit words (FNV-1a by words). */
static int command_sum(struct run *run)
{
	const struct options *o = &run->opt;
	uint64_t sum = 0xcbf29ce484222325ull, word;
	unsigned char *buf;

	if (posix_memalign((void **)&buf, PAGE, PIECE_MAX))
		fatal("out of memory");
	for (uint64_t done = 0; done < o->size;) {
		uint64_t left = o->size - done;
		struct piece p = { o->offset + done,
				   left < PIECE_MAX ? (uint32_t)left
						    : PIECE_MAX };

		if (run->fd < 0)
			pattern_fill(buf, o->seed, p.offset, p.len);
		else if (!device_transfer(run, buf, &p))
			exit(1);
		for (uint32_t i = 0; i < p.len; i += sizeof(word)) {
			memcpy(&word, buf + i, sizeof(word));
			sum = (sum ^ le64toh(word)) * 0x100000001b3ull;
			sum ^= sum >> 32;
		}
		done += p.len;
	}
	printf("%016" PRIx64 "  %" PRIu64 " bytes\n", sum, o->size);
	free(buf);
	return 0;
}

int main(int argc, char **argv)
{
	struct run run = {
		.opt = { .bs = 4096, .jobs = 1, .seconds = 10, .seed = 1 },
		.fd = -1, .block = SECTOR,
	};
	const char *what;
	bool sum;

	options_parse(&run.opt, argc, argv);
	if (optind == argc)
		usage_error("which command?");
	what = argv[optind++];
	sum = !strcmp(what, "pattern-sum");
	run.writes = !strcmp(what, "write") || !strcmp(what, "pattern-write");
	run.pattern = !strncmp(what, "pattern-", 8);
	if (!sum && !run.writes && strcmp(what, "read") &&
	    strcmp(what, "pattern-check"))
		usage_error("no command '%s'", what);
	if (argc - optind > 1)
		usage_error("one device at a time");
	run.opt.path = argv[optind];
	if (run.opt.path)
		device_open(&run);
	else if (!sum || !run.opt.size)
		usage_error("%s: which device?", what);
	options_check(&run);
	return sum ? command_sum(&run) : command_jobs(&run, what);
}
