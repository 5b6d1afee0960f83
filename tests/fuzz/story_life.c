// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker that is killed stops in the middle of what it does; what the kernel
 * then does for the dead is done by hand.
 */

#include "backend/aio.h"

/* All of the worker but its way into a process, and how it sleeps. */
int worker_main(int argc, char **argv);
static int life_sleep(struct aio *aio, int64_t timeout_ns);
#define main worker_main
#define aio_wait life_sleep
#include "backend/worker.c"
#undef main
#undef aio_wait

#include "tests/fuzz/story_life.h"

#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/pool.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/guest_steps.h"

#define POISON_LEN (128u << 10)	/* of the buffers; the rest is used last */

#define NAP_NS (200 * INT64_C(1000000))

static struct {
	const struct worker *w;
	jmp_buf killed;
	uint32_t forgotten;
} life;

static uint32_t requests_in_flight(const struct worker *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		for (uint32_t k = 0; w->dev[i] && k < STATE_MAX_QUEUES; k++)
			n += w->dev[i]->queue[k].in_flight;
	return n;
}

/*
 * The guest and the manager are of this thread: with no request under way, what
 * wakes the worker is there before it sleeps, or never comes. A signal only
 * interrupts.
 */
static int life_sleep(struct aio *aio, int64_t timeout_ns)
{
	uint32_t tries = 0;
	int ret;

	if (timeout_ns >= 0 || requests_in_flight(life.w))
		return aio_wait(aio, timeout_ns);
	do {
		MUST(tries++ < 10);
		ret = aio_wait(aio, NAP_NS);
	} while (!ret && !aio_ready(aio));
	return ret;
}

static void forget_request(struct request *req)
{
	(void)req;
	life.forgotten++;
}

/* The kernel ends what a dead process had under way, and unmaps its memory. */
static void bury_worker(struct worker *w)
{
	uint32_t rounds = 0, in_flight = requests_in_flight(w);

	life.forgotten = 0;
	while (life.forgotten < in_flight) {
		MUST(rounds++ < 100000);
		MUST(!aio_wait(w->engine.aio, 1000000));
		worker_reap(w);
		engine_settle(&w->engine, forget_request);
	}
}

enum life_end life_run(struct worker *w)
{
	life.w = w;
	if (worker_start(w)) {
		w->stopping = !w->attach;
		return LIFE_REFUSED;
	}
	memset(pool_base(w->engine.pool), POISON, POISON_LEN);
	if (setjmp(life.killed)) {
		bury_worker(w);
		return LIFE_KILLED;
	}
	MUST(!worker_run(w));
	return LIFE_LEFT;
}

void life_kill(void)
{
	longjmp(life.killed, 1);
}

void life_close(struct worker *w)
{
	worker_close(w);
	if (w->state)
		munmap(w->state, sizeof(*w->state));
}
