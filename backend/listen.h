/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets with a name in the file system.
 */
#ifndef BACKEND_LISTEN_H
#define BACKEND_LISTEN_H

/*
 * Listen at @path, for root alone; a socket that is there already is replaced,
 * so the caller has made sure that nobody needs it. A non-blocking descriptor,
 * or -errno.
 */
int listen_at(const char *path, int backlog);

#endif
