// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager's loop. There are few descriptors (two per guest and a handful
 * more), so poll(2) over an array that is rebuilt each time is plenty.
 *
 * A callback may remove any source: its place becomes NULL at once and the
 * array is closed up before the next wait. Sources added meanwhile stand
 * behind those that were waited for.
 */
#include "backend/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

void loop_init(struct loop *loop)
{
	*loop = (struct loop){ 0 };
	LIST_INIT(&loop->timers);
}

void loop_fini(struct loop *loop)
{
	free(loop->source);
	free(loop->poll);
	loop_init(loop);
}

int loop_add(struct loop *loop, struct loop_source *source)
{
	size_t room = loop->room ? 2 * loop->room : 16;
	void *more;

	if (loop->count == loop->room) {
		more = reallocarray(loop->source, room, sizeof(*loop->source));
		if (!more)
			return -ENOMEM;
		loop->source = more;
		more = reallocarray(loop->poll, room, sizeof(*loop->poll));
		if (!more)
			return -ENOMEM;
		loop->poll = more;
		loop->room = room;
	}
	loop->source[loop->count++] = source;
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	for (size_t i = 0; i < loop->count; i++)
		if (loop->source[i] == source)
			loop->source[i] = NULL;
}

int64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int ms)
{
	loop_disarm(timer);
	timer->at = loop_now() + ms;
	timer->armed = true;
	LIST_INSERT_HEAD(&loop->timers, timer, link);
}

void loop_disarm(struct loop_timer *timer)
{
	if (timer->armed)
		LIST_REMOVE(timer, link);
	timer->armed = false;
}

static void loop_close_up(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->count; i++)
		if (loop->source[i])
			loop->source[kept++] = loop->source[i];
	loop->count = kept;
}

/* Milliseconds until the first timer is due; -1 without one. */
static int loop_timeout(struct loop *loop)
{
	int64_t now = loop_now(), wait = -1;
	struct loop_timer *t;

	LIST_FOREACH(t, &loop->timers, link)
		if (wait < 0 || t->at - now < wait)
			wait = t->at > now ? t->at - now : 0;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static struct loop_timer *loop_due(struct loop *loop, int64_t now)
{
	struct loop_timer *t;

	LIST_FOREACH(t, &loop->timers, link)
		if (t->at <= now)
			return t;
	return NULL;
}

int loop_once(struct loop *loop)
{
	struct loop_timer *t;
	int64_t now;
	size_t n;

	loop_close_up(loop);
	n = loop->count;
	for (size_t i = 0; i < n; i++) {
		loop->poll[i].fd = loop->source[i]->fd;
		loop->poll[i].events = loop->source[i]->events;
		loop->poll[i].revents = 0;
	}
	if (poll(loop->poll, n, loop_timeout(loop)) < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < n; i++)
		if (loop->poll[i].revents && loop->source[i])
			loop->source[i]->ready(loop->source[i]);
	now = loop_now();
	while ((t = loop_due(loop, now))) {
		loop_disarm(t);
		t->fire(t);
	}
	return 0;
}
