/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are listened at. Who connects is handed over; nothing is said
 * here. When there is no descriptor for a client, nobody is let in for
 * LISTEN_REST_MS and the loop does not spin meanwhile.
 */
#ifndef BACKEND_LISTEN_H
#define BACKEND_LISTEN_H

#include "backend/loop.h"

#define LISTEN_REST_MS 1000

struct listener {
	struct loop *loop;
	struct loop_source source;	/* .fd -1: not open */
	struct loop_timer rest;
	char path[108];			/* sun_path; to be removed, or "" */
	/* Takes @fd over, which is non-blocking. May close the listener. */
	void (*client)(struct listener *listener, int fd);
	void *owner;
};

void listen_init(struct listener *listener, struct loop *loop,
		 void (*client)(struct listener *listener, int fd),
		 void *owner);

/*
 * Listen at @path, for root alone; a socket that is there already is replaced,
 * so the caller has made sure that nobody needs it. listen_close() removes it.
 * 0 or -errno.
 */
int listen_at(struct listener *listener, const char *path, int backlog);

/*
 * Listen with @fd, which listens already; it becomes non-blocking for everybody
 * who has it. 0 and it is the listener's, or -errno and it is the caller's.
 */
int listen_with(struct listener *listener, int fd);

/* Nothing happens to one that is not open. */
void listen_close(struct listener *listener);

#endif
