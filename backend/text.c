// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sentences for an administrator.
 */
#include "backend/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_set(char *text, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, len, fmt, ap) < 0)
		*text = '\0';
	va_end(ap);
}

char *text_clean(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}
