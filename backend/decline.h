/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device model that ends and whose guest never runs: libxl removes the guest's
 * devices then, and would wait ten seconds for each block device that nobody has
 * closed.
 */
#ifndef BACKEND_DECLINE_H
#define BACKEND_DECLINE_H

#include "backend/node.h"

/*
 * Close the block devices in @scope, of one guest, that nobody has taken up. Does
 * nothing if another process serves that guest, or did. @config: the file that
 * says where its lock is, or NULL. What goes wrong is logged.
 */
void decline_guest(const struct node_scope *scope, const char *config);

#endif
