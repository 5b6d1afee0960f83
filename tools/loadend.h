/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: its ends before the end. Both say why on stderr and
 * never return; what is open or allocated is left to the kernel.
 */
#ifndef TOOLS_LOADEND_H
#define TOOLS_LOADEND_H

/* The command line makes no sense: status 2, and where help is. */
void usage_error(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* The device or the host does not give what is needed: status 1. */
void fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif
