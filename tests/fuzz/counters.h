/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a worker's coverage to the fuzzer that drives it: a file that both
 * have mapped. The worker's sources are the product's; counters.o is linked with
 * them and maps the file over the counters that clang has put into the program
 * (-fsanitize-coverage=inline-8bit-counters), before main().
 */
#ifndef TESTS_FUZZ_COUNTERS_H
#define TESTS_FUZZ_COUNTERS_H

#include <stdint.h>

#define COUNTERS_FILE "FUZZ_COUNTERS"	/* names it in the environment */
#define COUNTERS_HEAD 4096u
#define COUNTERS_MAX  (128u << 10)

/*
 * At the beginning of the file, which has COUNTERS_HEAD + COUNTERS_MAX bytes; the
 * pages with the counters are behind COUNTERS_HEAD.
 */
struct counters_head {
	uint32_t offset;	/* of the first counter, in the file */
	uint32_t count;		/* a byte each; 0: no worker has come so far */
};

#endif
