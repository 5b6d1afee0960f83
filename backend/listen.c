// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket is root's from its first moment: the mode comes from the umask, not
 * from a chmod afterwards.
 */
#include "backend/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void listen_accept(struct loop_source *source)
{
	struct listener *l = source->owner;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		l->client(l, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* The client is still there, and it would be so the next time. */
	source->events = 0;
	loop_arm(l->loop, &l->rest, LISTEN_REST_MS);
}

static void listen_again(struct loop_timer *timer)
{
	struct listener *l = timer->owner;

	l->source.events = POLLIN;
}

void listen_init(struct listener *listener, struct loop *loop,
		 void (*client)(struct listener *listener, int fd),
		 void *owner)
{
	*listener = (struct listener){
		.loop = loop, .client = client, .owner = owner,
		.source = { .fd = -1, .ready = listen_accept,
			    .owner = listener },
		.rest = { .fire = listen_again, .owner = listener },
	};
}

static int listen_bind(int fd, const struct sockaddr_un *addr, int backlog)
{
	mode_t mask;
	int ret;

	if (unlink(addr->sun_path) && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	ret = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));
	ret = ret ? -errno : 0;
	umask(mask);
	if (!ret && listen(fd, backlog))
		ret = -errno;
	return ret;
}

static int listen_begin(struct listener *l, int fd)
{
	int ret;

	l->source.fd = fd;
	l->source.events = POLLIN;
	ret = loop_add(l->loop, &l->source);
	if (ret)
		l->source.fd = -1;
	return ret;
}

int listen_at(struct listener *listener, const char *path, int backlog)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	ret = listen_bind(fd, &addr, backlog);
	if (!ret)
		ret = listen_begin(listener, fd);
	if (ret)
		close(fd);
	else
		strcpy(listener->path, path);
	return ret;
}

int listen_with(struct listener *listener, int fd)
{
	socklen_t len = sizeof(int);
	int listening = 0, flags;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len))
		return -errno;
	if (!listening)
		return -EINVAL;
	/* A client may be gone before it is accepted: that must not block. */
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return listen_begin(listener, fd);
}

void listen_close(struct listener *listener)
{
	struct listener *l = listener;

	if (l->source.fd < 0)
		return;
	loop_disarm(&l->rest);
	loop_remove(l->loop, &l->source);
	close(l->source.fd);
	l->source.fd = -1;
	if (l->path[0])
		unlink(l->path);
	l->path[0] = '\0';
}
