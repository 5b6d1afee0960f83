/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sentences for an administrator, on their way to the log and to xenstore.
 */
#ifndef BACKEND_TEXT_H
#define BACKEND_TEXT_H

#include <stddef.h>

/* Longest sentence, with the zero: a path and what is wrong with it. */
#define TEXT_LEN 1024

/* snprintf(), and what does not fit is left out: paths may be long. */
void text_set(char *text, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Another program's text: unprintable characters become '?'. Returns @text. */
char *text_clean(char *text);

#endif
