// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes through a socket.
 */
#include "tests/guest/block.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

bool block_get(int fd, void *buf, uint64_t len)
{
	for (char *p = buf; len;) {
		ssize_t n = recv(fd, p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (uint64_t)n;
	}
	return true;
}

bool block_put(int fd, const void *buf, uint64_t len)
{
	for (const char *p = buf; len;) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (uint64_t)n;
	}
	return true;
}
