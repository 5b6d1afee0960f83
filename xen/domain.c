// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one user of libxenctrl. Asking for a list that starts at a domain works
 * with every release since 4.17; asking for a single one was renamed on the
 * way. The answer is about the first domain from there on, so its id has to be
 * compared.
 */
#include "xen/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

struct domains {
	xc_interface *xc;
};

static int domains_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

int domains_open(struct domains **domains)
{
	struct domains *d = calloc(1, sizeof(*d));
	int ret;

	*domains = NULL;
	if (!d)
		return -ENOMEM;
	d->xc = xc_interface_open(NULL, NULL, 0);
	if (!d->xc) {
		ret = domains_error();
		free(d);
		return ret;
	}
	*domains = d;
	return 0;
}

void domains_close(struct domains *domains)
{
	if (!domains)
		return;
	xc_interface_close(domains->xc);
	free(domains);
}

/* What PVH guests of x86 lack is interrupt controllers other than the CPU's. */
static enum domain_type domains_type(const xc_domaininfo_t *d)
{
	if (!(d->flags & XEN_DOMINF_hvm_guest))
		return DOMAIN_PV;
#if defined(__i386__) || defined(__x86_64__)
	if (d->arch_config.emulation_flags & XEN_X86_EMU_IOAPIC)
		return DOMAIN_HVM;
#endif
	return DOMAIN_PVH;
}

int domains_info(struct domains *domains, uint32_t domid,
		 struct domain_info *info)
{
	xc_domaininfo_t list = { 0 };
	int n = xc_domain_getinfolist(domains->xc, domid, 1, &list);

	if (n < 0)
		return errno == ESRCH ? -ENOENT : domains_error();
	if (n == 0 || list.domain != domid)
		return -ENOENT;
	memcpy(info->uuid, list.handle, sizeof(info->uuid));
	info->type = domains_type(&list);
	info->vcpus = list.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ?
		1 : list.max_vcpu_id + 1;
	info->dying = list.flags & XEN_DOMINF_dying;
	info->shutdown = list.flags & XEN_DOMINF_shutdown;
	return 0;
}
