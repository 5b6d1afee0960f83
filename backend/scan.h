/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From xenstore to guests and disks.
 */
#ifndef BACKEND_SCAN_H
#define BACKEND_SCAN_H

#include "backend/manager.h"

/*
 * One look at everything. 0, or -errno of xenstore: then nothing can be said
 * about disks that were not seen, and nothing was done about them.
 */
int scan_run(struct manager *m);

#endif
