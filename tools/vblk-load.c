// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vblk-load: load for a disk, and a pattern that tells whether it kept it.
 *
 * Runs wherever there is a file or a block device: in a guest on /dev/vda, in
 * dom0 on the image behind it.  Each job is a thread with one request in
 * flight; nothing but libc is needed, so a static binary fits any initramfs.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/loaddevice.h"
#include "tools/loadend.h"
#include "tools/loadjobs.h"
#include "tools/loadlatency.h"
#include "tools/loadoptions.h"
#include "tools/loadpattern.h"
#include "tools/vblk-load.h"

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
	const struct options *o = &run->opt;
	struct job *jobs;

	/* What is read back is cut in another way than what was written. */
	if (run->pattern &&
	    pattern_cut(&run->cut, o->seed ^ (run->writes ? 0 : 0x5eed),
			o->offset, o->size, run->block))
		fatal("out of memory");
	jobs = jobs_run(run);
	if (run->writes && fsync(run->fd)) {
		run->errors++;
		fprintf(stderr, "vblk-load: fsync %s: %s\n", run->opt.path,
			strerror(errno));
	}
	report(run, what, jobs, now() - run->begin);
	jobs_free(jobs);
	free(run->cut.piece);
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
	options_check(&run.opt, run.block, run.pattern);
	return sum ? command_sum(&run) : command_jobs(&run, what);
}
