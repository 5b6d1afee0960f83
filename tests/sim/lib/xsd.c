// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For xenstored only, by LD_PRELOAD: the two files in which Linux shows it its
 * page and its event channel to dom0's kernel. Nobody is at the other end.
 */
/* open() is to be named so, not open64(). */
#undef _FILE_OFFSET_BITS

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define PORT "/proc/xen/xsd_port"
#define PAGE "/proc/xen/xsd_kva"

static int port_file(void)
{
	struct sim_world *w = sim_open(NULL);
	int fd = w ? memfd_create(PORT, MFD_CLOEXEC) : -1;

	if (fd < 0)
		return -1;
	dprintf(fd, "%u", w->s->dom[0].store_port);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int page_file(void)
{
	int fd = memfd_create(PAGE, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, SIM_PAGE)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (!strcmp(path, PORT))
		return port_file();
	if (!strcmp(path, PAGE))
		return page_file();
	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
