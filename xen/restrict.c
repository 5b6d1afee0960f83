// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one call that knows all open handles of all Xen libraries.
 */
#include "xen/restrict.h"

#include <xentoolcore.h>

#include "xen/handles.h"

int xen_restrict(uint32_t domid)
{
	return xentoolcore_restrict_all((domid_t)domid) ? xen_error() : 0;
}
