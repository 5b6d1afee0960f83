/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a worker does not need, in two stages. The Xen handles are
 * restricted between the two, see xen/restrict.h.
 *
 * Failure of a step that only narrows further is ignored where the kernel may
 * lack the feature; failure to give up root is an error.
 */
#ifndef BACKEND_ISOLATE_H
#define BACKEND_ISOLATE_H

#include <stdint.h>

/*
 * User and group of the worker of domain n: this plus n. Nobody else's, not
 * even another worker's, so that none can signal or trace another. The range
 * is one that systemd's conventions leave unused.
 */
#define ISOLATE_ID_BASE 1879048192u

/*
 * Stage 1, first thing in main(). Descriptors above @last_fd are closed.
 * Should: no core dump with guest data, no new privileges by exec, nobody's
 * working directory.
 * Mustn't: lose root yet, the Xen device nodes are root's.
 */
int isolate_begin(int last_fd);

/*
 * Stage 2, when every handle and the buffer pool exist.
 * Should: no user, group or capability of root's, the worker of @domid's own
 * user; no network.
 * Mustn't: be undone, nor stop descriptors that come from the manager later
 * from working.
 */
int isolate_finish(uint32_t domid);

#endif
