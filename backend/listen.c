// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket is root's from its first moment: the mode comes from the umask, not
 * from a chmod afterwards.
 */
#include "backend/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

int listen_at(const char *path, int backlog)
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
		return fd;
	close(fd);
	return ret;
}
