/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What manager and worker say to each other, over one SOCK_SEQPACKET pair.
 * One packet is one struct proto_msg with at most one file descriptor.
 *
 *   manager                              worker
 *   START (fd: state)            ->
 *                                <-      READY | FAILED
 *   DISK_ADD (fd: image)         ->
 *                                <-      DISK_READY | DISK_FAILED
 *   DISK_REMOVE                  ->      drains, unmaps, drops the range, also
 *                                        of a disk that only the state knows
 *                                <-      DISK_REMOVED
 *   STOP                         ->      destroys the ioreq server, exits 0
 *   DETACH (or the socket ends)  ->      drains, leaves the server, exits 0
 *
 * After DISK_READY the guest may touch the window: server, page, event
 * channels and range exist. After DISK_REMOVED nothing of the guest's is
 * mapped for that disk and its image is closed. The worker checks nothing
 * about who speaks (only the manager has the other end) but checks every
 * field's range; the manager checks what the worker says like a stranger's.
 *
 * Fork: the descriptors are close-on-exec but for the one that spawn hands on.
 */
#ifndef BACKEND_PROTO_H
#define BACKEND_PROTO_H

#include <stdint.h>

#define PROTO_VERSION   3u
#define PROTO_WORKER_FD 3	/* the worker's end, by convention of spawn */
#define PROTO_NAME_LEN  32	/* with the terminating zero */
#define PROTO_ID_LEN    20	/* virtio-blk GET_ID, zero padded */
#define PROTO_TEXT_LEN  256	/* with the terminating zero */

enum proto_type {
	PROTO_START = 1,
	PROTO_READY,
	PROTO_FAILED,
	PROTO_DISK_ADD,
	PROTO_DISK_READY,
	PROTO_DISK_FAILED,
	PROTO_DISK_REMOVE,
	PROTO_DISK_REMOVED,
	PROTO_STOP,
	PROTO_DETACH,
};

enum proto_grant_io {		/* how request data of grants is moved */
	PROTO_GRANT_AUTO,
	PROTO_GRANT_COPY,
	PROTO_GRANT_MAP,
};

struct proto_start {
	uint32_t version;	/* PROTO_VERSION */
	uint32_t domid;
	uint32_t attach;	/* 1: go on from the state, 0: it is fresh */
	uint32_t log_level;
	uint32_t bucket_size;	/* bytes, power of two, 64 KiB to 16 MiB */
	uint32_t grant_io;	/* enum proto_grant_io */
	uint64_t foreign_budget;	/* bytes of foreign memory kept mapped */
	uint64_t grant_budget;	/* grants mapped at once, pages */
	uint64_t pool_size;	/* bytes of I/O buffers */
};

enum proto_disk_flags {
	PROTO_DISK_READ_ONLY = 1 << 0,
	PROTO_DISK_DIRECT = 1 << 1,	/* the image was opened with O_DIRECT */
	PROTO_DISK_DISCARD = 1 << 2,	/* offer DISCARD */
	PROTO_DISK_GRANTS = 1 << 3,	/* xenstore says grants; a hint only */
	PROTO_DISK_BLOCK = 1 << 4,	/* a block device, not a file */
	PROTO_DISK_WRITETHROUGH = 1 << 5, /* start with writeback = 0 */
	/*
	 * The guest has not seen it yet: nothing of what the slot holds is
	 * gone on from. Without it the slot is one to go on from.
	 */
	PROTO_DISK_FRESH = 1 << 6,
};

struct proto_disk {
	uint32_t slot;		/* of state.disk[]; names the disk from now on */
	uint32_t devid;
	uint32_t transport;	/* enum state_transport; then the one or the other: */
	uint32_t pci_slot;	/* device number on bus 0 */
	uint64_t base;		/* of the MMIO window, 0x200 bytes */
	uint32_t irq;
	uint32_t flags;		/* enum proto_disk_flags */
	uint64_t size;		/* bytes, multiple of 512 */
	uint32_t block_size;	/* logical, bytes: 512 … 4096 */
	uint32_t physical_block_size;	/* bytes, power of two >= block_size */
	uint32_t opt_io_size;	/* bytes, 0: unknown */
	uint32_t discard_align;	/* bytes, 0: block_size */
	uint32_t num_queues;	/* 1 … STATE_MAX_QUEUES */
	uint32_t queue_size;	/* power of two, 2 … STATE_QUEUE_SIZE */
	char id[PROTO_ID_LEN];	/* zero padded */
	char name[PROTO_NAME_LEN];	/* for the log: "dom5/xvda" */
};

struct proto_error {
	uint32_t slot;		/* of the disk; unused in FAILED */
	int32_t error;		/* -errno */
	char text[PROTO_TEXT_LEN];	/* a sentence for the administrator */
};

struct proto_slot {
	uint32_t slot;
};

struct proto_msg {
	uint32_t type;		/* enum proto_type */
	uint32_t reserved;
	union {
		struct proto_start start;
		struct proto_disk disk;		/* DISK_ADD */
		struct proto_slot slot;		/* DISK_READY, REMOVE, REMOVED */
		struct proto_error error;	/* FAILED, DISK_FAILED */
	};
};

/*
 * Send @msg and, unless @fd is -1, a duplicate of @fd; the caller keeps its
 * own. 0 or -errno (-EAGAIN on a full non-blocking socket, nothing was sent;
 * -EPIPE when the other side is gone).
 */
int proto_send(int sock, const struct proto_msg *msg, int fd);

/*
 * Receive one packet. *fd becomes the passed descriptor, close-on-exec, owned
 * by the caller, or -1; strings are terminated. Returns 1 for a packet, 0 when
 * the other side closed, -EAGAIN when nothing is there, -EBADMSG for a packet
 * of another size or of unknown type (its descriptors are closed).
 */
int proto_recv(int sock, struct proto_msg *msg, int *fd);

#endif
