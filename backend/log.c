// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Log lines. Both processes write to standard error, nothing is buffered and
 * nothing is allocated, so a line can be written in any state. Guest-caused
 * lines pass a limiter first: a guest must not be able to fill the log.
 */
#include "backend/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_who = "xen-vblk";
static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_priorities;

void log_init(const char *who, enum log_level level)
{
	log_who = who;
	log_level = level;
	log_priorities = getenv("JOURNAL_STREAM") != NULL;
}

enum log_level log_get_level(void)
{
	return log_level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t used = 0;
	va_list ap;
	int n;

	if (level > log_level)
		return;
	if (log_priorities)
		used = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	used += (size_t)snprintf(line + used, sizeof(line) - used, "%s: ",
				 log_who);
	va_start(ap, fmt);
	n = vsnprintf(line + used, sizeof(line) - used, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	used += (size_t)n;
	if (used > sizeof(line) - 1)
		used = sizeof(line) - 1;
	line[used++] = '\n';
	/* Nobody is left to tell if standard error is gone. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

bool log_limit_pass(struct log_limit *limit)
{
	struct timespec now;
	unsigned int dropped;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!limit->window ||
	    now.tv_sec - limit->window >= LOG_LIMIT_SECONDS) {
		limit->window = now.tv_sec ? now.tv_sec : 1;
		limit->lines = 0;
	}
	if (limit->lines >= LOG_LIMIT_BURST) {
		limit->dropped++;
		return false;
	}
	limit->lines++;
	dropped = limit->dropped;
	limit->dropped = 0;
	if (dropped)
		log_warning("%u more guest-caused lines were dropped", dropped);
	return true;
}

const char *log_strerror(int err)
{
	const char *text = strerrordesc_np(err < 0 ? -err : err);

	return text ? text : "unknown error";
}
