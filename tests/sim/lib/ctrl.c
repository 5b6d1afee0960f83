// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxenctrl, as far as xenstored and a back end ask it who lives. It has no
 * stable interface: this is the one of the Xen whose headers are installed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/lib/base.h"
#include <xenctrl.h>

struct xc_interface_core {
	struct sim_base base;
};

xc_interface *xc_interface_open(xentoollog_logger *logger,
				xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	xc_interface *xch = calloc(1, sizeof(*xch));
	int ret;

	(void)logger;
	(void)dombuild_logger;
	(void)open_flags;
	if (!xch)
		return NULL;
	ret = sim_base_open(&xch->base, SIM_XC_OPEN, sim_base_kill);
	if (!ret)
		return xch;
	free(xch);
	errno = -ret;
	return NULL;
}

int xc_interface_close(xc_interface *xch)
{
	if (!xch)
		return 0;
	sim_base_close(&xch->base);
	free(xch);
	return 0;
}

static void info_dom0(xc_domaininfo_t *info)
{
	*info = (xc_domaininfo_t){ .flags = XEN_DOMINF_running };
}

static void info_fill(const struct sim_dom_info *dom, xc_domaininfo_t *info)
{
	/* SHUTDOWN_*, from 0 on. */
	static const uint32_t reasons[] = {
		[SIM_POWEROFF] = SHUTDOWN_poweroff,
		[SIM_REBOOT] = SHUTDOWN_reboot,
		[SIM_SUSPEND] = SHUTDOWN_suspend,
		[SIM_CRASH] = SHUTDOWN_crash,
	};

	*info = (xc_domaininfo_t){
		.domain = (domid_t)dom->domid,
		.max_vcpu_id = dom->vcpus - 1,
		.nr_online_vcpus = dom->vcpus,
		.tot_pages = dom->ram_bytes / SIM_PAGE,
		.max_pages = dom->ram_bytes / SIM_PAGE,
	};
	memcpy(info->handle, dom->uuid, sizeof(info->handle));
	switch (dom->state) {
	case SIM_DYING:
		info->flags = XEN_DOMINF_dying;
		break;
	case SIM_SHUT:
		info->flags = XEN_DOMINF_shutdown |
			reasons[dom->reason] << XEN_DOMINF_shutdownshift;
		break;
	default:
		info->flags = XEN_DOMINF_running;
	}
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
			  unsigned int max_domains, xc_domaininfo_t *info)
{
	int ret = sim_base_enter(&xch->base, SIM_XC_INFO, 1, SIM_ANY_DOMAIN);
	struct sim_dom_info dom;
	unsigned int n = 0;

	if (ret)
		return sim_base_fail(ret);
	sim_unlock(xch->base.w);
	if (!first_domain && max_domains) {
		info_dom0(&info[n++]);
		first_domain = 1;
	}
	while (n < max_domains &&
	       !sim_dom_info(xch->base.w, first_domain, &dom)) {
		info_fill(&dom, &info[n++]);
		first_domain = dom.domid + 1;
	}
	return (int)n;
}

#if SIM_XEN_MINOR < 18
static void info_convert(const xc_domaininfo_t *from, xc_dominfo_t *to)
{
	*to = (xc_dominfo_t){
		.domid = from->domain,
		.dying = !!(from->flags & XEN_DOMINF_dying),
		.shutdown = !!(from->flags & XEN_DOMINF_shutdown),
		.running = !!(from->flags & XEN_DOMINF_running),
		.shutdown_reason = from->flags >> XEN_DOMINF_shutdownshift &
			XEN_DOMINF_shutdownmask,
		.nr_pages = from->tot_pages,
		.nr_online_vcpus = from->nr_online_vcpus,
		.max_vcpu_id = from->max_vcpu_id,
	};
	to->crashed = to->shutdown && to->shutdown_reason == SHUTDOWN_crash;
	memcpy(to->handle, from->handle, sizeof(to->handle));
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
		      unsigned int max_doms, xc_dominfo_t *info)
{
	xc_domaininfo_t list;
	unsigned int n = 0;

	while (n < max_doms) {
		int ret = xc_domain_getinfolist(xch, first_domid, 1, &list);

		if (ret < 0)
			return n ? (int)n : ret;
		if (!ret)
			break;
		info_convert(&list, &info[n++]);
		first_domid = list.domain + 1u;
	}
	return (int)n;
}
#else
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
			     xc_domaininfo_t *info)
{
	int ret = xc_domain_getinfolist(xch, domid, 1, info);

	if (ret < 0)
		return ret;
	return ret && info->domain == domid ? 0 : sim_base_fail(-ESRCH);
}
#endif
