// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the worker, before its main(): the pages with its counters become pages of
 * a file. What else is in them moves along, so nothing here may be instrumented,
 * nor call what a sanitizer watches with the addresses of others' variables.
 */
#include "tests/fuzz/counters.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

/* clang calls it for the counters of each file, which lie in one section. */
void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);

static void copy(volatile uint8_t *to, const volatile uint8_t *from, size_t len)
{
	while (len--)
		*to++ = *from++;
}

static void share(int fd, uint8_t *start, uint8_t *stop)
{
	uint8_t *first = start - (uintptr_t)start % PAGE;
	size_t len = ((size_t)(stop - first) + PAGE - 1) / PAGE * PAGE;
	struct counters_head *head;
	uint8_t *file;

	if (len > COUNTERS_MAX)
		errx(1, "%zu bytes of counters have no room", len);
	file = mmap(NULL, COUNTERS_HEAD + len, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		err(1, "counters");
	copy(file + COUNTERS_HEAD, first, len);
	if (mmap(first, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 COUNTERS_HEAD) == MAP_FAILED)
		err(1, "counters");
	head = (struct counters_head *)file;
	head->offset = COUNTERS_HEAD + (uint32_t)(start - first);
	head->count = (uint32_t)(stop - start);
	munmap(file, COUNTERS_HEAD + len);
}

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
	const char *path = getenv(COUNTERS_FILE);
	static int done;
	int fd;

	if (done++ || !path || start == stop)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	share(fd, start, stop);
	close(fd);
}
