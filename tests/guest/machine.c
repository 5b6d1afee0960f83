// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest of the simulation as a process: it brings up its disks, shows what it
 * found below sys/block as Linux does, and lets programs use them through
 * sockets in dev/ (block.h, preload.c) until its domain ends. Programs' data
 * goes through pages of the guest in pieces as irregular as Linux's.
 *
 * It says on its console (stdout) that it runs; what a device did wrong is on
 * stderr, and nothing else is.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/block.h"
#include "tests/guest/gblk.h"

#define DISKS_MAX 11
#define VCPUS_MAX 8
/* Nothing ever comes on this line. */
#define IRQ_NONE (SIM_IRQS - 1)
/* The data of one request. */
#define CHUNK_MAX (UINT32_C(256) << 10)

static const char usage[] =
	"usage: machine ID VCPUS NAME,ADDRESS,IRQ,grant|foreign...\n"
	"\n"
	"A guest in domain ID of the world, in the working directory. NAME is vda\n"
	"and so on; ADDRESS and IRQ are what simctl disk-add has printed.\n";

struct disk {
	struct gblk blk;
	char name[16];
	int listener;
	atomic_uint connections;
};

struct connection {
	struct disk *disk;
	struct gblk_queue *queue;
	int fd;
	uint32_t pieces;	/* sent so far: how long the next one is */
	uint8_t *data;
};

static struct gram ram;
static struct gvcpu vcpu[VCPUS_MAX];
static struct disk disks[DISKS_MAX];

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- sys/ --------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static void show(const struct disk *d, const char *file, const char *fmt, ...)
{
	char path[128];
	va_list ap;
	FILE *f;

	snprintf(path, sizeof(path), "sys/block/%s/%s", d->name, file);
	f = fopen(path, "w");
	if (!f)
		die("%s: %s", path, strerror(errno));
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
	chmod(path, 0666);
}

static void show_directory(const struct disk *d, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/block/%s%s", d->name, name);
	if (mkdir(path, 0755) && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

static void show_disk(struct disk *d)
{
	const struct virtio_blk_config *c = &d->blk.space;
	char id[VIRTIO_BLK_ID_BYTES + 1], queue[16];

	show_directory(d, "");
	show_directory(d, "/queue");
	show_directory(d, "/mq");
	for (int i = 0; i < d->blk.queues; i++) {
		snprintf(queue, sizeof(queue), "/mq/%d", i);
		show_directory(d, queue);
	}
	if (gblk_id(&d->blk.queue[0], id))
		die("%s: no serial number", d->name);
	show(d, "serial", "%s", id);
	show(d, "size", "%llu\n", (unsigned long long)c->capacity);
	show(d, "ro", "%d\n", gblk_has(&d->blk, VIRTIO_BLK_F_RO));
	show(d, "cache_type", "write %s\n", c->wce ? "back" : "through");
	show(d, "queue/logical_block_size", "%u\n",
	     gblk_has(&d->blk, VIRTIO_BLK_F_BLK_SIZE) ? c->blk_size : 512);
	show(d, "queue/discard_max_bytes", "%llu\n",
	     gblk_has(&d->blk, VIRTIO_BLK_F_DISCARD) ?
	     c->max_discard_sectors * 512ull : 0);
	show(d, "queue/write_zeroes_max_bytes", "%llu\n",
	     gblk_has(&d->blk, VIRTIO_BLK_F_WRITE_ZEROES) ?
	     c->max_write_zeroes_sectors * 512ull : 0);
}

/* Who opens the disk finds the cache as somebody wrote it to sys/. */
static void cache_follow(struct disk *d)
{
	char path[128], text[16] = "";
	uint8_t wce;
	FILE *f;

	snprintf(path, sizeof(path), "sys/block/%s/cache_type", d->name);
	f = fopen(path, "r");
	if (f && fgets(text, sizeof(text), f)) {
		wce = text[0] && text[6] == 'b';
		if (gblk_has(&d->blk, VIRTIO_BLK_F_CONFIG_WCE) &&
		    wce != d->blk.space.wce) {
			gmmio_write_wide(&d->blk.mmio, 0x100 +
				offsetof(struct virtio_blk_config, wce), 1, wce);
			d->blk.space.wce = wce;
		}
	}
	if (f)
		fclose(f);
}

/* --- one operation -------------------------------------------------------------------- */

/* In pieces of one to four pages that end where a page does. */
static int chunk_send(struct connection *c, uint32_t type, uint64_t offset,
		      const struct gbuf *b)
{
	struct gpart parts[CHUNK_MAX / SIM_PAGE + 1];
	struct greq r = { .type = type, .sector = offset / GBLK_SECTOR,
			  .parts = parts, .in = type == VIRTIO_BLK_T_IN };

	for (uint32_t done = 0, n; done < b->len; done += n) {
		n = (1 + c->pieces++ % 4) * SIM_PAGE -
			(uint32_t)((b->gpa + done) % SIM_PAGE);
		if (n > b->len - done)
			n = b->len - done;
		parts[r.count++] = (struct gpart){ b->gpa + done, n };
	}
	return gblk_do(c->queue, &r);
}

static int chunk(struct connection *c, const struct block_ask *ask,
		 uint32_t done, uint32_t len)
{
	bool in = ask->op == BLOCK_OP_READ;
	struct gbuf b;
	int ret = gram_alloc(&ram, &b, len, ask->align & (SIM_PAGE - 1));

	if (ret)
		return ret;
	if (!in)
		memcpy(b.va, c->data + done, len);
	ret = chunk_send(c, in ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
			 ask->offset + done, &b);
	if (!ret && in)
		memcpy(c->data + done, b.va, len);
	/* What did not return may still be written to. */
	if (ret != -ETIMEDOUT && !c->disk->blk.broken)
		gram_free(&ram, &b);
	return ret;
}

static int transfer(struct connection *c, const struct block_ask *ask)
{
	const struct gblk *blk = &c->disk->blk;
	uint32_t parts = blk->parts_max, limit;
	int ret = 0;

	if (blk->queue[0].ring.vr.num - 2 < parts)
		parts = blk->queue[0].ring.vr.num - 2;
	/* One for what an offset in the first page may add. */
	limit = parts > 1 ? (parts - 1) * SIM_PAGE : GBLK_SECTOR;
	if (limit > CHUNK_MAX)
		limit = CHUNK_MAX;
	for (uint32_t done = 0, n; !ret && done < ask->len; done += n) {
		n = ask->len - done < limit ? ask->len - done : limit;
		ret = chunk(c, ask, done, n);
	}
	return ret;
}

static int operate(struct connection *c, const struct block_ask *ask,
		   uint64_t *value)
{
	const struct gblk *blk = &c->disk->blk;

	switch (ask->op) {
	case BLOCK_OP_SIZE:
		*value = gblk_bytes(blk);
		return 0;
	case BLOCK_OP_READ:
	case BLOCK_OP_WRITE:
		return transfer(c, ask);
	case BLOCK_OP_FLUSH:
		return gblk_has(blk, VIRTIO_BLK_F_FLUSH) && blk->space.wce ?
			gblk_flush(c->queue) : 0;
	case BLOCK_OP_DISCARD:
		return gblk_clear(c->queue, VIRTIO_BLK_T_DISCARD, ask->offset,
				  ask->range, 0);
	case BLOCK_OP_ZERO:
		return gblk_clear(c->queue, VIRTIO_BLK_T_WRITE_ZEROES,
				  ask->offset, ask->range, 0);
	default:
		return -EINVAL;
	}
}

/* --- programs --------------------------------------------------------------------------- */

static bool serve_one(struct connection *c)
{
	struct block_answer answer = { 0 };
	struct block_ask ask;

	if (!block_get(c->fd, &ask, sizeof(ask)) || ask.len > BLOCK_LEN_MAX ||
	    (ask.op == BLOCK_OP_WRITE && !block_get(c->fd, c->data, ask.len)))
		return false;
	answer.ret = operate(c, &ask, &answer.value);
	if (!block_put(c->fd, &answer, sizeof(answer)))
		return false;
	return ask.op != BLOCK_OP_READ || answer.ret ||
		block_put(c->fd, c->data, ask.len);
}

static void *serve(void *arg)
{
	struct connection *c = arg;

	while (serve_one(c))
		;
	close(c->fd);
	free(c->data);
	free(c);
	return NULL;
}

static void *listen_thread(void *arg)
{
	struct disk *d = arg;

	for (;;) {
		struct connection *c = calloc(1, sizeof(*c));
		pthread_t thread;

		if (!c || !(c->data = malloc(BLOCK_LEN_MAX)))
			die("out of memory");
		c->disk = d;
		c->fd = accept(d->listener, NULL, NULL);
		if (c->fd < 0)
			die("%s: accept: %s", d->name, strerror(errno));
		c->queue = &d->blk.queue[d->connections++ % d->blk.queues];
		cache_follow(d);
		if (pthread_create(&thread, NULL, serve, c))
			die("no thread");
		pthread_detach(thread);
	}
	return NULL;
}

static void disk_listen(struct disk *d)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	pthread_t thread;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "dev/%s", d->name);
	unlink(addr.sun_path);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->listener < 0 ||
	    bind(d->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(addr.sun_path, 0666) || listen(d->listener, 128))
		die("%s: %s", addr.sun_path, strerror(errno));
	if (pthread_create(&thread, NULL, listen_thread, d))
		die("no thread");
	pthread_detach(thread);
}

/* --- the guest ---------------------------------------------------------------------------- */

static void disk_open(struct disk *d, const char *text, uint32_t vcpus)
{
	struct gblk_config c = { .ram = &ram, .queues = (uint16_t)vcpus,
				 .vcpu = &vcpu[(d - disks) % vcpus] };
	unsigned long long base;
	char kind[16];
	int ret;

	if (sscanf(text, "%15[a-z],%lli,%u,%15s", d->name, (long long *)&base,
		   &c.irq, kind) != 4)
		die("%s: not NAME,ADDRESS,IRQ,grant|foreign", text);
	c.base = base;
	c.kind = strcmp(kind, "grant") ? GADDR_FOREIGN : GADDR_GRANT;
	ret = gblk_open(&d->blk, &c);
	if (ret)
		die("%s: %s", d->name, strerror(-ret));
	show_disk(d);
	disk_listen(d);
}

static struct sim_dom *domain_open(const char *id, uint32_t vcpus)
{
	struct sim_world *w = sim_open(NULL);
	struct sim_dom *dom = w ? sim_dom_open(w, (uint32_t)atoi(id)) : NULL;
	int ret = dom ? gram_open(&ram, dom) : -errno;

	if (ret)
		die("domain %s: %s", id, strerror(-ret));
	for (uint32_t i = 0; i < vcpus; i++)
		gvcpu_init(&vcpu[i], dom, i);
	return dom;
}

int main(int argc, char **argv)
{
	uint32_t vcpus = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	struct sim_dom *dom;
	int ret;

	if (!vcpus || vcpus > VCPUS_MAX || argc - 3 > DISKS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	if ((mkdir("dev", 0755) && errno != EEXIST) ||
	    (mkdir("sys", 0755) && errno != EEXIST) ||
	    (mkdir("sys/block", 0755) && errno != EEXIST))
		die("no directories here: %s", strerror(errno));
	dom = domain_open(argv[1], vcpus);
	for (int i = 3; i < argc; i++)
		disk_open(&disks[i - 3], argv[i], vcpus);
	puts("RIG-DOMU-AGENT");
	fflush(stdout);
	do {
		ret = sim_irq_wait(dom, IRQ_NONE, 0, 1000);
	} while (ret == -ETIMEDOUT);
	if (ret != -ESRCH)
		fprintf(stderr, "the guest ends: %s\n", strerror(-ret));
	/* Threads wait for requests that will not return. */
	_exit(0);
}
