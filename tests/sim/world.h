/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated Xen as a guest, a toolstack and a test see it. The back end
 * sees the libxen* libraries and nothing else.
 *
 * A world is a directory, on tmpfs for speed: the state of the pretended
 * hypervisor in one file, the RAM of each domain in another, named pipes for
 * whoever sleeps. Any number of processes share it, back ends and guests.
 *
 * Functions return 0 or -errno, or NULL and errno. All are thread-safe. After
 * fork() a child may use nothing of its parent's; it may open the world again
 * after exec. Addresses are guest-physical, gfn is address >> 12, and a page
 * has 4096 bytes everywhere.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_RAM_BASE UINT64_C(0x40000000)
#define SIM_RAM_MAX (UINT64_C(1) << 30)
#define SIM_PAGE 4096u

struct sim_world;
struct sim_dom;

/* Make an empty world in directory @dir, which is made, too. -EEXIST. */
int sim_init(const char *dir);

/*
 * The world in @dir, NULL: the one that $SIM_WORLD names. A process can live
 * in one world only (-EBUSY), and opens it as often as it likes.
 */
struct sim_world *sim_open(const char *dir);
void sim_close(struct sim_world *w);

/* --- domains ------------------------------------------------------------------ */

struct sim_dom_config {
	const char *name;
	uint32_t vcpus;		/* 1 to 128 */
	uint64_t ram_bytes;	/* whole pages, at most SIM_RAM_MAX */
	uint32_t grant_entries;	/* at most 32768; 0: that many */
	const uint8_t *uuid;	/* 16 bytes; NULL: a new one */
};

/*
 * A new domain with a new domid, its RAM zero, from SIM_RAM_BASE on.
 * It runs at once. Nothing is in xenstore, but the page and the event channel
 * that xenstored wants of a guest are there, as a toolstack makes them.
 */
struct sim_dom *sim_dom_create(struct sim_world *w,
			       const struct sim_dom_config *config);
struct sim_dom *sim_dom_open(struct sim_world *w, uint32_t domid);
void sim_dom_close(struct sim_dom *dom);

/*
 * As xc_domain_destroy: its ioreq servers are gone, its vCPUs never return
 * (-ESRCH in whoever waits for one), and it stays a zombie while any process
 * has something of it mapped. The handle must still be closed.
 */
int sim_dom_destroy(struct sim_dom *dom);

/* What a guest does at its end, before anybody destroys it. */
enum sim_shutdown { SIM_POWEROFF, SIM_REBOOT, SIM_SUSPEND, SIM_CRASH };
int sim_dom_shutdown(struct sim_dom *dom, enum sim_shutdown reason);

/*
 * A paused domain's vCPUs get no answer and make no access; libxl pauses a
 * domain before it removes its devices. Pauses count.
 */
int sim_dom_pause(struct sim_dom *dom);
int sim_dom_unpause(struct sim_dom *dom);

enum sim_dom_state { SIM_GONE, SIM_RUNNING, SIM_SHUT, SIM_DYING };

struct sim_dom_info {
	uint32_t domid;
	char name[32];
	uint8_t uuid[16];
	uint32_t vcpus;
	uint64_t ram_bytes;
	enum sim_dom_state state;
	enum sim_shutdown reason;	/* of SIM_SHUT */
	uint32_t store_port;		/* for XS_INTRODUCE */
	uint64_t store_gfn;
	uint32_t mapped_pages;		/* by anybody */
};

/* The domain with the lowest id >= @domid; -ENOENT: none. Zombies count. */
int sim_dom_info(struct sim_world *w, uint32_t domid, struct sim_dom_info *out);
uint32_t sim_domid(const struct sim_dom *dom);

/* --- vCPUs -------------------------------------------------------------------- */

/*
 * An access to an address that is no RAM: the vCPU stands still until a device
 * model has answered. -EFAULT: nobody has that address (an abort on Arm).
 * -ESRCH: the domain is gone, or was crashed by Xen because of what the device
 * model did to the slot, which is a violation then. -ETIMEDOUT: no answer for
 * ten seconds; the vCPU still waits, and its next access waits for that answer
 * first. One thread per vCPU at a time.
 */
int sim_mmio_write(struct sim_dom *dom, uint32_t vcpu, uint64_t addr,
		   uint32_t size, uint64_t data);
int sim_mmio_read(struct sim_dom *dom, uint32_t vcpu, uint64_t addr,
		  uint32_t size, uint64_t *data);

/* An access with every field of struct ioreq at the caller's will. */
struct sim_access {
	uint8_t type;		/* IOREQ_TYPE_* */
	bool read;
	bool data_is_ptr;
	uint32_t count;
	uint32_t size;		/* bytes */
	uint64_t addr;
	uint64_t data;		/* out: what was read */
};
int sim_access(struct sim_dom *dom, uint32_t vcpu, struct sim_access *a);

/*
 * IOREQ_TYPE_INVALIDATE to every enabled server, and wait for all of them. Xen
 * sends one by itself, from each vCPU on its way back into the guest, after
 * sim_page_remove(): here that is at the vCPU's next access.
 */
int sim_invalidate(struct sim_dom *dom, uint32_t vcpu);

/* How long sim_mmio_* and sim_invalidate() wait; 10000 in the beginning. */
void sim_vcpu_timeout(struct sim_world *w, int ms);

/* --- RAM ---------------------------------------------------------------------- */

/*
 * All of it, side by side. A page that is removed is PROT_NONE in the process
 * that removed it; others see the change when they open the domain again.
 */
void *sim_ram(struct sim_dom *dom);
uint64_t sim_ram_size(const struct sim_dom *dom);

/*
 * The guest gives a page back (balloon): mapping it fails from now on, old
 * mappings keep the old page. Restored, it is another page, of zeros.
 */
int sim_page_remove(struct sim_dom *dom, uint64_t gfn);
int sim_page_restore(struct sim_dom *dom, uint64_t gfn);
/* Paged out: who maps it waits in the library until it is paged in. */
int sim_page_out(struct sim_dom *dom, uint64_t gfn, bool out);

/* --- the grant table ----------------------------------------------------------- */

enum sim_grant_access { SIM_GRANT_READ, SIM_GRANT_WRITE };

/*
 * To dom0, always. -EBUSY: the entry is in use. As in Linux, references below
 * SIM_GRANT_FIRST are the toolstack's (xenstore has one of them).
 */
#define SIM_GRANT_FIRST 8u
int sim_grant(struct sim_dom *dom, uint32_t ref, uint64_t gfn,
	      enum sim_grant_access access);
/*
 * -EBUSY when a back end still has it mapped: where Linux says "Grant still in
 * use by backend domain" and gives the device up. Counted. -ENOENT.
 */
int sim_ungrant(struct sim_dom *dom, uint32_t ref);
uint32_t sim_grant_entries(const struct sim_dom *dom);
/* How many mappings of it there are. */
uint32_t sim_grant_mapped(struct sim_dom *dom, uint32_t ref);

/* --- interrupts ----------------------------------------------------------------- */

/*
 * Edges on a line since the domain began: an absolute line number, 32 to 1019,
 * on x86 a global interrupt, 0 to 47 (those of PCI lines begin at 16), or
 * SIM_MSI plus the vector of a message that the device model injected.
 */
#define SIM_MSI 1024u
#define SIM_IRQS (SIM_MSI + 256u)
uint32_t sim_irqs(struct sim_dom *dom, uint32_t irq);
/* Wait until there are not @seen of them. -ETIMEDOUT, -ESRCH. */
int sim_irq_wait(struct sim_dom *dom, uint32_t irq, uint32_t seen,
		 int timeout_ms);

/* --- what is going on ------------------------------------------------------------ */

/* Calls into the libraries, by kind; the last three count within calls. */
enum sim_call {
	SIM_FM_OPEN,
	SIM_FM_MAP,
	SIM_FM_UNMAP,
	SIM_FM_RESOURCE,	/* map the ioreq page */
	SIM_FM_UNRESOURCE,
	SIM_GNT_OPEN,
	SIM_GNT_MAP,
	SIM_GNT_UNMAP,
	SIM_GNT_COPY,
	SIM_EV_OPEN,
	SIM_EV_BIND,
	SIM_EV_UNBIND,
	SIM_EV_PENDING,
	SIM_EV_UNMASK,
	SIM_EV_NOTIFY,
	SIM_DM_OPEN,
	SIM_DM_VCPUS,
	SIM_DM_CREATE,
	SIM_DM_DESTROY,
	SIM_DM_STATE,
	SIM_DM_MAP_RANGE,
	SIM_DM_UNMAP_RANGE,
	SIM_DM_IRQ,
	SIM_DM_MSI,
	SIM_RESTRICT,		/* each handle of xentoolcore_restrict_all() */
	SIM_XC_OPEN,
	SIM_XC_INFO,
	SIM_XS_READ,		/* libxenstore, where lib/store.c is preloaded */
	SIM_XS_LIST,
	SIM_XS_WRITE,
	SIM_XS_REMOVE,
	SIM_XS_WATCH,
	SIM_XS_EVENTS,		/* is there one? */
	SIM_XS_START,		/* a transaction */
	SIM_XS_END,
	SIM_SYS_MEMORY,		/* a program's own, where lib/system.c is preloaded */
	SIM_SYS_MAP,
	SIM_SYS_UNMAP,
	SIM_SYS_OPEN,
	SIM_SYS_STAT,
	SIM_SYS_READ,
	SIM_SYS_WRITE,
	SIM_SYS_NAME,
	SIM_SYS_LOCK,
	SIM_SYS_CONTROL,		/* fcntl, ioctl */
	SIM_SYS_SOCKET,
	SIM_SYS_SEND,
	SIM_SYS_RECEIVE,
	SIM_SYS_POLL,
	SIM_SYS_SIGNAL,
	SIM_SYS_SPAWN,
	SIM_SYS_CHILD,
	SIM_SYS_RIGHTS,		/* what gives them up */
	SIM_SYS_RING,		/* io_uring begins */
	SIM_SYS_SUBMIT,
	SIM_SYS_DATA,		/* preadv, pwritev */
	SIM_FM_PAGE,		/* one page of a map call */
	SIM_GNT_PAGE,		/* one grant of a map call */
	SIM_GNT_SEGMENT,	/* one segment of a copy call */
	SIM_CALLS
};
const char *sim_call_name(enum sim_call call);

/* Calls of processes in which $SIM_UNSEEN is set are neither counted nor failed. */
struct sim_stats {
	uint64_t calls[SIM_CALLS];
	uint64_t hypercalls;	/* that an Arm dom0 would make for these calls */
	uint64_t faults;	/* calls that failed because a test wanted it */
	uint64_t busy_ungrants;
	uint64_t violations;
	uint32_t foreign_maps, foreign_pages;	/* these are mapped now */
	uint32_t grant_maps, grant_pages;
	uint32_t resource_maps;
	uint32_t servers;
	uint32_t bound_ports;
	uint32_t processes;	/* that use the libraries */
};
void sim_stats(struct sim_world *w, struct sim_stats *out);

/*
 * What the real Xen or Linux punishes with a crash or silence. The @n-th since
 * the world began, the last 64 are kept: 0 or -ENOENT.
 */
int sim_violation(struct sim_world *w, uint64_t n, char *text, size_t len);

/* --- faults ------------------------------------------------------------------------ */

/*
 * SPEC is CALL:N:WHAT[:COUNT]: the N-th call of that kind from now on, over all
 * processes, and the COUNT - 1 after it (default 1; "ever"), fail with an errno
 * (WHAT = EINVAL ...) or take effect late (WHAT = 20ms; gnt_unmap only: the
 * grant stays in use that long after the call). fm_page and gnt_segment make
 * one page or segment fail in a call that works; gnt_map:1:EAGAIN:ever never
 * returns, as in the library when a page is paged out for ever.
 *
 * The same in $SIM_FAIL, several separated by spaces, counts the calls of each
 * process that has it in its environment.
 *
 * Returns a number >= 0 for sim_fault_hits(), or -EINVAL, -ENOSPC.
 */
int sim_fault(struct sim_world *w, const char *spec);
/* How many calls the fault has met so far. */
uint64_t sim_fault_hits(struct sim_world *w, int fault);
void sim_fault_clear(struct sim_world *w);

#endif
