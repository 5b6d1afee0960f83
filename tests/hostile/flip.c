// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest gone mad, for as long as it is told: rounds of a second with a seed
 * each, and everything that after.c knows is looked at in between. In the end
 * the guest is destroyed in the middle of it. flip.sh builds the daemon with
 * sanitizers for this.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/flipper.h"
#include "tests/hostile/scene.h"

/* Sanitizers keep freed memory for a while, and notes about all of it. */
#define DATA_MORE_KIB (64u << 10)
#define GONE_MS 15000
/* A seed that is told again need not have some of everything. */
#define TALLY_S 10

static void nap_ms(long ms)
{
	const struct timespec nap = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&nap, NULL);
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* 0, or a sentence in @why. */
static int flip_round(struct scene *s, struct flipper *f, uint64_t seed,
		      char *why, size_t len)
{
	int ret = flipper_start(f, seed);

	if (!ret)
		nap_ms(1000);
	if (!ret)
		ret = flipper_stop(f);
	if (!ret) {
		struct gblk_config c = scene_disk(s, DISK_LIED_TO,
						  f->config.kind);

		ret = scene_disk_works(&c);
	}
	if (ret)
		snprintf(why, len, "the disk: %s", strerror(-ret));
	return ret ? ret : after_lie(&s->after, why, len);
}

/* Did some of all that come about? Otherwise nothing was tested. */
static int flip_tally(struct scene *s, const struct flipper *f, time_t seconds,
		      char *why, size_t len)
{
	struct daemon_view v;
	int ret = daemon_look(s->socket, s->domid[0], "xvda", &v);

	printf("  %s: %llu chains: %llu read, %llu written, %llu refused, %llu malformed, %llu failed; %llu entries skipped, %u resets, %llu breaks\n",
	       s->title, (unsigned long long)v.pops,
	       (unsigned long long)v.reads, (unsigned long long)v.writes,
	       (unsigned long long)v.refused, (unsigned long long)v.malformed,
	       (unsigned long long)v.failed, (unsigned long long)v.skipped,
	       f->resets, (unsigned long long)v.broken);
	if (!ret && (seconds < TALLY_S || (v.reads && v.writes && v.refused &&
					   v.malformed && v.skipped &&
					   f->resets)))
		return 0;
	snprintf(why, len, "this was no test");
	return -EIO;
}

/* The guest ends in the middle of it. Nothing of it stays. */
static int flip_to_death(struct scene *s, struct flipper *f, uint64_t seed,
			 char *why, size_t len)
{
	struct sim_dom_info info;
	char command[100];
	int ret = bystander_stop(&s->bystander[0]);

	if (!ret)
		ret = flipper_start(f, seed);
	nap_ms(300);
	snprintf(command, sizeof(command), "\"$SIMCTL\" destroy %u",
		 s->domid[0]);
	if (!ret && system(command))
		ret = -EIO;
	f->stop = true;
	for (int i = 0; !ret && i < GONE_MS / 10 &&
	     !sim_dom_info(s->world, s->domid[0], &info) &&
	     info.domid == s->domid[0]; i++)
		nap_ms(10);
	while (f->threads)
		pthread_join(f->thread[--f->threads], NULL);
	if (!ret && !sim_dom_info(s->world, s->domid[0], &info) &&
	    info.domid == s->domid[0])
		ret = -EBUSY;
	snprintf(why, len, "the guest's death: %s", strerror(-ret));
	if (!ret && bystander_goes_on(&s->bystander[1])) {
		ret = -EIO;
		snprintf(why, len, "%s", s->bystander[1].why);
	}
	return ret ? ret : bystander_stop(&s->bystander[1]);
}

/* Rounds with @seed, @seed + 1 and so on, and the guest's death with the last. */
static int flip_all(struct scene *s, struct flipper *f, uint64_t *seed,
		    time_t seconds, char *why, size_t len)
{
	const time_t end = now_s() + seconds;
	int ret;

	do {
		ret = flip_round(s, f, (*seed)++, why, len);
		if (ret)
			printf("  seed %llu\n", (unsigned long long)*seed - 1);
	} while (!ret && now_s() < end);
	if (!ret)
		ret = flip_tally(s, f, seconds, why, len);
	return ret ? ret : flip_to_death(s, f, *seed, why, len);
}

static int usage(void)
{
	fprintf(stderr, "usage: flip -t TITLE -g DOMID -o DOMID -s SOCKET -n SECONDS [-S SEED]\n");
	return 2;
}

int main(int argc, char *argv[])
{
	static struct scene s;
	static struct flipper f;
	struct gblk_config c;
	uint64_t first = 1, seed;
	int seconds = 0;
	char why[200] = "no world";
	int opt, ret;

	while ((opt = scene_option(&s, argc, argv, "n:S:")) >= 0) {
		if (opt == 'n')
			seconds = atoi(optarg);
		else if (opt == 'S')
			first = strtoull(optarg, NULL, 10);
		else
			return usage();
	}
	if (!s.title || !s.socket || seconds <= 0)
		return usage();
	s.after.data_more_kib = DATA_MORE_KIB;
	seed = first;
	ret = scene_open(&s);
	c = scene_disk(&s, DISK_LIED_TO, GADDR_GRANT);
	if (!ret)
		ret = flipper_open(&f, &c, &s.vcpu[2]);
	if (!ret)
		ret = flip_all(&s, &f, &seed, seconds, why, sizeof(why));
	printf("  %s    flip/%s: seeds %llu to %llu%s%s\n",
	       ret ? "FAIL" : "PASS", s.title, (unsigned long long)first,
	       (unsigned long long)seed - 1, ret ? ": " : "", ret ? why : "");
	printf("%u passed, %u failed, 0 skipped\n", !ret, !!ret);
	return ret != 0;
}
