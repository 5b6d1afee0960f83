// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest writes the header of another image format, naming a file of the
 * host, to the beginning of its disk, which then comes again. It is the disk
 * that it was: nobody looks into an image.
 */
#include "tests/hostile/hostile.h"

#include <stdio.h>
#include <stdlib.h>

/* The toolstack, $SIMCTL; 0 if all went well. */
static int simctl(const char *what, uint32_t domid, const char *rest)
{
	char command[300];

	snprintf(command, sizeof(command), "\"$SIMCTL\" %s %u xvde %s >/dev/null",
		 what, domid, rest);
	return system(command);
}

LIE(image_header, .once = true, .reset = true)
{
	const char header[] = "QFI\xfb\0\0\0\3\0\0\0\0\0\0\1\0\0\0\0\13\0\0\0\x10\0"
		"\0\0\0\0\0\1\0/etc/passwd";
	struct gblk_config c = { .ram = l->ram, .vcpu = &l->vcpu[0],
		.base = 0x2000600, .irq = 36, .kind = l->kind };
	static struct gblk disk;
	uint8_t sector[512];
	int ret = system("truncate -s 1M \"$SIM_WORLD/header.img\"");

	for (int i = 0; !ret && i < 2; i++) {
		ret = simctl("disk-add", sim_domid(l->dom),
			     "\"$SIM_WORLD/header.img\" grants");
		if (!ret)
			ret = gblk_open(&disk, &c);
		if (ret)
			break;
		memset(sector, 0, sizeof(sector));
		memcpy(sector, header, sizeof(header));
		if (!i)
			ret = gblk_write(&disk.queue[0], 0, sector, 512);
		memset(sector, 0, sizeof(sector));
		if (!ret)
			ret = gblk_read(&disk.queue[0], 0, sector, 512);
		if (!ret && (gblk_bytes(&disk) != 1 << 20 ||
			     memcmp(sector, header, sizeof(header))))
			ret = -EILSEQ;
		gblk_close(&disk);
		ret |= simctl("disk-remove", sim_domid(l->dom), "");
	}
	EXPECT(!ret, "it is not the disk that it was: %d", ret);
}
