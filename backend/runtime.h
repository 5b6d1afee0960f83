/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime directory: state files, control sockets and xen-vblkd's lock. It
 * has to outlive the daemon and need not
 * outlive the host.
 */
#ifndef BACKEND_RUNTIME_H
#define BACKEND_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Make the directory if need be and open it. *dir is the caller's, or -1. 0, or
 * -errno with a sentence in @text.
 */
int runtime_open(const char *path, int *dir, char *text, size_t len);

/*
 * The lock of who serves all guests: one process at a time. *lock is the
 * caller's, or -1, and closing it unlocks. As above.
 */
int runtime_lock(int dir, const char *path, int *lock, char *text, size_t len);

/* printf format of a name in the directory: xen-vblk-dm's socket, by domid. */
#define RUNTIME_CONTROL "%u.control"

/* That socket, left by a xen-vblk-dm that was killed. */
void runtime_remove_control(int dir, uint32_t domid);

/* Tell systemd, if it started us and wants to know (sd_notify(3)). */
void runtime_notify(const char *what);

#endif
