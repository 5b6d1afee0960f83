/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets that QMP is spoken on (qmp.h has the words): those that libxl
 * named, or handed over open. A client that does not read its answers is
 * dropped; one too many is not let in.
 */
#ifndef BACKEND_MONITOR_H
#define BACKEND_MONITOR_H

#include <stddef.h>

#include "backend/arguments.h"
#include "backend/listen.h"
#include "backend/loop.h"
#include "backend/qmp.h"

#define MONITOR_CLIENTS 8

struct monitor;

struct monitor_client {
	struct monitor *monitor;
	struct loop_source source;	/* .fd -1: free */
	struct qmp qmp;
};

struct monitor {
	struct loop *loop;
	struct qmp_server *server;
	struct listener listener[ARGUMENTS_CHARDEVS];
	struct monitor_client client[MONITOR_CLIENTS];
};

/*
 * Listen where server->args say; both, and what they point to, have to last
 * until monitor_close(). 0, or -errno with a sentence in @text; monitor_close()
 * in either case.
 */
int monitor_open(struct monitor *monitor, struct loop *loop,
		 struct qmp_server *server, char *text, size_t len);
void monitor_close(struct monitor *monitor);

#endif
