// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mapstress: the mapcache on real grants and real foreign memory, without any
 * disk. mapshare in a guest shares pages and takes some back; we map, copy, pin
 * and verify them, then look that nothing is left, then measure.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/mapstress.h"

struct options {
	uint32_t domid, root, seconds, limit, repeat;
	uint64_t seed;
	bool json;
};

static const char help[] =
"mapstress - the mapcache on what a real guest shares\n"
"\n"
"usage: mapstress [OPTION...] DOMID ROOT\n"
"\n"
"DOMID is a guest in which mapshare runs, ROOT the reference that it printed.\n"
"Maps, copies, pins, evicts and invalidates at random while the guest takes pages\n"
"back, verifies each byte, sees to it that no grant is left, and prints what a\n"
"call costs in microseconds. Ends mapshare, too.\n"
"\n"
"  --seconds S      of random steps (default 10; 0: none)\n"
"  --seed N         of the steps (default 1); the guest's timing stays its own\n"
"  --limit PAGES    map until Xen refuses, at most so many pages (default 0)\n"
"  --repeat N       calls for each figure of the costs (default 20; 0: none)\n"
"  --json           one line of JSON\n"
"  --help           this text\n"
"\n"
"Exit status: 0 good, 1 something was not as it must be, 2 wrong usage.\n";

static void __attribute__((format(printf, 1, 2), noreturn))
fatal(const char *fmt, ...)
{
	va_list ap;

	fputs("mapstress: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- what is printed ------------------------------------------------------------- */

static void print_steps(const struct steps_result *r, bool json)
{
#define PRINT(name, what) \
	printf(json ? "\"" #name "\": %" PRIu64 ", " : \
	       "%10" PRIu64 "  " what "\n", r->name);
	STEPS_COUNTERS(PRINT)
#undef PRINT
	printf(json ? "\"evictions\": %" PRIu64 ", \"invalidations\": %" PRIu64
	       ", " : "%10" PRIu64 "  evictions\n%10" PRIu64
	       "  invalidations\n", r->stats.evictions, r->stats.invalidations);
}

static void print_figure(double ns)
{
	if (ns > 0)
		printf(" %11.1f", ns / 1000);
	else
		printf(" %11s", "-");
}

static void print_costs(const struct cost row[COST_ROWS], bool json)
{
	if (json)
		printf("\"costs\": [");
	else
		printf("%5s %11s %11s %11s %11s %11s %11s\n", "pages", "map",
		       "unmap", "copy from", "copy to", "foreign map", "unmap");
	for (uint32_t i = 0; i < COST_ROWS; i++) {
		const struct cost *c = &row[i];

		if (json) {
			printf("%s{\"pages\": %u, \"map\": %.0f, \"unmap\": "
			       "%.0f, \"copy_from\": %.0f, \"copy_to\": %.0f, "
			       "\"foreign_map\": %.0f, \"foreign_unmap\": "
			       "%.0f}", i ? ", " : "", c->pages, c->grant_map,
			       c->grant_unmap, c->copy_from, c->copy_to,
			       c->foreign_map, c->foreign_unmap);
			continue;
		}
		printf("%5u", c->pages);
		print_figure(c->grant_map);
		print_figure(c->grant_unmap);
		print_figure(c->copy_from);
		print_figure(c->copy_to);
		print_figure(c->foreign_map);
		print_figure(c->foreign_unmap);
		printf("\n");
	}
	if (json)
		printf("], ");
}

/* --- the run --------------------------------------------------------------------- */

/* Half of the time with grant copies, half with copies through mappings. */
static void run_steps(struct view *v, const struct options *o)
{
	const struct mapcache_config config[] = {
		{ 64u << 10, 8 * (64u << 10), 512, MAPCACHE_GRANT_COPY },
		{ 1u << 20, 4 * (1u << 20), 1024, MAPCACHE_GRANT_MAP },
	};
	struct steps_result r = { 0 };

	for (unsigned int i = 0; i < 2; i++) {
		int ret = steps_run(v, &config[i], o->seconds / 2.0, &r);

		if (ret)
			fatal("mapcache: %s", strerror(-ret));
	}
	print_steps(&r, o->json);
}

static void run_limit(struct view *v, const struct options *o)
{
	bool met = false;
	int64_t n = limit_find(v, o->limit, &met);

	if (n < 0)
		fatal("mapping many pages: %s", strerror((int)-n));
	printf(o->json ? "\"limit_pages\": %" PRId64 ", \"limit_met\": %s, " :
	       "%10" PRId64 "  pages mapped at once%s\n", n,
	       o->json ? (met ? "true" : "false") :
	       met ? ", then Xen refused" : "; Xen would allow more");
}

static void run_costs(struct view *v, const struct options *o)
{
	struct cost row[COST_ROWS] = { 0 };
	int ret = cost_measure(v, o->repeat, row);

	if (ret)
		fatal("measuring: %s", strerror(-ret));
	print_costs(row, o->json);
}

static uint64_t number(const char *name, const char *text, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || n > max) {
		fprintf(stderr, "mapstress: %s: a number up to %" PRIu64
			", not '%s'\n", name, max, text);
		exit(2);
	}
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "limit", required_argument, NULL, 'l' },
		{ "repeat", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		switch (c) {
		case 's': o->seconds = number("--seconds", optarg, 1000000);
			break;
		case 'r': o->seed = number("--seed", optarg, UINT64_MAX); break;
		case 'l': o->limit = number("--limit", optarg, 1u << 24); break;
		case 'n': o->repeat = number("--repeat", optarg, 1000000);
			break;
		case 'j': o->json = true; break;
		case 'h': fputs(help, stdout); exit(0);
		default: fputs("Try 'mapstress --help'.\n", stderr); exit(2);
		}
	}
	if (argc - optind != 2) {
		fputs("mapstress: which guest, and which root?\n"
		      "Try 'mapstress --help'.\n", stderr);
		exit(2);
	}
	o->domid = number("DOMID", argv[optind], 0x7fef);
	o->root = number("ROOT", argv[optind + 1], UINT32_MAX);
}

int main(int argc, char **argv)
{
	struct options o = { .seconds = 10, .repeat = 20, .seed = 1 };
	static struct view v;

	parse(&o, argc, argv);
	if (view_open(&v, o.domid, o.root))
		return 1;
	v.random = o.seed;
	if (o.json)
		printf("{");
	if (o.seconds)
		run_steps(&v, &o);
	if (o.limit)
		run_limit(&v, &o);
	if (o.repeat)
		run_costs(&v, &o);
	view_end(&v);
	printf(o.json ? "\"seed\": %" PRIu64 ", \"faults\": %" PRIu64 "}\n" :
	       "seed %" PRIu64 ", %" PRIu64 " faults\n", o.seed, v.faults);
	return v.faults != 0;
}
