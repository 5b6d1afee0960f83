/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime directory: state files, the control socket and the lock that
 * lets only one manager use it. It has to outlive the daemon and need not
 * outlive the host.
 */
#ifndef BACKEND_RUNTIME_H
#define BACKEND_RUNTIME_H

#include <stddef.h>

/*
 * Make the directory if need be, open it and take the lock. Both descriptors
 * are the caller's, or -1. 0, or -errno with a sentence in @text.
 */
int runtime_open(const char *path, int *dir, int *lock, char *text,
		 size_t len);

/* Tell systemd, if it started us and wants to know (sd_notify(3)). */
void runtime_notify(const char *what);

#endif
