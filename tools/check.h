/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vblk check: has this host what xen-vblkd needs?
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include <stdbool.h>

/*
 * Look at everything and print a line about each, or all as one JSON document.
 * @config is a file that has to exist, or NULL for the default; @socket is where
 * xen-vblkd listens, or NULL for where the configuration says. Changes nothing on
 * the host, but leaves this process without use of Xen. True if nothing is missing
 * that every guest needs.
 */
bool check_host(const char *config, const char *socket, bool json);

#endif
