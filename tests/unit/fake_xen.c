// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's memory is a memfd: the guest sees it at one address, every mapping
 * is another view of it at another address. What is unmapped stays reserved,
 * and forbidden, for a while, so that whoever touches it is caught.
 */
#include "tests/unit/fake_xen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE         4096u
#define QUARANTINE   256u
#define MAX_LIVE     4096u

struct xen_foreign {
	uint32_t max_pages;
};

struct xen_grant {
	uint32_t max_pages;
};

struct live {
	uint8_t *addr;
	uint32_t pages;
	uint32_t *refs;		/* NULL: a foreign mapping */
	bool lost;		/* its unmap failed: there for good */
};

struct region {
	void *addr;
	size_t len;
};

struct entry {
	bool granted;
	bool read_only;
	uint64_t gfn;
	uint32_t mapped;
};

static struct {
	int fd;
	uint32_t pages;
	uint8_t *ram;
	bool *hole;
	struct entry grant[FAKE_GRANTS];
	struct live live[MAX_LIVE];
	uint32_t nlive;
	struct region quarantine[QUARANTINE];
	uint32_t nquarantine;
	uint32_t calls;
	uint32_t fail_at;
	int fail_err;
	uint32_t unmaps, fail_unmap_at;
	int fail_unmap_err;
} guest = { .fd = -1 };

struct fake_counts fake;

static void die(const char *why)
{
	fprintf(stderr, "fake_xen: %s\n", why);
	abort();
}

void fake_open(uint32_t pages)
{
	memset(&guest, 0, sizeof(guest));
	memset(&fake, 0, sizeof(fake));
	guest.pages = pages;
	guest.fd = memfd_create("guest", MFD_CLOEXEC);
	guest.hole = calloc(pages, sizeof(*guest.hole));
	if (guest.fd < 0 || !guest.hole ||
	    ftruncate(guest.fd, (off_t)pages * PAGE))
		die("no memory for a guest");
	guest.ram = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED, guest.fd, 0);
	if (guest.ram == MAP_FAILED)
		die("no room for a guest");
}

static void unreserve(struct region *r)
{
	if (r->addr)
		munmap(r->addr, r->len);
	r->addr = NULL;
}

/* As when the process ends. */
static void forget_lost(void)
{
	for (uint32_t i = 0; i < guest.nlive; i++) {
		struct live *l = &guest.live[i];

		if (!l->lost)
			die("something is still mapped");
		munmap(l->addr, (size_t)l->pages * PAGE);
		free(l->refs);
	}
	guest.nlive = 0;
}

static void forget_mappings(void)
{
	forget_lost();
	for (uint32_t i = 0; i < QUARANTINE; i++)
		unreserve(&guest.quarantine[i]);
	guest.nquarantine = 0;
}

void fake_again(void)
{
	forget_mappings();
	memset(guest.hole, 0, guest.pages * sizeof(*guest.hole));
	memset(guest.grant, 0, sizeof(guest.grant));
	memset(&fake, 0, sizeof(fake));
	fake_fail_call(0, 0);
	fake_fail_unmap(0, 0);
}

void fake_close(void)
{
	forget_mappings();
	munmap(guest.ram, (size_t)guest.pages * PAGE);
	close(guest.fd);
	free(guest.hole);
	guest.hole = NULL;
	guest.pages = 0;
}

void *fake_ram(uint64_t addr)
{
	if (addr >= fake_ram_size())
		die("the test itself is outside the guest's memory");
	return guest.ram + addr;
}

uint64_t fake_ram_size(void)
{
	return (uint64_t)guest.pages * PAGE;
}

void fake_hole(uint64_t gfn, bool hole)
{
	guest.hole[gfn] = hole;
}

void fake_grant(uint32_t ref, uint64_t gfn, bool read_only)
{
	guest.grant[ref] = (struct entry){
		.granted = true,
		.read_only = read_only,
		.gfn = gfn,
		.mapped = guest.grant[ref].mapped,
	};
}

void fake_end_access(uint32_t ref)
{
	if (guest.grant[ref].mapped)
		die("a grant is still in use");
	guest.grant[ref].granted = false;
}

uint32_t fake_in_use(uint32_t ref)
{
	return guest.grant[ref].mapped;
}

void fake_fail_call(uint32_t k, int err)
{
	guest.calls = 0;
	guest.fail_at = k;
	guest.fail_err = err;
}

uint32_t fake_calls(void)
{
	return guest.calls;
}

void fake_fail_unmap(uint32_t k, int err)
{
	guest.unmaps = 0;
	guest.fail_unmap_at = k;
	guest.fail_unmap_err = err;
}

static bool call_fails(void)
{
	return ++guest.calls == guest.fail_at;
}

/* --- mappings -------------------------------------------------------------- */

static uint8_t *reserve(uint32_t pages)
{
	void *addr = mmap(NULL, (size_t)pages * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (addr == MAP_FAILED)
		die("no address space");
	return addr;
}

static void place(uint8_t *at, uint64_t gfn, uint32_t pages, int prot)
{
	if (mmap(at, (size_t)pages * PAGE, prot, MAP_SHARED | MAP_FIXED,
		 guest.fd, (off_t)gfn * PAGE) == MAP_FAILED)
		die("a page can't be placed");
}

static void live_add(uint8_t *addr, uint32_t pages, const uint32_t *refs)
{
	struct live *l = &guest.live[guest.nlive++];

	if (guest.nlive == MAX_LIVE)
		die("too many mappings");
	*l = (struct live){ .addr = addr, .pages = pages };
	if (!refs)
		return;
	l->refs = malloc(pages * sizeof(*refs));
	memcpy(l->refs, refs, pages * sizeof(*refs));
}

static struct live *live_find(void *addr, uint32_t pages, bool grant)
{
	uint32_t i = 0;

	while (i < guest.nlive && guest.live[i].addr != addr)
		i++;
	if (i == guest.nlive || guest.live[i].pages != pages ||
	    !!guest.live[i].refs != grant || guest.live[i].lost)
		die("unmap of what was not mapped like that");
	return &guest.live[i];
}

/* Forbidden at once, free for others after many more unmaps. */
static void live_remove(struct live *l)
{
	struct region *q = &guest.quarantine[guest.nquarantine++ % QUARANTINE];
	size_t len = (size_t)l->pages * PAGE;
	void *addr = l->addr;

	for (uint32_t p = 0; l->refs && p < l->pages; p++)
		guest.grant[l->refs[p]].mapped--;
	free(l->refs);
	*l = guest.live[--guest.nlive];
	if (mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("nothing can be forbidden");
	unreserve(q);
	*q = (struct region){ addr, len };
}

/* Nobody knows of it any more, and it is there. */
static int live_end(void *addr, uint32_t pages, bool grant)
{
	struct live *l = live_find(addr, pages, grant);

	if (++guest.unmaps == guest.fail_unmap_at) {
		l->lost = true;
		fake.lost++;
		return guest.fail_unmap_err;
	}
	live_remove(l);
	return 0;
}

static bool frame_ok(uint64_t gfn)
{
	return gfn < guest.pages && !guest.hole[gfn];
}

int xen_foreign_open(struct xen_foreign **f, uint32_t domid,
		     uint32_t max_pages)
{
	(void)domid;
	*f = calloc(1, sizeof(**f));
	(*f)->max_pages = max_pages;
	return 0;
}

void xen_foreign_close(struct xen_foreign *f)
{
	free(f);
}

int xen_foreign_map(struct xen_foreign *f, uint64_t gfn, uint32_t pages,
		    void **addr, int err[])
{
	uint32_t run;
	uint8_t *at;

	if (!pages || pages > f->max_pages)
		return -EINVAL;
	if (call_fails())
		return guest.fail_err;
	at = reserve(pages);
	for (uint32_t i = 0; i < pages; i += run) {
		bool ok = frame_ok(gfn + i);

		for (run = 0; i + run < pages &&
		     frame_ok(gfn + i + run) == ok; run++)
			err[i + run] = ok ? 0 : -ENOENT;
		if (ok)
			place(at + (size_t)i * PAGE, gfn + i, run,
			      PROT_READ | PROT_WRITE);
	}
	live_add(at, pages, NULL);
	fake.foreign_maps++;
	fake.live_foreign++;
	fake.live_foreign_pages += pages;
	*addr = at;
	return 0;
}

int xen_foreign_unmap(struct xen_foreign *f, void *addr, uint32_t pages)
{
	(void)f;
	fake.live_foreign--;
	fake.live_foreign_pages -= pages;
	return live_end(addr, pages, false);
}

/* --- grants ---------------------------------------------------------------- */

static bool ref_ok(uint32_t ref, bool write)
{
	const struct entry *e;

	if (ref >= FAKE_GRANTS)
		return false;
	e = &guest.grant[ref];
	return e->granted && e->gfn < guest.pages &&
	       !(write && e->read_only);
}

int xen_grant_open(struct xen_grant **g, uint32_t domid, uint32_t max_pages)
{
	(void)domid;
	*g = calloc(1, sizeof(**g));
	(*g)->max_pages = max_pages;
	return 0;
}

void xen_grant_close(struct xen_grant *g)
{
	free(g);
}

int xen_grant_map_refs(struct xen_grant *g, const uint32_t refs[],
		       uint32_t pages, enum xen_grant_access access,
		       void **addr)
{
	bool write = access == XEN_GRANT_WRITE;
	uint32_t run;
	uint8_t *at;

	if (!pages || pages > g->max_pages)
		return -EINVAL;
	if (call_fails())
		return guest.fail_err;
	for (uint32_t i = 0; i < pages; i++)
		if (!ref_ok(refs[i], write))
			return -EINVAL;
	at = reserve(pages);
	for (uint32_t i = 0; i < pages; i += run) {
		uint64_t gfn = guest.grant[refs[i]].gfn;

		/* Consecutive frames in one call: tests map a lot. */
		for (run = 0; i + run < pages &&
		     guest.grant[refs[i + run]].gfn == gfn + run; run++)
			guest.grant[refs[i + run]].mapped++;
		place(at + (size_t)i * PAGE, gfn, run,
		      PROT_READ | (write ? PROT_WRITE : 0));
	}
	live_add(at, pages, refs);
	fake.grant_maps++;
	fake.grant_write_maps += write;
	fake.live_grants++;
	fake.live_grant_pages += pages;
	*addr = at;
	return 0;
}

int xen_grant_map(struct xen_grant *g, uint32_t ref, uint32_t pages,
		  enum xen_grant_access access, void **addr)
{
	uint32_t refs[1024];

	if (pages > 1024)
		return -EINVAL;
	for (uint32_t i = 0; i < pages; i++)
		refs[i] = ref + i;
	return xen_grant_map_refs(g, refs, pages, access, addr);
}

int xen_grant_unmap(struct xen_grant *g, void *addr, uint32_t pages)
{
	(void)g;
	fake.live_grants--;
	fake.live_grant_pages -= pages;
	return live_end(addr, pages, true);
}

static int copy_one(const struct xen_grant_copy *c)
{
	bool write = c->direction == XEN_GRANT_TO_GUEST;
	uint8_t *page;

	if (!c->len || c->offset + c->len > PAGE)
		die("a copy that Xen would refuse");
	if (!ref_ok(c->ref, write))
		return -EFAULT;
	page = guest.ram + guest.grant[c->ref].gfn * PAGE + c->offset;
	if (write)
		memcpy(page, c->host, c->len);
	else
		memcpy(c->host, page, c->len);
	return 0;
}

int xen_grant_copy(struct xen_grant *g, struct xen_grant_copy seg[],
		   uint32_t n)
{
	(void)g;
	if (n > XEN_GRANT_COPY_MAX)
		return -EINVAL;
	fake.copies++;
	if (call_fails())
		return guest.fail_err;
	for (uint32_t i = 0; i < n; i++)
		seg[i].status = copy_one(&seg[i]);
	fake.copy_segments += n;
	return 0;
}

/* --- crashes --------------------------------------------------------------- */

bool fake_crashes(void (*act)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("no child");
	if (!pid) {
		/* Neither cmocka's handler nor a sanitizer's long report. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		act(arg);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("a child is lost");
	return WIFSIGNALED(status);
}
