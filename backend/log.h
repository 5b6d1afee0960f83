/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines of both processes. They go to standard error, where systemd adds
 * the time and syslog priority is given by a "<n>" prefix when the journal
 * asks for one (JOURNAL_STREAM is set). One call, one line, one write(2).
 *
 * Locking: none needed, a line is written in one system call.
 * Fork: safe. Nothing is allocated.
 */
#ifndef BACKEND_LOG_H
#define BACKEND_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,	/* somebody has to do something */
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,	/* a disk came or went */
	LOG_LEVEL_DEBUG = 7,
};

/* Lines above @level are dropped. @who (static storage) starts each line. */
void log_init(const char *who, enum log_level level);
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * Guest-caused lines: at most LOG_LIMIT_BURST per LOG_LIMIT_SECONDS and
 * limiter; the next line that passes says how many were dropped.
 */
#define LOG_LIMIT_BURST   10
#define LOG_LIMIT_SECONDS 10

struct log_limit {
	int64_t window;		/* start, CLOCK_MONOTONIC seconds; 0: unused */
	unsigned int lines;	/* in this window */
	unsigned int dropped;	/* since the last line that passed */
};

bool log_limit_pass(struct log_limit *limit);

/* @name is the disk, "dom5/xvda". */
#define log_guest(limit, name, fmt, ...)				\
	do {								\
		if (log_limit_pass(limit))				\
			log_line(LOG_LEVEL_WARNING, "%s: " fmt,		\
				 (name), ##__VA_ARGS__);		\
	} while (0)

/* An errno value as text: "No such file or directory". Static storage. */
const char *log_strerror(int err);

#endif
