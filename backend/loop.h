/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's one place where it sleeps: descriptors and timers over
 * poll(2). Sources and timers are embedded in what they belong to and are
 * never freed here. Both may be added, removed, armed and disarmed from any
 * callback, their own included.
 */
#ifndef BACKEND_LOOP_H
#define BACKEND_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct loop_source {
	int fd;
	short events;		/* of poll(2); may be changed while added */
	void (*ready)(struct loop_source *source);
	void *owner;
};

struct loop_timer {
	void (*fire)(struct loop_timer *timer);
	void *owner;
	int64_t at;		/* milliseconds, loop_now() */
	bool armed;
	LIST_ENTRY(loop_timer) link;
};

struct loop {
	struct loop_source **source;
	struct pollfd *poll;
	size_t count;
	size_t room;
	LIST_HEAD(, loop_timer) timers;
	bool stop;
};

void loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* 0 or -ENOMEM, then nothing changed. */
int loop_add(struct loop *loop, struct loop_source *source);
/* Nothing happens to a source that was not added. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Fires once, @ms milliseconds from now; an armed timer moves. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int ms);
void loop_disarm(struct loop_timer *timer);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t loop_now(void);

/*
 * Wait once, call what is ready, then the timers that are due. 0, or -errno of
 * poll(2).
 */
int loop_once(struct loop *loop);

#endif
