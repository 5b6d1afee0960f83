/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tying this process's Xen handles to one guest.
 */
#ifndef XEN_RESTRICT_H
#define XEN_RESTRICT_H

#include <stdint.h>

/*
 * Every Xen handle that is open in this process now works for guest @domid
 * only, or not at all: device-model operations, foreign memory and event
 * channels are narrowed, raw hypercalls are gone. That includes the handles
 * inside the libraries, which no single library's restrict call reaches: the
 * one of libxendevicemodel could make any hypercall.
 *
 * Grant handles can't be narrowed and would be closed: open them afterwards.
 * Can't be undone. Applies to no handle that is opened later. 0 or -errno;
 * after an error some handles may be restricted and some not.
 */
int xen_restrict(uint32_t domid);

#endif
