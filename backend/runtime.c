// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the daemon lives between its runs. Root's own directory: somebody else
 * who could write there could hand us a state, and through it a worker.
 */
#include "backend/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/text.h"

int runtime_open(const char *path, int *dir, char *text, size_t len)
{
	struct stat st;
	int ret;

	*dir = -1;
	if (mkdir(path, 0755) && errno != EEXIST)
		goto fail;
	*dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0 || fstat(*dir, &st))
		goto fail;
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	if (st.st_uid != geteuid())
		text_set(text, len, "%s belongs to user %u, and this is user %u: run as root",
			 path, st.st_uid, geteuid());
	else
		text_set(text, len, "%s can be written by others: chmod go-w it",
			 path);
	return -EPERM;
fail:
	ret = -errno;
	text_set(text, len, "%s can't be used: %s", path, log_strerror(ret));
	return ret;
}

int runtime_lock(int dir, const char *path, int *lock, char *text, size_t len)
{
	int ret;

	*lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		       0600);
	if (*lock >= 0 && !flock(*lock, LOCK_EX | LOCK_NB))
		return 0;
	ret = -errno;
	if (ret == -EWOULDBLOCK)
		text_set(text, len, "another xen-vblkd runs (it holds %s/lock); one serves all guests",
			 path);
	else
		text_set(text, len, "%s/lock: %s", path, log_strerror(ret));
	return ret;
}

void runtime_remove_control(int dir, uint32_t domid)
{
	char name[24];

	snprintf(name, sizeof(name), RUNTIME_CONTROL, domid);
	unlinkat(dir, name, 0);
}

void runtime_notify(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int sock;

	if (!len || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return;
	if (sendto(sock, what, strlen(what), MSG_NOSIGNAL,
		   (const struct sockaddr *)&to,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		log_warning("systemd can't be notified: %s",
			    log_strerror(errno));
	close(sock);
}
