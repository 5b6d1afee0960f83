// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each check finds out by trying, not by reading a kernel's configuration,
 * whether something works; the option is named when it doesn't. Three answers:
 * it is there; it is not, and some guests or some safety go without it; it is
 * not, and no guest can be served.
 */
#include "tools/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <json.h>

#include "backend/config.h"
#include "backend/text.h"
#include "xen/dm.h"
#include "xen/restrict.h"
#include "xen/store.h"

/* No domain need have it: an answer about one that is not there will do. */
#define CHECK_DOMID     0x7fef

/* Most grants of one map call: xen-vblkd.conf(5), grant-budget. */
#define CHECK_GRANTS    4096

enum verdict {
	CHECK_OK,
	CHECK_WARNING,
	CHECK_MISSING,
};

/* What was found, if it is to be told as a whole; NULL: line by line. */
static struct json_object *findings;

__attribute__((format(printf, 2, 3)))
static enum verdict say(enum verdict verdict, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warning", "missing" };
	char text[TEXT_LEN + PATH_MAX];
	struct json_object *o;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!findings) {
		printf("%-8s %s\n", words[verdict], text);
		return verdict;
	}
	o = json_object_new_object();
	json_object_object_add(o, "verdict",
			       json_object_new_string(words[verdict]));
	json_object_object_add(o, "text", json_object_new_string(text));
	json_object_array_add(findings, o);
	return verdict;
}

/* The beginning of a file, as a string without newline. False if unreadable. */
static bool read_text(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, len - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* -1 if it is no number or not there. */
static long read_number(const char *path)
{
	char text[32], *end;
	long n;

	if (!read_text(path, text, sizeof(text)))
		return -1;
	n = strtol(text, &end, 10);
	return end == text ? -1 : n;
}

static enum verdict check_xen(void)
{
	long major = read_number("/sys/hypervisor/version/major");
	long minor = read_number("/sys/hypervisor/version/minor");
	char type[32];

	if (!read_text("/sys/hypervisor/type", type, sizeof(type)) ||
	    strcmp(type, "xen") != 0)
		return say(CHECK_MISSING, "Xen: this system does not run on it (or /sys/hypervisor is not there: CONFIG_XEN_SYS_HYPERVISOR)");
	if (major < 4 || (major == 4 && minor < 17))
		return say(CHECK_MISSING, "Xen %ld.%ld: 4.17 is the first with virtio disks",
			   major, minor);
	return say(CHECK_OK, "Xen %ld.%ld", major, minor);
}

static enum verdict check_domain(void)
{
	char text[256];

	if (!read_text("/proc/xen/capabilities", text, sizeof(text)))
		return say(CHECK_MISSING, "/proc/xen/capabilities: %s; mount -t xenfs xenfs /proc/xen (CONFIG_XENFS)",
			   strerror(errno));
	if (!strstr(text, "control_d"))
		return say(CHECK_MISSING, "control domain: this is another, where Xen and Linux do not permit what is needed");
	return say(CHECK_OK, "control domain");
}

static enum verdict check_device(const char *path, enum verdict without,
				 const char *what)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return say(without, "%s: %s; %s", path, strerror(errno), what);
	close(fd);
	return say(CHECK_OK, "%s", path);
}

static enum verdict check_privcmd(void)
{
	return check_device("/dev/xen/privcmd", CHECK_MISSING,
			    "needed for device models and guest memory (CONFIG_XEN_PRIVCMD, module xen-privcmd)");
}

static enum verdict check_evtchn(void)
{
	return check_device("/dev/xen/evtchn", CHECK_MISSING,
			    "needed to hear of guests (CONFIG_XEN_DEV_EVTCHN, module xen-evtchn)");
}

static enum verdict check_gntdev(void)
{
	return check_device("/dev/xen/gntdev", CHECK_WARNING,
			    "guests can't use grants (CONFIG_XEN_GNTDEV, module xen-gntdev)");
}

static enum verdict check_gntdev_limit(void)
{
	static const char path[] = "/sys/module/xen_gntdev/parameters/limit";
	long limit = read_number(path);

	if (limit < 0)
		return say(CHECK_WARNING, "limit of grants: %s can't be read: %s",
			   path, strerror(errno));
	if (limit < CHECK_GRANTS)
		return say(CHECK_WARNING, "limit of grants: %ld in one mapping, a request may need %d: write that to %s",
			   limit, CHECK_GRANTS, path);
	return say(CHECK_OK, "limit of grants: %ld in one mapping", limit);
}

static enum verdict check_ioreq(void)
{
	struct xen_dm *dm;
	int ret = xen_dm_open(&dm, CHECK_DOMID);

	if (!ret)
		ret = xen_dm_probe(dm);
	xen_dm_close(dm);
	if (ret == -ENOSYS || ret == -EOPNOTSUPP)
		return say(CHECK_MISSING, "ioreq servers: this Xen has none; on Arm it must be built with CONFIG_EXPERT and CONFIG_IOREQ_SERVER");
	if (ret)
		return say(CHECK_MISSING, "ioreq servers: Xen can't be asked: %s",
			   strerror(-ret));
	return say(CHECK_OK, "ioreq servers");
}

static enum verdict check_xenstore(void)
{
	struct store *store;
	uint32_t self;
	int ret = store_open(&store);

	if (!ret)
		ret = store_own_domid(store, &self);
	store_close(store);
	if (ret)
		return say(CHECK_MISSING, "xenstore: %s (does xenstored run?)",
			   strerror(-ret));
	return say(CHECK_OK, "xenstore, as domain %u", self);
}

static enum verdict check_uring(void)
{
	long off = read_number("/proc/sys/kernel/io_uring_disabled");

	/* No ring comes of this: who has rings objects to its arguments. */
	errno = 0;
	syscall(SYS_io_uring_setup, 0, NULL);
	if (errno == ENOSYS)
		return say(CHECK_MISSING, "io_uring: this kernel has none (CONFIG_IO_URING)");
	/* 1 is for others than root, and a worker begins as root. */
	if (errno == EPERM || off > 1)
		return say(CHECK_MISSING, "io_uring: is switched off; sysctl kernel.io_uring_disabled=0");
	return say(CHECK_OK, "io_uring");
}

/* The configuration. */

static enum verdict check_worker(const struct config *c)
{
	if (access(c->worker, X_OK))
		return say(CHECK_MISSING, "%s: %s; make install, or worker = in the configuration",
			   c->worker, strerror(errno));
	return say(CHECK_OK, "%s", c->worker);
}

/* @arg: the worst so far. Images are opened by nobody here: they may be in use. */
static void check_image(void *arg, const char *guest, const char *vdev,
			const struct config_disk *disk)
{
	enum verdict *worst = arg, v;
	struct stat st;

	if (stat(disk->path, &st))
		v = say(CHECK_WARNING, "image of [disk %s/%s]: %s: %s", guest,
			vdev, disk->path, strerror(errno));
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		v = say(CHECK_WARNING, "image of [disk %s/%s]: %s: is neither a file nor a block device",
			guest, vdev, disk->path);
	else if (S_ISREG(st.st_mode) && (!st.st_size || st.st_size % 512))
		v = say(CHECK_WARNING, "image of [disk %s/%s]: %s: its size is no multiple of 512 bytes, or it is empty",
			guest, vdev, disk->path);
	else
		v = say(CHECK_OK, "image of [disk %s/%s]: %s", guest, vdev,
			disk->path);
	*worst = v > *worst ? v : *worst;
}

/* *config is NULL if it can't be read; then what it says is not looked at. */
static enum verdict check_config(const char *path, struct config **config)
{
	char text[TEXT_LEN];
	enum verdict worst;

	if (config_load(config, path, text, sizeof(text)))
		return say(CHECK_MISSING, "configuration: %s; xen-vblkd does not start",
			   text);
	worst = say(CHECK_OK, "configuration: %s",
		    path ? path : SYSCONFDIR "/xen-vblkd.conf, if there is one");
	config_for_each_image(*config, check_image, &worst);
	return worst;
}

static enum verdict check_daemon(const char *socket_path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = -1;

	if (sock >= 0 && strlen(socket_path) < sizeof(addr.sun_path)) {
		strcpy(addr.sun_path, socket_path);
		ret = connect(sock, (const struct sockaddr *)&addr,
			      sizeof(addr));
	}
	if (sock >= 0)
		close(sock);
	if (ret)
		return say(CHECK_WARNING, "xen-vblkd: nobody listens at %s; no guest with such disks can be created, unless it brings its own xen-vblk-dm",
			   socket_path);
	return say(CHECK_OK, "xen-vblkd listens at %s", socket_path);
}

/* systemd's view, from what it keeps in files: no need to run anything. */
static enum verdict check_unit(void)
{
	static const char unit[] = "xen-vblkd.service";
	static const char *const dirs[] = {
		"/etc/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system",
	};
	bool installed = false;
	char path[128];

	if (access("/run/systemd/system", F_OK))
		return say(CHECK_OK, "%s: not needed, there is no systemd here",
			   unit);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], unit);
		installed = installed || !access(path, F_OK);
	}
	if (!installed)
		return say(CHECK_WARNING, "%s: is not installed; make install",
			   unit);
	snprintf(path, sizeof(path), "%s/multi-user.target.wants/%s", dirs[0],
		 unit);
	if (access(path, F_OK))
		return say(CHECK_WARNING, "%s: does not start by itself; systemctl enable xen-vblkd",
			   unit);
	snprintf(path, sizeof(path), "/sys/fs/cgroup/system.slice/%s", unit);
	if (access(path, F_OK))
		return say(CHECK_WARNING, "%s: is enabled and not active; systemctl start xen-vblkd",
			   unit);
	return say(CHECK_OK, "%s: enabled and active", unit);
}

/* Last, because no Xen handle is of use afterwards. */
static enum verdict check_restrict(void)
{
	struct xen_dm *dm;
	int ret = xen_dm_open(&dm, CHECK_DOMID);

	if (!ret)
		ret = xen_restrict(CHECK_DOMID);
	xen_dm_close(dm);
	if (ret)
		return say(CHECK_WARNING, "restriction of Xen handles to one guest: %s; workers go without (docs/threats.md)",
			   strerror(-ret));
	return say(CHECK_OK, "restriction of Xen handles to one guest");
}

static enum verdict check_worse(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

typedef enum verdict (*check)(void);

static enum verdict check_all(const check checks[], enum verdict worst)
{
	for (; *checks; checks++)
		worst = check_worse(worst, (*checks)());
	return worst;
}

static enum verdict check_everything(const char *path, const char *socket)
{
	/* What can be looked at without Xen, too; and what can't. */
	static const check of_host[] = {
		check_uring, check_unit, NULL,
	};
	static const check of_xen[] = {
		check_domain, check_ioreq, check_privcmd, check_evtchn,
		check_gntdev, check_gntdev_limit, check_xenstore,
		check_restrict, NULL,
	};
	struct config *config;
	enum verdict xen, worst;

	if (geteuid())
		return say(CHECK_MISSING, "root: nobody else can examine a host");
	xen = check_xen();
	worst = check_all(of_host, xen);
	worst = check_worse(worst, check_config(path, &config));
	if (config)
		worst = check_worse(worst, check_worker(config));
	if (xen != CHECK_MISSING) {
		if (!socket)
			socket = config ? config->socket :
				CONFIG_RUNTIME_DIR "/control";
		worst = check_worse(worst, check_daemon(socket));
		worst = check_all(of_xen, worst);
	}
	config_free(config);
	return worst;
}

bool check_host(const char *config, const char *socket, bool json)
{
	struct json_object *answer = NULL;
	enum verdict worst;

	if (json) {
		answer = json_object_new_object();
		findings = json_object_new_array();
		json_object_object_add(answer, "checks", findings);
	}
	worst = check_everything(config, socket);
	if (answer)
		puts(json_object_to_json_string_ext(answer,
			JSON_C_TO_STRING_PRETTY |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(answer);
	findings = NULL;
	return worst != CHECK_MISSING;
}
