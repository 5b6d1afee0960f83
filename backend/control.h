/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a client connects, sends one line, gets one JSON
 * document and the end of the connection. A client that is slow, silent or
 * talks too much costs a place among CONTROL_CLIENTS for CONTROL_PATIENCE_MS
 * and nothing else.
 */
#ifndef BACKEND_CONTROL_H
#define BACKEND_CONTROL_H

#include <stddef.h>

#include "backend/listen.h"
#include "backend/loop.h"

#define CONTROL_CLIENTS     16
#define CONTROL_PATIENCE_MS 5000
#define CONTROL_LINE_LEN    256

struct control_client {
	struct control *control;
	struct loop_source source;	/* .fd -1: free */
	struct loop_timer timer;
	char line[CONTROL_LINE_LEN];
	size_t line_len;
	char *answer;			/* NULL: still listening */
	size_t answer_len;
	size_t sent;
};

struct control {
	struct loop *loop;
	struct listener listener;
	char *(*answer)(void *arg, const char *request);
	void *arg;
	struct control_client client[CONTROL_CLIENTS];
};

/*
 * @answer returns what is sent back, from malloc(), or NULL without memory.
 * @request has no newline.
 */
void control_init(struct control *control, struct loop *loop,
		  char *(*answer)(void *arg, const char *request), void *arg);

/*
 * Listen at @path, for root alone; a socket that an earlier daemon left there
 * is replaced, so the caller has made sure that it has ended. @path is the
 * caller's and has to last until control_close(), which removes the socket. 0,
 * or -errno with a sentence in @text.
 */
int control_open(struct control *control, const char *path, char *text,
		 size_t len);
void control_close(struct control *control);

#endif
