/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtqueue from end to end without Xen: a pretend guest with its ring and
 * its buffers in fake_xen's memory, the corridor under test, a real image file
 * and real io_uring.
 *
 * Bytes say where they are from: the image holds 0x20 to 0x7f, memory that no
 * one wrote to 0x11, and buffers of the worker are filled with 0xa5 before each
 * run, which must never be seen in the guest.
 */
#ifndef TESTS_UNIT_CORRIDOR_H
#define TESTS_UNIT_CORRIDOR_H

#include "backend/queue.h"
#include "backend/stats.h"
#include "tests/unit/fake_xen.h"
#include "tests/unit/guest.h"

#define PAGE        4096u
#define MIB         (1u << 20)
#define FRAMES      2048u		/* of guest memory */
#define FIRST_FRAME 16u			/* of buffers; rings are below */
#define FIRST_REF   100u		/* of frame 0 */
#define IMAGE_SIZE  (8u * MIB)
#define UNTOUCHED   0x11
#define POISON      0xa5

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11,
	T_WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2, NO_STATUS = UNTOUCHED };

/* How memory is reached and the image is opened. */
struct corridor_mode {
	const char *name;
	bool grants;			/* else guest-physical addresses */
	enum mapcache_grant_io grant_io;
	uint64_t map_min;		/* engine.grant_map_min */
	bool direct;
};

/* What the corridor hears of the kernel's answers. */
enum answers {
	ANSWER_TRUE,
	ANSWER_SHORT,		/* half of what was done, whole sectors */
	ANSWER_AGAIN,		/* every other: not now */
	ANSWER_ERROR,		/* it failed */
	ANSWER_NOTHING,		/* no byte was moved */
	ANSWER_CANNOT,		/* the first two: not on such an image */
};

struct corridor {
	const struct corridor_mode *mode;
	enum answers answers;
	uint32_t nanswers;
	struct xen_foreign *f;
	struct xen_grant *g;
	struct mapcache_stats map_stats;
	struct stats_disk stats;
	struct engine engine;
	struct backing backing;
	struct queue q;
	struct state_queue regs;
	struct queue_terms terms;
	struct guest_ring ring;
	int image;
	uint32_t next_frame;		/* of the guest's allocator */
	uint16_t next_desc;
	uint32_t next_slot;		/* a descriptor of indirect tables */
	uint64_t interrupts;
};

/*
 * For main(): runs the tests in each mode; 77 without io_uring. The tests get
 * a corridor of 64 descriptors and 1 MiB of buffers as *state: they are filled
 * again before each run.
 */
struct CMUnitTest;
int corridor_main(const struct CMUnitTest *tests, size_t n);
int corridor_setup(void **state);
int corridor_teardown(void **state);
/* Begin again with other sizes. */
void corridor_again(struct corridor *c, uint16_t num, uint64_t buffers);

#define CORRIDOR(test) cmocka_unit_test_setup_teardown(test, corridor_setup, \
						       corridor_teardown)

/* --- the guest ------------------------------------------------------------- */

/*
 * @len bytes of memory from @offset in a page on: an address in memory, as
 * fake_ram() takes it. Granted for the device to write, or only to read.
 */
uint64_t guest_alloc(struct corridor *c, uint32_t offset, uint32_t len,
		     bool device_writes);
/* The same memory as a descriptor names it. */
uint64_t guest_addr(const struct corridor *c, uint64_t at);
/* An address that can't be reached. */
uint64_t guest_bad_addr(const struct corridor *c);

struct part {
	uint64_t addr;
	uint32_t len;
	bool write;
};

/* Write a chain of descriptors; its head. */
uint16_t guest_chain(struct corridor *c, const struct part part[], uint32_t n);
/* The same in an indirect table of @room entries. */
uint16_t guest_indirect(struct corridor *c, const struct part part[],
			uint32_t n, uint32_t room);

/* A request of the usual shape: header, data, status. */
struct io {
	uint64_t header, data, status;	/* in memory */
	uint32_t len;			/* of the data */
	bool write;			/* the device writes the data */
	uint16_t head;
};

/* Data in pieces of at most 64 KiB, from @offset in a page on. */
struct io io_make(struct corridor *c, uint32_t type, uint64_t sector,
		  uint32_t offset, uint32_t len, bool device_writes);
uint64_t io_header(struct corridor *c, uint32_t type, uint64_t sector);
uint8_t io_status(const struct io *io);
/* Make it, run it, check that it came back; its status. */
uint8_t io_do(struct corridor *c, uint32_t type, uint64_t sector, uint32_t len,
	      bool device_writes, struct io *io);

/* Run one chain, or one of these parts; the length it comes back with. */
uint32_t io_chain(struct corridor *c, uint16_t head);
uint32_t io_parts(struct corridor *c, const struct part part[], uint32_t n);

/* --- the corridor ---------------------------------------------------------- */

/*
 * Until nothing is in flight and nothing waits in the ring. After each step:
 * what is about to be published is not mapped any more.
 */
void corridor_run(struct corridor *c);
/* The next chain that came back is @head; the length it came back with. */
uint32_t corridor_take(struct corridor *c, uint16_t head);
/* All chains came back: forget them and their memory. */
void corridor_forget(struct corridor *c);
/* All chains came back, the queue is not broken, and a request works. */
void corridor_goes_on(struct corridor *c);
/* Serve, wait for an answer, return what is done, but publish nothing. */
void corridor_return_some(struct corridor *c);
/* A kill of the worker; another one goes on. */
void corridor_kill(struct corridor *c);

#endif
