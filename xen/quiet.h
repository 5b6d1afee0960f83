/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside xen/ only: a logger for the Xen libraries that says nothing. Without
 * one they write each failure to standard error, where a guest with a bad
 * grant could fill the log; what failed is in the error code, and those who
 * get it log with a limit.
 */
#ifndef XEN_QUIET_H
#define XEN_QUIET_H

struct xentoollog_logger;

extern struct xentoollog_logger xen_quiet;

#endif
