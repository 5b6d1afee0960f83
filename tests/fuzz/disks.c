// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both disks of a story have the same image.
 */
#include "tests/fuzz/disks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/guest_steps.h"

struct proto_disk disks_describe(uint32_t slot, uint8_t how)
{
	return (struct proto_disk){
		.slot = slot, .devid = 51712 + 16 * slot,
		.base = WINDOW + slot * VMMIO_WINDOW_SIZE, .irq = 33 + slot,
		.flags = how & (PROTO_DISK_READ_ONLY | PROTO_DISK_DIRECT |
				PROTO_DISK_DISCARD | PROTO_DISK_WRITETHROUGH),
		/* Larger than the file is: it has shrunk. */
		.size = how & 16 ? 2 * IMAGE_SIZE : IMAGE_SIZE,
		.block_size = how & 0x40 ? 4096 : 512,
		.physical_block_size = 4096, .num_queues = QUEUES,
		.queue_size = 16, .name = "dom5/xvda",
		.transport = how & 0x80 ? STATE_PCI : STATE_MMIO,
		.pci_slot = PCI_SLOT + slot,
	};
}

static const uint8_t *image_content(void)
{
	static uint8_t content[IMAGE_SIZE];

	for (uint32_t i = 0; !content[IMAGE_SIZE - 1] && i < IMAGE_SIZE; i++)
		content[i] = (uint8_t)(0x20 + (i * 7 + i / 512) % 0x5f);
	return content;
}

int image_make(bool on_disk)
{
	char path[] = "/tmp/story.XXXXXX";
	int fd = on_disk ? mkostemp(path, O_CLOEXEC) :
			   memfd_create("image", MFD_CLOEXEC);

	MUST(fd >= 0);
	if (on_disk)
		unlink(path);
	return fd;
}

int image_direct(int fd)
{
	char path[40];
	int direct;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (direct < 0)
		direct = open(path, O_RDWR | O_CLOEXEC);
	MUST(direct >= 0);
	return direct;
}

void image_fill(int fd)
{
	MUST(pwrite(fd, image_content(), IMAGE_SIZE, 0) == IMAGE_SIZE);
	MUST(!ftruncate(fd, IMAGE_SIZE));
}

bool image_untouched(int fd)
{
	static uint8_t now[IMAGE_SIZE];
	struct stat st;

	MUST(pread(fd, now, IMAGE_SIZE, 0) == IMAGE_SIZE && !fstat(fd, &st));
	return st.st_size == IMAGE_SIZE &&
	       !memcmp(now, image_content(), IMAGE_SIZE);
}
