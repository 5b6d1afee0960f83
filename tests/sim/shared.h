/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the file that all processes of a world share: the state of the
 * pretended hypervisor. Everything here is read and written under the lock,
 * except where "atomic" is said. Processes find each other's RAM and pipes by
 * name in the world's directory.
 *
 * Nothing in here is a pointer. Links are indices, 0 is none: entry 0 of such
 * an array is not used.
 */
#ifndef SIM_SHARED_H
#define SIM_SHARED_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/sim/world.h"

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/hvm/ioreq.h>

#define SIM_MAGIC UINT64_C(0x30305f6e6578696d)

#define SIM_DOMS 32u
#define SIM_PROCESSES 128u
#define SIM_HANDLES 256u	/* open event channel files */
#define SIM_LOCAL_PORTS 4096u	/* dom0's */
#define SIM_GUEST_PORTS 1024u	/* Xen's default limit */
#define SIM_SERVERS 8u		/* Xen: MAX_NR_IOREQ_SERVERS */
#define SIM_RANGES 256u		/* Xen: MAX_NR_IO_RANGES */
#define SIM_VCPUS 128u
#define SIM_GRANTS 32768u	/* 64 frames */
#define SIM_FRAMES (SIM_RAM_MAX / SIM_PAGE)
#define SIM_SPARE_FRAMES 65536u	/* for pages that were given back */
#define SIM_MAPTRACK 262144u	/* Xen: 1024 frames */
#define SIM_IO_PAGES 16u
#define SIM_FAULTS 16u
#define SIM_VIOLATIONS 64u
#define SIM_VIOLATION_LEN 160u

/* As in struct xen_dm_op_ioreq_server_range. */
enum sim_range_kind { SIM_RANGE_PORT, SIM_RANGE_MEMORY, SIM_RANGE_PCI };

struct sim_range {
	uint64_t start, end;	/* inclusive */
	enum sim_range_kind kind;
	bool used;
};

struct sim_server {
	bool used, enabled;
	uint32_t page;		/* of the domain's io[] */
	uint16_t port[SIM_VCPUS];
	struct sim_range range[SIM_RANGES];
};

/* The guest's end of an event channel. */
struct sim_guest_port {
	bool used;
	bool pending;
	uint16_t local;		/* dom0's end, 0: nobody has bound it */
	int16_t vcpu;		/* whom it wakes, -1: nobody in the world */
};

enum sim_granted { SIM_GRANTED_NOT, SIM_GRANTED_READ, SIM_GRANTED_WRITE };

struct sim_grant {
	uint32_t gfn;
	uint32_t maps;
	uint8_t granted;
};

/* A vCPU between an access and its answer. */
struct sim_vcpu {
	bool waits[SIM_SERVERS];	/* for the answer in that server's slot */
	uint8_t seen[SIM_SERVERS];	/* the state the slot had last */
	bool invalidate;		/* to be sent on the way to the guest */
};

#define SIM_NO_FRAME UINT32_MAX
#define SIM_PAGED (UINT32_C(1) << 31)

/* One page for each ioreq server that lives, aligned for mmap(). */
struct sim_io_page {
	_Alignas(SIM_PAGE) struct ioreq slot[SIM_VCPUS];
};
_Static_assert(sizeof(struct sim_io_page) == SIM_PAGE, "one page");

struct sim_domain {
	struct sim_io_page io[SIM_IO_PAGES];
	uint32_t io_maps[SIM_IO_PAGES];

	uint32_t domid;
	char name[32];
	uint8_t uuid[16];
	uint32_t state;			/* enum sim_dom_state */
	uint32_t reason;		/* enum sim_shutdown */
	uint32_t pauses;
	uint32_t vcpus;
	uint32_t grant_entries;
	uint32_t pages;			/* of RAM */
	uint32_t frames;		/* of the RAM file, ever used */
	uint32_t foreign_pages, grant_pages, resource_pages; /* mapped */
	uint32_t store_port;
	uint32_t store_gfn;

	/* Whoever waits in this domain: one polls the pipe, see wait.c. */
	pthread_mutex_t leader;
	_Atomic uint32_t wakeups;	/* futex */
	_Atomic uint32_t followers;

	struct sim_vcpu vcpu[SIM_VCPUS];
	struct sim_server server[SIM_SERVERS];
	struct sim_guest_port port[SIM_GUEST_PORTS];
	_Atomic uint32_t irq[SIM_IRQS];
	uint64_t lines;			/* that are up, of 0 to 47 */
	struct sim_grant grant[SIM_GRANTS];
	uint32_t frame[SIM_FRAMES];	/* by gfn - SIM_RAM_BASE's */
};

/* A process that uses the libraries or the world; alive while its pipe is. */
struct sim_process {
	uint32_t number;	/* of its pipe, 0: free */
	bool backend;		/* uses the libraries */
	uint32_t foreign_maps;
	uint32_t foreign_pages[SIM_DOMS];
	uint32_t resource_pages[SIM_DOMS];
	uint8_t io_maps[SIM_DOMS][SIM_IO_PAGES];
	uint32_t grant_maps;
};

/* An open event channel file. */
struct sim_handle {
	uint32_t number;	/* of its pipe, 0: free */
	uint32_t process;
	int32_t restricted;	/* to that domid, -1: not */
};

enum sim_peer { SIM_PEER_NONE, SIM_PEER_GUEST, SIM_PEER_VIRQ };

/* dom0's end of an event channel. */
struct sim_local_port {
	uint32_t handle;	/* 0: free */
	uint8_t peer;		/* enum sim_peer */
	bool pending, masked;
	uint32_t dom;		/* index */
	uint32_t port;		/* the guest's, or the number of the VIRQ */
};

/* One grant of one mapping. */
struct sim_track {
	uint32_t next;		/* of the same mapping, or of the free list */
	uint32_t process;	/* 0: free */
	uint32_t dom;
	uint32_t ref;
	uint64_t due;		/* ns; not 0: unmapped, in use until then */
};

enum sim_fault_what { SIM_FAULT_NONE, SIM_FAULT_ERRNO, SIM_FAULT_LATE };

struct sim_fault {
	uint32_t what;		/* enum sim_fault_what */
	uint32_t call;		/* enum sim_call */
	uint64_t first, count;	/* count UINT64_MAX: ever */
	uint64_t seen, hits;
	int value;		/* errno, or ms */
};

struct sim_shared {
	uint64_t magic;
	uint64_t size;		/* of all this: another layout is refused */
	pthread_mutex_t lock;	/* robust, between processes */

	uint32_t next_domid;
	uint32_t next_dom;	/* where to look for a free entry of dom[] */
	uint32_t next_number;	/* of pipes */
	uint32_t vcpu_timeout;	/* ms */
	uint32_t track_used;	/* entries ever used, 0 among them */
	uint32_t track_free;
	uint32_t tracks, late_tracks;
	uint32_t track_limit;

	uint64_t calls[SIM_CALLS];
	uint64_t hypercalls;
	uint64_t faults;
	uint64_t busy_ungrants;
	uint64_t violations;
	char violation[SIM_VIOLATIONS][SIM_VIOLATION_LEN];
	struct sim_fault fault[SIM_FAULTS];

	struct sim_process process[SIM_PROCESSES];
	struct sim_handle handle[SIM_HANDLES];
	struct sim_local_port local[SIM_LOCAL_PORTS];
	/* dom[0] is dom0: of its fields only the store's port is used. */
	struct sim_domain dom[SIM_DOMS];
	struct sim_track track[SIM_MAPTRACK];
};

#endif
