/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: its options. Whoever calls it wrongly is told so, and
 * the program ends.
 */
#ifndef TOOLS_LOADOPTIONS_H
#define TOOLS_LOADOPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *path;		/* of the device; NULL: none */
	uint64_t bs;			/* bytes of a request */
	uint64_t size, offset;		/* bytes; size 0: to the end */
	uint64_t seed;
	uint64_t count, seconds;	/* count 0: for so many seconds */
	uint64_t fsync_every;		/* writes of a job; 0: never */
	unsigned int jobs;
	bool direct, sequential, json, keep_going;
};

/*
 * Those that the command line has; the others keep what they are. getopt(3)'s
 * optind is then the command's. --help is answered, and ends the program, too.
 */
void options_parse(struct options *o, int argc, char **argv);

/*
 * When the device is open, and so the size of the area is known, and @block,
 * that of the device's smallest request.
 */
void options_check(const struct options *o, uint32_t block, bool pattern);

#endif
