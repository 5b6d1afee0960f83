/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside vblk-load only: the device of a run. Its descriptor stays open until
 * the program ends.
 */
#ifndef TOOLS_LOADDEVICE_H
#define TOOLS_LOADDEVICE_H

#include "tools/vblk-load.h"

/*
 * Opens what the options name, for writing if the run writes. Finds out the
 * size of a block, and of the area if the options don't say. Ends the program
 * if there is no such device, or the area is not inside it.
 */
void device_open(struct run *run);

/*
 * Reads or writes all of a piece, whatever the kernel makes of it. False: that
 * is one of the run's errors, of which the first few are said on stderr.
 */
bool device_transfer(struct run *run, unsigned char *buf,
		     const struct piece *p);

#endif
