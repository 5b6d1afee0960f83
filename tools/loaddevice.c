// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What vblk-load loads: a block device, or a file that stands for one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* O_DIRECT */
#endif
#include "tools/loaddevice.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/loadend.h"

void device_open(struct run *run)
{
	struct options *o = &run->opt;
	uint64_t total;
	struct stat st;
	int block;

	run->fd = open(o->path, (run->writes ? O_RDWR : O_RDONLY) | O_CLOEXEC |
		       (o->direct ? O_DIRECT : 0));
	if (run->fd < 0 || fstat(run->fd, &st))
		fatal("%s: %s", o->path, strerror(errno));
	run->block = SECTOR;
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(run->fd, BLKGETSIZE64, &total))
			fatal("%s: size: %s", o->path, strerror(errno));
		if (o->direct && !ioctl(run->fd, BLKSSZGET, &block))
			run->block = (uint32_t)block;
	} else if (S_ISREG(st.st_mode)) {
		total = (uint64_t)st.st_size;
	} else {
		fatal("%s is neither a block device nor a regular file", o->path);
	}
	if (o->offset > total || (o->size && o->size > total - o->offset))
		fatal("%s has only %" PRIu64 " bytes", o->path, total);
	if (!o->size)
		o->size = (total - o->offset) / run->block * run->block;
	/* a reader wants what the disk holds, not what memory remembers */
	if (!run->writes)
		posix_fadvise(run->fd, 0, 0, POSIX_FADV_DONTNEED);
}

bool device_transfer(struct run *run, unsigned char *buf,
		     const struct piece *p)
{
	uint32_t done = 0;

	while (done < p->len) {
		off_t at = (off_t)(p->offset + done);
		ssize_t n = run->writes
			? pwrite(run->fd, buf + done, p->len - done, at)
			: pread(run->fd, buf + done, p->len - done, at);

		if (n > 0) {
			done += (uint32_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (atomic_fetch_add(&run->errors, 1) < 10)
			fprintf(stderr, "vblk-load: %s %s: %u bytes at %jd: %s\n",
				run->writes ? "write" : "read", run->opt.path,
				p->len - done, (intmax_t)at,
				n < 0 ? strerror(errno) : "end of file");
		return false;
	}
	return true;
}
