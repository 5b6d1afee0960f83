// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How vblk-load ends when it can't go on: its name and what is wrong on stderr,
 * and the status that its help text promises.
 */
#include "tools/loadend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("vblk-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'vblk-load --help'.\n", stderr);
	exit(2);
}

void fatal(const char *fmt, ...)
{
	va_list ap;

	fputs("vblk-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}
