/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vblk check: has this host what xen-vblkd needs?
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include <stdbool.h>

/*
 * Look at everything and print a line about each; @socket is where xen-vblkd
 * listens. Changes nothing on the host, but leaves this process without use of
 * Xen. True if nothing is missing that every guest needs.
 */
bool check_host(const char *socket);

#endif
