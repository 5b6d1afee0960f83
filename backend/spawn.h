/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes: the only place that starts any. A child keeps our environment and
 * standard descriptors, has its end of a socket pair as PROTO_WORKER_FD and no
 * other descriptor. It is not told to die with us: it has to finish its
 * requests first, and notices our end by the socket.
 */
#ifndef BACKEND_SPAWN_H
#define BACKEND_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct spawn {
	pid_t pid;		/* 0: none */
	int pidfd;		/* readable when it has ended; -1: none */
	int sock;		/* our end, non-blocking, SOCK_SEQPACKET; or -1 */
};

#define SPAWN_NONE { .pid = 0, .pidfd = -1, .sock = -1 }

/* @child is SPAWN_NONE and is that again after a failure. */
int spawn_worker(struct spawn *child, const char *path, uint32_t domid);

/* SIGKILL. Nothing happens to one that has ended. */
void spawn_kill(const struct spawn *child);

/* SIGKILL, and wait for it; @child is SPAWN_NONE. Nothing if it was that already. */
void spawn_abort(struct spawn *child);

/*
 * Collect a child that has ended; everything is closed and @child is
 * SPAWN_NONE. False when it has not ended. *failed: other than by exit(0);
 * @text says how: "exit status 1", "signal 11 (Segmentation fault)".
 */
bool spawn_reap(struct spawn *child, bool *failed, char *text, size_t len);

#endif
