// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes blocks of changing contents to changing places, and reads them back.
 * It naps in between: there are other people on this machine.
 */
#include "tests/hostile/bystander.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK 16384u
#define PLACES 64u
#define NAP_NS 4000000

static void bystander_error(struct bystander *b, const char *what, int err)
{
	if (!b->errors)
		snprintf(b->why, sizeof(b->why), "%s: %s: %s", b->name, what,
			 strerror(-err));
	b->errors++;
}

static void fill(uint8_t *block, uint32_t round)
{
	for (uint32_t i = 0; i < BLOCK; i += sizeof(round)) {
		uint32_t word = (round ^ i) * 2654435761u;

		memcpy(block + i, &word, sizeof(word));
	}
}

static int bystander_round(struct bystander *b, uint32_t round,
			   uint8_t *out, uint8_t *in)
{
	struct gblk_queue *q = &b->disk.queue[round % b->disk.queues];
	uint64_t offset = (uint64_t)(round * 7 % PLACES) * BLOCK;
	const char *what = "write";
	int ret;

	fill(out, round);
	ret = gblk_write(q, offset, out, BLOCK);
	if (!ret && round % 8 == 0) {
		what = "flush";
		ret = gblk_flush(q);
	}
	if (!ret) {
		what = "read";
		ret = gblk_read(q, offset, in, BLOCK);
	}
	if (!ret && memcmp(in, out, BLOCK)) {
		what = "other data than was written";
		ret = -EILSEQ;
	}
	if (ret)
		bystander_error(b, what, ret);
	return ret;
}

static void *bystander_thread(void *arg)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct bystander *b = arg;
	uint8_t *mem = malloc(2 * BLOCK);

	if (!mem)
		bystander_error(b, "memory", -ENOMEM);
	for (uint32_t i = 0; mem && !b->stop && !b->errors; i++) {
		pthread_mutex_lock(&b->busy);
		if (!bystander_round(b, i, mem, mem + BLOCK))
			b->rounds++;
		pthread_mutex_unlock(&b->busy);
		nanosleep(&nap, NULL);
	}
	free(mem);
	return NULL;
}

int bystander_start(struct bystander *b, const char *name,
		    const struct gblk_config *config)
{
	int ret;

	*b = (struct bystander){ .name = name };
	pthread_mutex_init(&b->busy, NULL);
	ret = gblk_open(&b->disk, config);
	if (ret)
		return ret;
	ret = -pthread_create(&b->thread, NULL, bystander_thread, b);
	if (ret)
		gblk_close(&b->disk);
	return ret;
}

int bystander_goes_on(struct bystander *b)
{
	const struct timespec nap = { .tv_nsec = 200000 };
	uint32_t seen = b->rounds;

	/* A request that does not return becomes an error by itself. */
	while (b->rounds == seen && !b->errors)
		nanosleep(&nap, NULL);
	return b->errors ? -EIO : 0;
}

void bystander_pause(struct bystander *b)
{
	pthread_mutex_lock(&b->busy);
}

void bystander_resume(struct bystander *b)
{
	pthread_mutex_unlock(&b->busy);
}

int bystander_stop(struct bystander *b)
{
	b->stop = true;
	pthread_join(b->thread, NULL);
	gblk_check(&b->disk);
	return gblk_close(&b->disk);
}
