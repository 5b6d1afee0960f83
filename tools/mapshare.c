// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mapshare: the guest's half of mapstress. Shares pages through Linux's
 * gntalloc, takes some back and shares others in their place, until mapstress
 * says that it is enough. Needs libc only, so that a static one fits into any
 * guest.
 *
 * Each page is an allocation of its own: it can be taken back alone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xen/gntalloc.h>

#include "tools/mapshare.h"

#define LIMIT "/sys/module/xen_gntalloc/parameters/limit"
#define CHANGES_MAX 8u		/* at a time */
#define BLOCK 64u		/* neighbours of one kind: references in a row */

struct granted {
	void *addr;
	uint64_t index;		/* gntalloc's name for it */
	uint32_t ref;
};

struct share {
	int fd, pagemap;
	uint16_t domid;
	uint64_t random;
	struct share_root *root;
	struct granted dir[SHARE_DIRS_MAX];
	struct granted *page;
};

struct options {
	uint32_t domid, pages, interval, seconds;
	uint64_t seed;
};

static const char help[] =
"mapshare - share pages with mapstress in another domain\n"
"\n"
"usage: mapshare [OPTION...]\n"
"\n"
"Grants pages, and prints \"root REFERENCE\" when they are ready: that number is\n"
"an argument of mapstress. Half of them stay; of the others some are taken back\n"
"and shared anew all the time. Ends when mapstress has ended.\n"
"\n"
"  --domid N        who gets them (default 0)\n"
"  --pages N        how many (default 1000)\n"
"  --interval MS    time between changes, 0: none (default 20)\n"
"  --seconds S      end by itself after that long (default 600)\n"
"  --seed N         which pages change, what is in them (default 1)\n"
"  --help           this text\n"
"\n"
"Exit status: 0 good, 1 something failed or somebody wrote where only the guest\n"
"writes, 2 wrong usage.\n";

static void __attribute__((format(printf, 1, 2), noreturn))
fatal(const char *fmt, ...)
{
	va_list ap;

	fputs("mapshare: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static struct granted grant_page(struct share *s, bool writable)
{
	struct ioctl_gntalloc_alloc_gref op = {
		.domid = s->domid,
		.flags = writable ? GNTALLOC_FLAG_WRITABLE : 0,
		.count = 1,
	};
	struct granted g;

	if (ioctl(s->fd, IOCTL_GNTALLOC_ALLOC_GREF, &op))
		fatal("a page can't be granted: %s%s", strerror(errno),
		      errno == ENOSPC ? " (see " LIMIT ", or the guest's "
		      "max_grant_frames)" : "");
	g.index = op.index;
	g.ref = op.gref_ids[0];
	g.addr = mmap(NULL, SHARE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      s->fd, (off_t)op.index);
	if (g.addr == MAP_FAILED)
		fatal("a granted page can't be mapped: %s", strerror(errno));
	return g;
}

/* If dom0 has it mapped, the kernel ends the grant when it no longer is. */
static void grant_end(struct share *s, const struct granted *g)
{
	struct ioctl_gntalloc_dealloc_gref op = {
		.index = g->index,
		.count = 1,
	};

	if (munmap(g->addr, SHARE_PAGE) ||
	    ioctl(s->fd, IOCTL_GNTALLOC_DEALLOC_GREF, &op))
		fatal("a page can't be taken back: %s", strerror(errno));
}

/* A guest's own frame numbers are those that dom0 maps. */
static uint64_t frame_of(struct share *s, const void *addr)
{
	uint64_t entry;
	off_t at = (off_t)((uintptr_t)addr / SHARE_PAGE * sizeof(entry));

	if (pread(s->pagemap, &entry, sizeof(entry), at) != sizeof(entry))
		fatal("/proc/self/pagemap: %s", strerror(errno));
	entry &= (UINT64_C(1) << 55) - 1;
	if (!entry)
		fatal("/proc/self/pagemap names no frames: only root may know");
	return entry;
}

static struct share_entry *entry_of(struct share *s, uint32_t page)
{
	struct share_entry *dir = s->dir[page / SHARE_PER_PAGE].addr;

	return &dir[page % SHARE_PER_PAGE];
}

static void share_page(struct share *s, uint32_t page, uint32_t generation)
{
	struct share_entry *e = entry_of(s, page);
	struct granted g;

	atomic_store(&e->word, share_word(generation, SHARE_CHANGING));
	g = grant_page(s, e->flags & SHARE_WRITABLE);
	share_fill(g.addr, s->root->seed, page, generation);
	e->ref = g.ref;
	e->gfn = frame_of(s, g.addr);
	s->page[page] = g;
	atomic_store(&e->word, share_word(generation, SHARE_SHARED));
}

static void revoke_page(struct share *s, uint32_t page)
{
	struct share_entry *e = entry_of(s, page);
	uint32_t generation = atomic_load(&e->word) >> 2;
	uint8_t half[SHARE_HALF];

	share_fill(half, s->root->seed, page, generation);
	if (memcmp(s->page[page].addr, half, SHARE_HALF))
		s->root->damaged++;
	atomic_store(&e->word, share_word(generation, SHARE_CHANGING));
	grant_end(s, &s->page[page]);
	atomic_store(&e->word, share_word(generation, SHARE_REVOKED));
}

/* Neighbours, as the pages of a request that are given back are. */
static void change_some(struct share *s)
{
	uint32_t first = share_random(&s->random, s->root->npages);
	uint32_t n = 1 + share_random(&s->random, CHANGES_MAX);

	for (uint32_t p = first; p < first + n && p < s->root->npages; p++) {
		struct share_entry *e = entry_of(s, p);
		uint32_t word = atomic_load(&e->word);

		if (e->flags & SHARE_LASTING)
			continue;
		if (share_state(word) == SHARE_SHARED)
			revoke_page(s, p);
		else
			share_page(s, p, (word >> 2) + 1);
	}
}

/* gntalloc's own limit is for all programs of the guest. */
static void raise_limit(uint32_t pages)
{
	unsigned int limit = 0;
	FILE *f = fopen(LIMIT, "r+");

	if (!f || fscanf(f, "%u", &limit) != 1 || limit >= pages + 64) {
		if (f)
			fclose(f);
		return;
	}
	rewind(f);
	fprintf(f, "%u\n", pages + 64);
	if (fclose(f))
		fatal(LIMIT ": %s", strerror(errno));
}

static uint32_t share_all(struct share *s, const struct options *o)
{
	uint32_t ndirs = (o->pages + (uint32_t)SHARE_PER_PAGE - 1) /
			 (uint32_t)SHARE_PER_PAGE;
	struct granted root;

	s->domid = (uint16_t)o->domid;
	s->random = o->seed;
	s->page = calloc(o->pages, sizeof(*s->page));
	s->fd = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC);
	s->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		fatal("/dev/xen/gntalloc: %s (is this a Xen guest, with "
		      "CONFIG_XEN_GRANT_DEV_ALLOC or the module xen-gntalloc?)",
		      strerror(errno));
	if (s->pagemap < 0 || !s->page)
		fatal("%s", strerror(errno));
	raise_limit(o->pages + ndirs + 1);
	root = grant_page(s, true);
	s->root = root.addr;
	s->root->npages = o->pages;
	s->root->seed = o->seed;
	for (uint32_t i = 0; i < ndirs; i++) {
		s->dir[i] = grant_page(s, false);
		s->root->dir[i] = s->dir[i].ref;
	}
	for (uint32_t p = 0; p < o->pages; p++) {
		entry_of(s, p)->flags =
			(p / BLOCK % 2 ? 0 : SHARE_LASTING) |
			(p / BLOCK / 2 % 2 ? 0 : SHARE_WRITABLE);
		share_page(s, p, 0);
	}
	s->root->magic = SHARE_MAGIC;
	return root.ref;
}

static uint64_t milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* False: time was up. */
static bool wait_for(_Atomic uint32_t *flag, uint64_t end)
{
	while (!atomic_load(flag)) {
		if (milliseconds() >= end)
			return false;
		usleep(20000);
	}
	return true;
}

static int run(struct share *s, const struct options *o)
{
	uint64_t end = milliseconds() + (uint64_t)o->seconds * 1000;
	bool asked;

	while (o->interval && !atomic_load(&s->root->stop) &&
	       milliseconds() < end) {
		change_some(s);
		usleep(o->interval * 1000);
	}
	asked = wait_for(&s->root->stop, end);
	for (uint32_t p = 0; p < o->pages; p++)
		if (share_state(atomic_load(&entry_of(s, p)->word)) ==
		    SHARE_SHARED)
			revoke_page(s, p);
	atomic_store(&s->root->ended, 1);
	if (!asked || !wait_for(&s->root->bye, end))
		fatal("mapstress did not end in %" PRIu32 " s", o->seconds);
	if (s->root->damaged)
		fatal("%" PRIu32 " pages were written to where only the guest "
		      "writes", s->root->damaged);
	return 0;
}

static uint64_t number(const char *name, const char *text, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || n > max) {
		fprintf(stderr, "mapshare: --%s: a number up to %" PRIu64
			", not '%s'\n", name, max, text);
		exit(2);
	}
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "domid", required_argument, NULL, 'd' },
		{ "pages", required_argument, NULL, 'p' },
		{ "interval", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i;

	while ((c = getopt_long(argc, argv, "h", names, &i)) != -1) {
		switch (c) {
		case 'd': o->domid = number("domid", optarg, 0x7fef); break;
		case 'p': o->pages = number("pages", optarg, SHARE_PAGES_MAX);
			break;
		case 'i': o->interval = number("interval", optarg, 60000);
			break;
		case 's': o->seconds = number("seconds", optarg, 1000000);
			break;
		case 'r': o->seed = number("seed", optarg, UINT64_MAX); break;
		case 'h': fputs(help, stdout); exit(0);
		default: fputs("Try 'mapshare --help'.\n", stderr); exit(2);
		}
	}
	if (optind != argc || !o->pages) {
		fputs("mapshare: at least one page, and no argument\n"
		      "Try 'mapshare --help'.\n", stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct share s;
	struct options o = {
		.pages = 1000,
		.interval = 20,
		.seconds = 600,
		.seed = 1,
	};

	parse(&o, argc, argv);
	printf("root %" PRIu32 "\n", share_all(&s, &o));
	fflush(stdout);
	return run(&s, &o);
}
