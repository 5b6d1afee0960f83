// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket. Nothing here blocks: each client has a buffer for its
 * line, then one for its answer, and a time after which it is dropped. What is
 * asked and answered is report.c's.
 */
#include "backend/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/text.h"

static void control_drop(struct control_client *c)
{
	loop_disarm(&c->timer);
	loop_remove(c->control->loop, &c->source);
	close(c->source.fd);
	c->source.fd = -1;
	free(c->answer);
	c->answer = NULL;
}

static void control_timeout(struct loop_timer *timer)
{
	control_drop(timer->owner);
}

/* Everything sent, or no way to send it: both end the connection. */
static void control_send(struct control_client *c)
{
	ssize_t n = send(c->source.fd, c->answer + c->sent,
			 c->answer_len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n <= 0 || c->sent == c->answer_len)
		control_drop(c);
}

static void control_receive(struct control_client *c)
{
	ssize_t n = recv(c->source.fd, c->line + c->line_len,
			 sizeof(c->line) - c->line_len, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		control_drop(c);
		return;
	}
	c->line_len += (size_t)n;
	end = memchr(c->line, '\n', c->line_len);
	if (!end && c->line_len < sizeof(c->line))
		return;
	if (end) {
		*end = '\0';
		c->answer = c->control->answer(c->control->arg, c->line);
	}
	if (!c->answer) {
		control_drop(c);
		return;
	}
	c->answer_len = strlen(c->answer);
	c->sent = 0;
	c->source.events = POLLOUT;
	control_send(c);
}

static void control_client(struct loop_source *source)
{
	struct control_client *c = source->owner;

	if (c->answer)
		control_send(c);
	else
		control_receive(c);
}

static void control_accept(struct listener *listener, int fd)
{
	struct control *control = listener->owner;
	struct control_client *c = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS && !c; i++)
		if (control->client[i].source.fd < 0)
			c = &control->client[i];
	if (!c) {
		close(fd);
		return;
	}
	c->line_len = 0;
	c->source.fd = fd;
	c->source.events = POLLIN;
	if (loop_add(control->loop, &c->source)) {
		close(fd);
		c->source.fd = -1;
		return;
	}
	loop_arm(control->loop, &c->timer, CONTROL_PATIENCE_MS);
}

void control_init(struct control *control, struct loop *loop,
		  char *(*answer)(void *arg, const char *request), void *arg)
{
	*control = (struct control){
		.loop = loop, .answer = answer, .arg = arg,
	};
	listen_init(&control->listener, loop, control_accept, control);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i] = (struct control_client){
			.control = control,
			.source = { .fd = -1, .ready = control_client,
				    .owner = &control->client[i] },
			.timer = { .fire = control_timeout,
				   .owner = &control->client[i] },
		};
}

int control_open(struct control *control, const char *path, char *text,
		 size_t len)
{
	int ret = listen_at(&control->listener, path, CONTROL_CLIENTS);

	if (ret)
		text_set(text, len, "control socket %s: %s", path,
			 log_strerror(ret));
	return ret;
}

void control_close(struct control *control)
{
	if (!control->loop)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].source.fd >= 0)
			control_drop(&control->client[i]);
	listen_close(&control->listener);
}
