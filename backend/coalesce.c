// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Learning the batch that a guest gathers. The only measure is its own pace:
 * the time a request takes to arrive, averaged over the last drains. Waiting
 * is bounded by twice the time that the batch should take, and by 5 ms; a
 * guest that is slower than a request in 2 ms is never kept waiting. Unless
 * drains bring more than is asked for: then it is not the guest that is slow,
 * but the stop that each kick is.
 *
 * A deadline that finds nothing at all says that the guest is busy elsewhere,
 * not that its batches have shrunk: the next request kicks, and the batch
 * stays what it was.
 */
#include "backend/coalesce.h"

void coalesce_init(struct coalesce *c, uint32_t max)
{
	*c = (struct coalesce){
		.max = max ? max : 1,
		.batch = 1,
		.trial_in = COALESCE_TRIAL_MIN,
		.trial_every = COALESCE_TRIAL_MIN,
	};
}

static int64_t coalesce_patience(const struct coalesce *c, uint32_t batch)
{
	int64_t ns = 2 * c->entry_ns * batch;

	if (ns < COALESCE_WAIT_MIN_NS)
		return COALESCE_WAIT_MIN_NS;
	return ns < COALESCE_WAIT_MAX_NS ? ns : COALESCE_WAIT_MAX_NS;
}

/* Is twice the batch worth a trial? */
static bool coalesce_try(struct coalesce *c)
{
	uint32_t enough = c->batch * COALESCE_ONE;

	/* An average comes close to two only slowly. */
	if (--c->trial_in && c->brought < enough / 4 * 7)
		return false;
	c->trial_in = c->trial_every;
	return c->batch * 2 <= c->max &&
	       (c->brought > enough || c->entry_ns < COALESCE_SLOW_NS);
}

uint32_t coalesce_arm(struct coalesce *c, int64_t now)
{
	c->asked = c->pause ? 1 : c->batch;
	c->pause = false;
	if (coalesce_try(c))
		c->asked = c->batch * 2;
	c->armed_at = now;
	c->deadline = c->asked > 1 ?
		      now + coalesce_patience(c, c->asked) : 0;
	return c->asked;
}

bool coalesce_ripe(const struct coalesce *c, uint32_t found, int64_t now)
{
	return found >= c->asked || (c->deadline && now >= c->deadline);
}

static void coalesce_pace(struct coalesce *c, uint32_t found, int64_t now)
{
	int64_t ns = (now - c->armed_at) / found;

	/* A guest that was idle says nothing about its pace. */
	if (ns > COALESCE_WAIT_MAX_NS)
		ns = COALESCE_WAIT_MAX_NS;
	c->entry_ns += (ns - c->entry_ns) / COALESCE_DRAINS;
}

void coalesce_taken(struct coalesce *c, uint32_t found, int64_t now)
{
	bool arrived = found && found >= c->asked;
	bool trial = c->asked > c->batch;

	c->deadline = 0;
	if (!c->asked)
		return;
	if (found)
		coalesce_pace(c, found, now);
	c->pause = !found;
	c->brought -= c->brought / COALESCE_DRAINS;
	c->brought += found * COALESCE_ONE / COALESCE_DRAINS;
	if (!arrived && found)
		c->brought = 0;
	if (arrived && trial) {
		c->batch = c->asked;
		c->trial_every = COALESCE_TRIAL_MIN;
		/* Where two times two came in, four may. */
		c->trial_in = COALESCE_TRIAL_NEXT;
	} else if (!arrived && found && trial) {
		if (c->trial_every < COALESCE_TRIAL_MAX)
			c->trial_every *= 2;
		c->trial_in = c->trial_every;
	} else if (!arrived && found) {
		c->batch /= 2;
		/* Most often it was only late: see soon. */
		c->trial_in = COALESCE_TRIAL_SOON;
	}
	c->asked = 0;
}
