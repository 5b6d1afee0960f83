// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of vblk-load: read, and judged by what the device can do.
 */
#include "tools/loadoptions.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadend.h"

#define JOBS_MAX 256

static const char help[] =
"vblk-load - load a disk and check what it keeps\n"
"\n"
"usage: vblk-load read|write [OPTION...] DEV\n"
"       vblk-load pattern-write|pattern-check --seed N [OPTION...] DEV\n"
"       vblk-load pattern-sum [--size SIZE] DEV\n"
"       vblk-load pattern-sum --seed N --size SIZE\n"
"\n"
"DEV is a block device or a regular file that is large enough.  'write' and\n"
"'pattern-write' DESTROY what is on it.  SIZE, BS and OFFSET take k, M, G.\n"
"\n"
"read, write: requests of one size for a while; prints requests per second,\n"
"MiB per second and the latency's average, median, 99th percentile, maximum.\n"
"  --bs BS            size of a request (default 4k)\n"
"  --jobs N           threads, one request in flight each (default 1)\n"
"  --seconds S        stop after that long (default 10)\n"
"  --count N          stop after N requests in all; no time limit of its own\n"
"  --random           anywhere in the area (default)\n"
"  --sequential       each job walks through its own share of the area\n"
"  --fsync N          fdatasync after every N writes of a job\n"
"  --keep-going       count errors instead of stopping at the first\n"
"  --json             print one line of JSON\n"
"\n"
"pattern-write: fill the area with the pattern, every sector once, in random\n"
"order and in pieces of 512 bytes to 1 MiB, from buffers that are not aligned to\n"
"pages; fsync at the end.\n"
"pattern-check: read the area back in other pieces and another order, and say\n"
"which sector differs and how.\n"
"pattern-sum: print a checksum of the area; without DEV, of the pattern that\n"
"pattern-write would put there.\n"
"  --seed N           which pattern (default 1); for load, which random order\n"
"\n"
"all:\n"
"  --size SIZE        the area (default: from --offset to the end of DEV)\n"
"  --offset OFFSET    where the area begins (default 0)\n"
"  --direct           O_DIRECT: past the page cache\n"
"  --jobs N           as above, for the pattern too\n"
"  --help             this text\n"
"\n"
"Exit status: 0 good, 1 an I/O error or a difference, 2 wrong usage.\n";

static uint64_t parse_number(const char *name, const char *text)
{
	static const char units[] = "kMGT";
	const char *unit;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		usage_error("--%s: '%s' is not a number", name, text);
	if (*end && (unit = strchr(units, *end)) && !end[1]) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (value > UINT64_MAX >> shift)
			usage_error("--%s: '%s' is too large", name, text);
		return value << shift;
	}
	if (*end)
		usage_error("--%s: '%s' is not a number", name, text);
	return value;
}

void options_check(const struct options *o, uint32_t block, bool pattern)
{
	if (!o->size)
		fatal("%s: the area is empty", o->path ? o->path : "pattern-sum");
	if (o->size % block || o->offset % block)
		usage_error("--size and --offset must be multiples of %u", block);
	if (pattern)
		return;
	if (!o->bs || o->bs > 64u << 20 || (o->direct && o->bs % block))
		usage_error("--bs must be a multiple of %u, up to 64M", block);
	if (o->size / o->bs < (o->sequential ? o->jobs : 1))
		usage_error("the area is too small for requests of %" PRIu64
			    " bytes", o->bs);
}

void options_parse(struct options *o, int argc, char **argv)
{
	enum { BS = 1, JOBS, SECONDS, COUNT, SIZE, OFFSET, SEED, FSYNC,
	       DIRECT, RANDOM, SEQUENTIAL, JSON, KEEP_GOING, HELP };
	static const struct option names[] = {
		{ "bs", required_argument, NULL, BS },
		{ "jobs", required_argument, NULL, JOBS },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "count", required_argument, NULL, COUNT },
		{ "size", required_argument, NULL, SIZE },
		{ "offset", required_argument, NULL, OFFSET },
		{ "seed", required_argument, NULL, SEED },
		{ "fsync", required_argument, NULL, FSYNC },
		{ "direct", no_argument, NULL, DIRECT },
		{ "random", no_argument, NULL, RANDOM },
		{ "sequential", no_argument, NULL, SEQUENTIAL },
		{ "json", no_argument, NULL, JSON },
		{ "keep-going", no_argument, NULL, KEEP_GOING },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int which, index = 0;

	while ((which = getopt_long(argc, argv, "", names, &index)) != -1) {
		uint64_t n = optarg && which != '?'
			? parse_number(names[index].name, optarg) : 0;

		switch (which) {
		case BS: o->bs = n; break;
		case JOBS: o->jobs = n > JOBS_MAX ? 0 : (unsigned int)n; break;
		case SECONDS: o->seconds = n; break;
		case COUNT: o->count = n; break;
		case SIZE: o->size = n; break;
		case OFFSET: o->offset = n; break;
		case SEED: o->seed = n; break;
		case FSYNC: o->fsync_every = n; break;
		case DIRECT: o->direct = true; break;
		case RANDOM: o->sequential = false; break;
		case SEQUENTIAL: o->sequential = true; break;
		case JSON: o->json = true; break;
		case KEEP_GOING: o->keep_going = true; break;
		case HELP: fputs(help, stdout); exit(0);
		default: usage_error("wrong option");
		}
	}
	if (!o->jobs)
		usage_error("--jobs must be from 1 to %d", JOBS_MAX);
}
