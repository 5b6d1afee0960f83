// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The libraries call back for each message; here it ends.
 */
#include "xen/quiet.h"

#include <stdarg.h>
#include <stddef.h>

#include <xentoollog.h>

static void quiet_message(struct xentoollog_logger *logger,
			  xentoollog_level level, int errnoval,
			  const char *context, const char *format, va_list al)
{
	(void)logger;
	(void)level;
	(void)errnoval;
	(void)context;
	(void)format;
	(void)al;
}

static void quiet_progress(struct xentoollog_logger *logger,
			   const char *context, const char *doing, int percent,
			   unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)doing;
	(void)percent;
	(void)done;
	(void)total;
}

static void quiet_destroy(struct xentoollog_logger *logger)
{
	(void)logger;
}

struct xentoollog_logger xen_quiet = {
	.vmessage = quiet_message,
	.progress = quiet_progress,
	.destroy = quiet_destroy,
};
