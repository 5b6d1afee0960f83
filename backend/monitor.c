// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets for QMP. Answers are short and go out at once; whoever has let them
 * pile up in the socket does not get another.
 */
#include "backend/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/text.h"

#define MONITOR_READ 4096

static void monitor_drop(struct monitor_client *c)
{
	loop_remove(c->monitor->loop, &c->source);
	close(c->source.fd);
	c->source.fd = -1;
	qmp_fini(&c->qmp);
}

/* Takes @text over. */
static void monitor_send(struct monitor_client *c, char *text)
{
	size_t len = text ? strlen(text) : 0;
	ssize_t n = len ? send(c->source.fd, text, len,
			       MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	free(text);
	if (n < 0 || (size_t)n < len)
		monitor_drop(c);
}

static void monitor_receive(struct loop_source *source)
{
	struct monitor_client *c = source->owner;
	char bytes[MONITOR_READ], *answer;
	ssize_t n = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	int ret;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		monitor_drop(c);
		return;
	}
	ret = qmp_feed(&c->qmp, bytes, (size_t)n, &answer);
	if (ret) {
		log_warning("QMP: a request that can't be taken: %s",
			    log_strerror(ret));
		monitor_drop(c);
		return;
	}
	monitor_send(c, answer);
}

static void monitor_accept(struct listener *listener, int fd)
{
	struct monitor *m = listener->owner;
	struct monitor_client *c = NULL;
	char *greeting;

	for (size_t i = 0; i < MONITOR_CLIENTS && !c; i++)
		if (m->client[i].source.fd < 0)
			c = &m->client[i];
	if (!c || qmp_init(&c->qmp, m->server, &greeting)) {
		close(fd);
		return;
	}
	c->source.fd = fd;
	if (loop_add(m->loop, &c->source)) {
		free(greeting);
		monitor_drop(c);
		return;
	}
	monitor_send(c, greeting);
}

static int monitor_listen(struct listener *l,
			  const struct arguments_chardev *c)
{
	return c->fd < 0 ? listen_at(l, c->path, MONITOR_CLIENTS) :
		listen_with(l, c->fd);
}

static void monitor_init(struct monitor *m, struct loop *loop,
			 struct qmp_server *server)
{
	*m = (struct monitor){ .loop = loop, .server = server };
	for (size_t i = 0; i < ARGUMENTS_CHARDEVS; i++)
		listen_init(&m->listener[i], loop, monitor_accept, m);
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		m->client[i] = (struct monitor_client){
			.monitor = m,
			.source = { .fd = -1, .events = POLLIN,
				    .ready = monitor_receive,
				    .owner = &m->client[i] },
		};
}

int monitor_open(struct monitor *monitor, struct loop *loop,
		 struct qmp_server *server, char *text, size_t len)
{
	const struct arguments *a = server->args;
	int ret = 0;

	monitor_init(monitor, loop, server);
	for (size_t i = 0; i < a->nchardevs && !ret; i++) {
		if (!a->chardev[i].monitor)
			continue;
		ret = monitor_listen(&monitor->listener[i], &a->chardev[i]);
		if (ret)
			text_set(text, len, "nobody can be listened to at -chardev %s: %s",
				 a->chardev[i].id, log_strerror(ret));
	}
	return ret;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor->loop)
		return;
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		if (monitor->client[i].source.fd >= 0)
			monitor_drop(&monitor->client[i]);
	for (size_t i = 0; i < ARGUMENTS_CHARDEVS; i++)
		listen_close(&monitor->listener[i]);
}
