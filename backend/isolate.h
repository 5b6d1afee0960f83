/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a worker does not need, in two stages. The Xen handles are
 * restricted by their own functions in xen/ between the two.
 *
 * Failure of a step that only narrows further is ignored where the kernel may
 * lack the feature; failure to give up root is an error.
 */
#ifndef BACKEND_ISOLATE_H
#define BACKEND_ISOLATE_H

/* The user and group that a worker runs as: nobody's. */
#define ISOLATE_ID 65534

/*
 * Stage 1, first thing in main(). Descriptors above @last_fd are closed.
 * Should: no core dump with guest data, no new privileges by exec.
 * Mustn't: lose root yet, the Xen device nodes are root's.
 */
int isolate_begin(int last_fd);

/*
 * Stage 2, when every handle and the buffer pool exist.
 * Should: no user, group or capability of root's; no network.
 * Mustn't: be undone, nor stop descriptors that come from the manager later
 * from working.
 */
int isolate_finish(void);

#endif
