# SPDX-License-Identifier: GPL-2.0-or-later
#
# One Makefile for everything. `make help` says what it can do, V=1 shows the
# commands. A new source file goes into one of the lists below, and nowhere
# else; a new unit test into the table further down.
#
# In a build directory of its own, configure leaves a Makefile of two lines that
# names the source directory and includes this one.

ifneq ($(origin srcdir),file)
srcdir := .
endif

VERSION := 0.1

# --- what the programs are made of ---------------------------------------------

mapcache-objs := \
	mapcache/copy.o \
	mapcache/foreign.o \
	mapcache/grant.o \
	mapcache/mapcache.o

worker-objs := \
	backend/aio.o \
	backend/blk.o \
	backend/coalesce.o \
	backend/device.o \
	backend/isolate.o \
	backend/log.o \
	backend/msix.o \
	backend/orders.o \
	backend/pcicfg.o \
	backend/pool.o \
	backend/proto.o \
	backend/queue.o \
	backend/range.o \
	backend/request.o \
	backend/startup.o \
	backend/state.o \
	backend/transfer.o \
	backend/transport.o \
	backend/transport_mmio.o \
	backend/transport_pci.o \
	backend/vdev.o \
	backend/vmmio.o \
	backend/vpci.o \
	backend/vring.o \
	backend/worker.o \
	xen/dm.o \
	xen/evtchn.o \
	xen/foreign.o \
	xen/grant.o \
	xen/ioreq.o \
	xen/irq.o \
	xen/quiet.o \
	xen/restrict.o

manager-objs := \
	backend/config.o \
	backend/control.o \
	backend/dialog.o \
	backend/disk.o \
	backend/guest.o \
	backend/image.o \
	backend/listen.o \
	backend/log.o \
	backend/loop.o \
	backend/manager.o \
	backend/minder.o \
	backend/node.o \
	backend/place.o \
	backend/proto.o \
	backend/report.o \
	backend/runtime.o \
	backend/scan.o \
	backend/setting.o \
	backend/spawn.o \
	backend/state.o \
	backend/statefile.o \
	backend/text.o \
	xen/domain.o \
	xen/store.o

daemon-objs := \
	backend/xen-vblkd.o

model-objs := \
	backend/arguments.o \
	backend/channel.o \
	backend/decline.o \
	backend/monitor.o \
	backend/qmp.o \
	backend/xen-vblk-dm.o

cli-objs := \
	backend/config.o \
	backend/log.o \
	backend/setting.o \
	backend/text.o \
	tools/check.o \
	tools/xen-vblk.o \
	xen/dm.o \
	xen/quiet.o \
	xen/restrict.o \
	xen/store.o

# The simulated Xen. One shared library knows the world, the others have the
# names, versions and functions of Xen's.
sim-world-objs := \
	tests/sim/count.o \
	tests/sim/domain.o \
	tests/sim/grant.o \
	tests/sim/lib/base.o \
	tests/sim/memory.o \
	tests/sim/port.o \
	tests/sim/server.o \
	tests/sim/vcpu.o \
	tests/sim/wait.o \
	tests/sim/world.o

# Its toolstack, and what only xenstored is lent, or only who speaks to it.
simctl-objs := \
	tests/sim/devices.o \
	tests/sim/nodes.o \
	tests/sim/simctl.o \
	tests/sim/toolstack.o

sim-xsd-objs := \
	tests/sim/lib/xsd.o

sim-store-objs := \
	tests/sim/lib/store.o

sim-system-objs := \
	tests/sim/lib/system.o

sim-lib-objs := \
	tests/sim/lib/ctrl.o \
	tests/sim/lib/devicemodel.o \
	tests/sim/lib/evtchn.o \
	tests/sim/lib/foreignmemory.o \
	tests/sim/lib/gnttab.o

# A guest in it: a driver written from the specification, and one that lies.
guest-objs := \
	tests/guest/gblk.o \
	tests/guest/gio.o \
	tests/guest/gmmio.o \
	tests/guest/gram.o \
	tests/guest/greq.o \
	tests/guest/gvring.o

scene-objs := \
	tests/hostile/after.o \
	tests/hostile/bystander.o \
	tests/hostile/daemon.o \
	tests/hostile/scene.o

hostile-objs := \
	tests/hostile/liar.o \
	tests/hostile/main.o

flip-objs := \
	tests/hostile/flip.o \
	tests/hostile/flipper.o

# The guest of scenarios, and what its programs are lent.
machine-objs := \
	tests/guest/block.o \
	tests/guest/machine.o

# One that verifies its data while calls fail.
verify-objs := \
	tests/guest/verify.o

preload-objs := \
	tests/guest/block.o \
	tests/guest/preload.o

load-objs := \
	tools/loaddevice.o \
	tools/loadend.o \
	tools/loadjobs.o \
	tools/loadlatency.o \
	tools/loadoptions.o \
	tools/loadpattern.o \
	tools/vblk-load.o

# The mapcache on real grants, and the guest that grants them.
stress-objs := \
	tools/mapcost.o \
	tools/mapsteps.o \
	tools/mapstress.o \
	tools/mapview.o \
	xen/foreign.o \
	xen/grant.o \
	xen/quiet.o

share-objs := \
	tools/mapshare.o

# Each program, what it is made of and the libraries it may need. Libraries
# show which program can do what: the worker has no xenstore.
PROGRAMS := xen-vblk-worker xen-vblkd xen-vblk-dm xen-vblk vblk-load mapstress \
	mapshare

OBJS_xen-vblk-worker := $(worker-objs) libmapcache.a
LIBS_xen-vblk-worker = $(XENDEVICEMODEL_LIBS) $(XENFOREIGNMEMORY_LIBS) \
	$(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS) $(XENTOOLCORE_LIBS) $(URING_LIBS)

OBJS_xen-vblkd := $(manager-objs) $(daemon-objs)
LIBS_xen-vblkd = $(XENSTORE_LIBS) $(XENCTRL_LIBS) $(JSON_LIBS) $(INIH_LIBS)

OBJS_xen-vblk-dm := $(manager-objs) $(model-objs)
LIBS_xen-vblk-dm = $(LIBS_xen-vblkd)

OBJS_xen-vblk := $(cli-objs)
LIBS_xen-vblk = $(JSON_LIBS) $(INIH_LIBS) $(XENDEVICEMODEL_LIBS) $(XENSTORE_LIBS) \
	$(XENTOOLCORE_LIBS)

OBJS_vblk-load := $(load-objs)
LIBS_vblk-load = -pthread

OBJS_mapstress := $(stress-objs) libmapcache.a
LIBS_mapstress = $(XENFOREIGNMEMORY_LIBS) $(XENGNTTAB_LIBS)

OBJS_mapshare := $(share-objs)
LIBS_mapshare =

# --- unit tests ----------------------------------------------------------------

# tests/unit/test_NAME.c is linked with the objects in TEST_NAME. Objects of
# tests/unit that are no tests themselves may be among them.

config-tests := \
	backend/config.o \
	backend/log.o \
	backend/setting.o \
	backend/text.o

TEST_arguments := backend/arguments.o $(config-tests)
TEST_aio := backend/aio.o
TEST_aio_full := backend/aio.o tests/unit/refusal.o
TEST_coalesce := backend/coalesce.o
TEST_config := $(config-tests)
TEST_control := backend/control.o backend/listen.o backend/log.o backend/loop.o \
	backend/text.o
TEST_gpa :=
TEST_image := backend/image.o backend/log.o
TEST_image_flags := backend/image.o backend/log.o
TEST_log := backend/log.o
TEST_monitor := backend/arguments.o backend/listen.o backend/loop.o \
	backend/monitor.o backend/qmp.o $(config-tests)
TEST_msix := backend/msix.o
TEST_pcicfg := backend/msix.o backend/pcicfg.o backend/vdev.o
TEST_place := backend/place.o backend/text.o
TEST_pool := backend/pool.o
TEST_proto := backend/proto.o
TEST_qmp := backend/arguments.o backend/qmp.o $(config-tests)
TEST_report := backend/place.o backend/report.o backend/state.o backend/statefile.o \
	backend/text.o
TEST_state := backend/state.o
TEST_statefile := backend/state.o backend/statefile.o
TEST_store := xen/store.o

blk-tests := tests/unit/blk_disk.o backend/blk.o
TEST_blk := $(blk-tests)
TEST_blk_config := $(blk-tests)
TEST_blk_range := $(blk-tests)

mapcache-tests := tests/unit/fake_xen.o tests/unit/world.o $(mapcache-objs)
TEST_grant := $(mapcache-tests)
TEST_mapcache := $(mapcache-tests)
TEST_mapcache_fault := $(mapcache-tests)
TEST_mapcache_model := $(mapcache-tests)
TEST_mapcache_qemu := $(mapcache-tests)
TEST_vpci := backend/msix.o backend/vdev.o backend/vpci.o
vmmio-tests := tests/unit/machine.o backend/vdev.o backend/vmmio.o
TEST_vmmio := $(vmmio-tests)
TEST_vmmio_queue := $(vmmio-tests)

vring-tests := tests/unit/guest.o tests/unit/ring.o backend/vring.o
TEST_vring := $(vring-tests)
TEST_vring_chain := $(vring-tests)
TEST_vring_flip := $(vring-tests)
TEST_vring_step := $(vring-tests)
TEST_vring_kill := tests/unit/guest.o backend/vring.o

corridor-tests := \
	backend/aio.o \
	backend/blk.o \
	backend/coalesce.o \
	backend/log.o \
	backend/pool.o \
	backend/queue.o \
	backend/range.o \
	backend/request.o \
	backend/transfer.o \
	backend/vring.o \
	tests/unit/corridor.o \
	tests/unit/corridor_image.o \
	tests/unit/fake_xen.o \
	tests/unit/guest.o \
	$(mapcache-objs)
TEST_device := $(corridor-tests) \
	backend/device.o \
	backend/vdev.o \
	backend/vmmio.o
TEST_queue := $(corridor-tests)
TEST_queue_busy := $(corridor-tests) tests/unit/refusal.o
TEST_queue_host := $(corridor-tests)
TEST_queue_hostile := $(corridor-tests)
TEST_queue_random := $(corridor-tests)
TEST_queue_shape := $(corridor-tests)
TEST_queue_stable := $(corridor-tests)
TEST_queue_wake := $(corridor-tests)
pci-tests := $(corridor-tests) \
	backend/device.o \
	backend/msix.o \
	backend/pcicfg.o \
	backend/transport.o \
	backend/transport_mmio.o \
	backend/transport_pci.o \
	backend/vdev.o \
	backend/vmmio.o \
	backend/vpci.o \
	tests/unit/pci_bench.o
TEST_transport_mmio := $(pci-tests)
TEST_transport_pci := $(pci-tests)
TEST_transport_pci_irq := $(pci-tests)

# tests/sim/test_NAME.c runs on the simulated Xen, and may have in SIM_TEST_NAME
# the parts of the product that it is about.

ioreq-tests := \
	tests/sim/bench.o \
	xen/dm.o \
	xen/evtchn.o \
	xen/foreign.o \
	xen/ioreq.o \
	xen/irq.o \
	xen/quiet.o
SIM_TEST_ioreq := $(ioreq-tests)
SIM_TEST_ioreq_life := $(ioreq-tests)

# --- fuzzers -------------------------------------------------------------------

# tests/fuzz/fuzz_NAME.c is linked with the objects in FUZZ_NAME, and with
# libFuzzer if that is what was configured (tests/fuzz/run.sh does). Otherwise
# it is a program that runs the inputs of tests/fuzz/corpus/NAME.

story := \
	tests/fuzz/disks.o \
	tests/fuzz/guest_steps.o \
	tests/fuzz/memory_fake.o \
	tests/fuzz/pretend.o \
	tests/fuzz/story.o \
	tests/fuzz/story_law.o \
	tests/fuzz/story_life.o \
	tests/fuzz/story_manager.o \
	tests/fuzz/story_vcpus.o \
	tests/unit/fake_xen.o \
	tests/unit/guest.o \
	$(mapcache-objs) \
	$(filter-out backend/isolate.o backend/log.o backend/worker.o xen/%.o,\
		$(worker-objs))

FUZZ_blk := backend/blk.o
FUZZ_control := \
	backend/control.o \
	backend/listen.o \
	backend/log.o \
	backend/loop.o \
	backend/place.o \
	backend/report.o \
	backend/state.o \
	backend/statefile.o \
	backend/text.o
FUZZ_dialog := \
	backend/dialog.o \
	backend/log.o \
	backend/loop.o \
	backend/proto.o \
	backend/text.o
FUZZ_process := \
	backend/log.o \
	backend/proto.o \
	backend/spawn.o \
	backend/state.o \
	tests/fuzz/disks.o \
	tests/fuzz/guest_steps.o \
	tests/fuzz/honest.o \
	tests/fuzz/memory_sim.o \
	tests/fuzz/ownworld.o \
	tests/fuzz/servant.o \
	tests/fuzz/stage.o \
	tests/fuzz/stage_check.o \
	tests/guest/gmmio.o \
	tests/unit/guest.o
FUZZ_proto := backend/proto.o
FUZZ_state := $(story)
FUZZ_vmmio := backend/vdev.o backend/vmmio.o
FUZZ_vpci := \
	backend/log.o \
	backend/msix.o \
	backend/pcicfg.o \
	backend/transport.o \
	backend/transport_mmio.o \
	backend/transport_pci.o \
	backend/vdev.o \
	backend/vmmio.o \
	backend/vpci.o \
	tests/fuzz/vpci_device.o \
	tests/fuzz/vpci_model.o \
	tests/fuzz/vpci_xen.o
FUZZ_vring := $(vring-tests)
FUZZ_worker := $(story)

# --- proofs --------------------------------------------------------------------

# tests/prove/prove_NAME.c is linked with the objects in PROVE_NAME and tries all
# cases itself; CBMC reads the sources.

PROVE_config := backend/vdev.o backend/vmmio.o
PROVE_irq := backend/vring.o
PROVE_kick := backend/vring.o
PROVE_pages :=
PROVE_range := backend/blk.o
PROVE_ring := backend/vring.o

# --- configuration -------------------------------------------------------------

# These need no configuration, or bring it about themselves.
UNCONFIGURED := help clean distclean check check-quick check-smp coverage demo \
	bench fuzz lint prove

goals := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(UNCONFIGURED),$(goals)),)
include config-host.mak
endif

config-host.mak: $(srcdir)/configure
	@if [ -x config.status ]; then ./config.status; \
		else $(srcdir)/configure; fi || { rm -f $@; exit 1; }

# --- how to build --------------------------------------------------------------

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

# $(call say,WHAT,FILE), by make itself: a process for each line takes its time.
ifeq ($(V),1)
say =
Q :=
else
say = $(info $()  $(1)	$(2))
Q := @
endif

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wundef -Wwrite-strings -Wpointer-arith

# "quotes" are ours, from the top of the tree, <brackets> the system's: there is
# a xen/ in both, and neither may hide the other's headers.
INCLUDES = -iquote . -iquote $(srcdir) -include config-host.h \
	$(JSON_CFLAGS) $(INIH_CFLAGS) $(URING_CFLAGS) $(XENCTRL_CFLAGS)
DEFINES := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"'

# Without the directory's name in them, clones can share objects. A debugger wants it.
PREFIX_MAP = $(if $(CONFIG_DEBUG),,'-fdebug-prefix-map=$(CURDIR)=.')
COMPILE = $(CC) $(BASE_CFLAGS) $(WARNINGS) $(DEFINES) $(INCLUDES) $(CPPFLAGS) \
	$(PREFIX_MAP) $(CFLAGS)
LINK = $(CC) $(BASE_CFLAGS) $(CFLAGS) $(BASE_LDFLAGS) $(LDFLAGS)

all-tests := $(patsubst $(srcdir)/%.c,%,$(sort \
	$(wildcard $(srcdir)/tests/unit/test_*.c)))
tests := $(if $(CONFIG_CMOCKA),$(all-tests))

all-sim-tests := $(patsubst $(srcdir)/%.c,%,$(sort \
	$(wildcard $(srcdir)/tests/sim/test_*.c)))
sim-tests := $(if $(CONFIG_CMOCKA),$(all-sim-tests))

# tests/hostile/lies/NAME.c is a lie; the program that tells them has them all.
lies := $(patsubst $(srcdir)/%.c,%.o,$(sort \
	$(wildcard $(srcdir)/tests/hostile/lies/*.c)))

all-fuzzers := $(patsubst $(srcdir)/%.c,%,$(sort \
	$(wildcard $(srcdir)/tests/fuzz/fuzz_*.c)))
fuzzers := $(if $(CONFIG_CMOCKA),$(all-fuzzers))
proofs := $(patsubst $(srcdir)/%.c,%,$(sort \
	$(wildcard $(srcdir)/tests/prove/prove_*.c)))
fuzz-main := $(if $(CONFIG_FUZZ),,tests/fuzz/replay.o)

# The worker that fuzz_process starts; with libFuzzer, it tells what it ran.
fuzz-worker := $(if $(CONFIG_FUZZ),tests/fuzz/worker,xen-vblk-worker)
fuzz-worker-objs := tests/fuzz/counters.o

all-objs := $(sort $(mapcache-objs) $(foreach p,$(PROGRAMS),$(filter %.o,\
	$(OBJS_$p))) $(tests:=.o) $(foreach t,$(tests),\
	$(TEST_$(t:tests/unit/test_%=%))) $(fuzzers:=.o) $(fuzz-main) $(fuzz-worker-objs) \
	$(foreach f,$(fuzzers),$(FUZZ_$(f:tests/fuzz/fuzz_%=%)))\
	$(sim-world-objs) $(sim-lib-objs) $(sim-xsd-objs) $(sim-store-objs) \
	$(sim-system-objs) $(simctl-objs) \
	$(sim-tests:=.o) tests/sim/fixture.o \
	$(foreach t,$(sim-tests),$(SIM_TEST_$(t:tests/sim/test_%=%))) \
	$(guest-objs) $(scene-objs) $(hostile-objs) $(flip-objs) $(lies) \
	$(machine-objs) $(preload-objs) $(verify-objs) \
	$(proofs:=.o) $(foreach p,$(proofs),$(PROVE_$(p:tests/prove/prove_%=%))))

.PHONY: all
all: $(PROGRAMS)

libmapcache.a: $(mapcache-objs)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define program
$1: $$(OBJS_$1)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) -o $$@ $$^ $$(LIBS_$1)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$p)))

# A test gets the libraries of the objects it names and no others.
object-libs = $(if $(filter backend/aio.o,$1),$(URING_LIBS)) \
	$(if $(filter backend/config.o,$1),$(INIH_LIBS)) \
	$(if $(filter backend/qmp.o backend/report.o tools/%.o,$1),$(JSON_LIBS)) \
	$(if $(filter xen/%.o,$1),$(LIBS_xen-vblk-worker) $(LIBS_xen-vblkd))

define unit-test
tests/unit/test_$1: tests/unit/test_$1.o $$(TEST_$1)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) -o $$@ $$^ $$(call object-libs,$$(TEST_$1)) $$(CMOCKA_LIBS)
endef
$(foreach t,$(tests:tests/unit/test_%=%),$(eval $(call unit-test,$t)))

define fuzzer
tests/fuzz/fuzz_$1: tests/fuzz/fuzz_$1.o $$(FUZZ_$1) $$(fuzz-main)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) $$(if $$(CONFIG_FUZZ),-fsanitize=fuzzer) -o $$@ $$^ \
		$$(call object-libs,$$(FUZZ_$1)) $$(FUZZ_LIBS_$1) $$(CMOCKA_LIBS)
endef
$(foreach f,$(fuzzers:tests/fuzz/fuzz_%=%),$(eval $(call fuzzer,$f)))

tests/fuzz/worker: $(OBJS_xen-vblk-worker) $(fuzz-worker-objs)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS_xen-vblk-worker)

define proof
tests/prove/prove_$1: tests/prove/prove_$1.o $$(PROVE_$1)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) -o $$@ $$^
endef
$(foreach p,$(proofs:tests/prove/prove_%=%),$(eval $(call proof,$p)))

.PHONY: fuzzers
fuzzers: $(fuzzers)

tests/fuzz/stage.o: DEFINES += -DFUZZ_WORKER='"$(fuzz-worker)"'
# It moves the counters of others, and must have none.
$(fuzz-worker-objs): BASE_CFLAGS := $(filter-out -fsanitize% -fno-sanitize%,\
	$(BASE_CFLAGS))

tests/fuzz/replay.o: DEFINES += -DFUZZ_CORPUS='"$(srcdir)/tests/fuzz/corpus"'

# Counted is the product, and not what tests it.
counted-objs := $(filter backend/% mapcache/% xen/%,$(all-objs))
$(counted-objs): BASE_CFLAGS += $(CONFIG_COVERAGE)

# Where the sources are, there is a place for objects; elsewhere it is made once.
obj-dirs := $(sort $(dir $(all-objs)))
new-dirs := $(filter-out $(wildcard $(obj-dirs)),$(obj-dirs))
$(if $(new-dirs),$(shell mkdir -p $(new-dirs)))

$(all-objs): %.o: $(srcdir)/%.c config-host.mak
	$(call say,CC,$@)
	$(Q)$(CCACHE) $(COMPILE) -MD -MP -c -o $@ $<

-include $(all-objs:.o=.d)

# --- the simulated Xen ---------------------------------------------------------

# Without sanitizers in any case: xenstored runs on these libraries, too.
sim-objs := $(sim-world-objs) $(sim-lib-objs) $(sim-xsd-objs) \
	$(sim-store-objs) $(sim-system-objs) $(simctl-objs) \
	$(guest-objs) $(scene-objs) $(hostile-objs) $(flip-objs) $(lies) \
	$(machine-objs) $(preload-objs) $(verify-objs)
$(sim-objs): BASE_CFLAGS := $(filter-out -fsanitize% -fno-sanitize%,\
	$(BASE_CFLAGS)) -fPIC
LINK_LIB = $(CC) -shared $(CFLAGS) $(filter-out -pie -fsanitize% \
	-fno-sanitize%,$(BASE_LDFLAGS)) $(LDFLAGS) -Wl,-z,defs

# It is what fortified programs call, and not one of them.
tests/sim/lib/system.o: DEFINES += -U_FORTIFY_SOURCE

# The host's libxenctrl: its interface has the version that its name has.
xenctrl-soname = $(shell LC_ALL=C readelf -d \
	"$$($(CC) -print-file-name=libxenctrl.so)" | \
	sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
xenctrl-version = $(subst libxenctrl.so.,,$(xenctrl-soname))
tests/sim/lib/ctrl.o: DEFINES += \
	-DSIM_XEN_MINOR=$(lastword $(subst ., ,$(xenctrl-version)))

sim-libs := $(patsubst %,tests/sim/lib/libxen%.so.1,devicemodel evtchn \
	foreignmemory gnttab) tests/sim/lib/libxenctrl \
	$(patsubst %,tests/sim/lib/libxensim-%.so,xsd store system)
sim-world := tests/sim/lib/libxensim.so
SIM_LIBS = $(sim-world) -Wl,-rpath,$(CURDIR)/tests/sim/lib

# A fuzzer that is a guest in it.
FUZZ_LIBS_process = $(SIM_LIBS)
tests/fuzz/fuzz_process: | $(fuzz-worker) $(sim-world) $(sim-libs)

.PHONY: sim
sim: $(sim-world) $(sim-libs) tests/sim/simctl tests/guest/machine \
	tests/guest/preload.so tests/guest/verify

$(sim-world): $(sim-world-objs) $(srcdir)/tests/sim/lib/world.map
	$(call say,LINK,$@)
	$(Q)$(LINK_LIB) -o $@ $(sim-world-objs) -Wl,-soname,$(@F) \
		-Wl,--version-script=$(lastword $^) -pthread $(XENTOOLCORE_LIBS)

tests/sim/lib/libxen%.so.1: tests/sim/lib/%.o $(sim-world) \
		$(srcdir)/tests/sim/lib/%.map
	$(call say,LINK,$@)
	$(Q)$(LINK_LIB) -o $@ $< $(sim-world) -Wl,-soname,$(@F) \
		-Wl,--version-script=$(lastword $^)

# A file that says which one it is, because the name is not known beforehand.
tests/sim/lib/libxenctrl: tests/sim/lib/ctrl.o $(sim-world)
	$(call say,LINK,$(@D)/$(xenctrl-soname))
	$(Q)echo 'VERS_$(xenctrl-version).0 { global: xc_*; local: *; };' >$@.map
	$(Q)$(LINK_LIB) -o $(@D)/$(xenctrl-soname) $< $(sim-world) \
		-Wl,-soname,$(xenctrl-soname) -Wl,--version-script=$@.map
	$(Q)mv $@.map $@

tests/sim/lib/libxensim-xsd.so: $(sim-xsd-objs) $(sim-world)
tests/sim/lib/libxensim-store.so: $(sim-store-objs) $(sim-world)
tests/sim/lib/libxensim-system.so: $(sim-system-objs) $(sim-world)
tests/sim/lib/libxensim-xsd.so tests/sim/lib/libxensim-store.so \
		tests/sim/lib/libxensim-system.so:
	$(call say,LINK,$@)
	$(Q)$(LINK_LIB) -o $@ $^

tests/sim/simctl: $(simctl-objs) $(sim-world)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(simctl-objs) $(SIM_LIBS) $(XENSTORE_LIBS)

tests/hostile/hostile: $(hostile-objs) $(lies)
tests/hostile/flip: $(flip-objs)
tests/hostile/hostile tests/hostile/flip: $(scene-objs) $(guest-objs) \
		$(sim-world)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(SIM_LIBS) $(JSON_LIBS) -pthread

tests/guest/machine: $(machine-objs)
tests/guest/verify: $(verify-objs)
tests/guest/machine tests/guest/verify: $(guest-objs) $(sim-world)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(SIM_LIBS) -pthread

tests/guest/preload.so: $(preload-objs)
	$(call say,LINK,$@)
	$(Q)$(LINK_LIB) -o $@ $^ -pthread -ldl

define sim-test
tests/sim/test_$1: tests/sim/test_$1.o tests/sim/fixture.o $$(SIM_TEST_$1) \
		$(sim-world) $(sim-libs)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) -o $$@ $$(filter %.o,$$^) $$(SIM_LIBS) \
		$$(LIBS_xen-vblk-worker) $$(XENCTRL_LIBS) $$(CMOCKA_LIBS)
endef
$(foreach t,$(sim-tests:tests/sim/test_%=%),$(eval $(call sim-test,$t)))

# --- tests ---------------------------------------------------------------------

# The targets that a fresh machine starts with: packages first, then a
# configuration if there is none (or one that missed what is installed now),
# then the real thing.
SETUP_check := fuzz
SETUP_coverage := coverage
SETUP_fuzz := fuzz
SETUP_lint := lint
parallel = $(if $(findstring j,$(filter-out --%,$(MAKEFLAGS))),,-j$(shell nproc))

.PHONY: check check-quick check-smp coverage demo bench fuzz lint prove
check check-quick check-smp coverage demo bench fuzz lint prove:
	$(Q)$(srcdir)/tests/setup.sh build $(SETUP_$@)
	$(Q)grep -qs '^CONFIG_CMOCKA' config-host.mak || rm -f config-host.mak
	$(Q)$(MAKE) --no-print-directory $(parallel) run-$@

# What the scripts in tests/lint cannot know by themselves.
export LINT_BUILD := $(CURDIR)
export LINT_CC = $(CC)
export LINT_FLAGS = $(BASE_CFLAGS) $(WARNINGS) $(DEFINES) $(INCLUDES)
export LINT_SANITIZE = $(CONFIG_SANITIZE)
export LINT_OBJS = $(all-objs)

lint-script = $(1:%=$(srcdir)/tests/lint/%.sh)
structure := $(call lint-script,conformance hostile layers links lists spdx)
opinions := $(call lint-script,analyzer cppcheck headers man shell spelling tidy)

# For how long make fuzz runs each fuzzer, and make check all of them; and for
# how long make flip runs, and in make check.
SECONDS := 60
CHECK_SECONDS := 180
FLIP_SECONDS := 60
export FUZZ_BUILD := $(CURDIR)
fuzz-script := $(srcdir)/tests/fuzz/run.sh

# The programs in the simulated Xen: those that take seconds, and all.
sim-short := $(patsubst %,$(srcdir)/tests/sim/%.sh,life model nonsense removal \
	start)
sim-all := $(patsubst %,$(srcdir)/tests/sim/%.sh,failwalk store manager state) \
	$(sim-short)

checks = $(tests) $(fuzzers) $(proofs) $(sim-tests)
hostile := $(srcdir)/tests/hostile/run.sh
flip := $(srcdir)/tests/hostile/flip.sh
scenarios := $(srcdir)/tests/e2e/run.sh
sanitized := $(srcdir)/tests/sim/sanitized.sh
export SIM_BUILD := $(CURDIR)

.PHONY: run-check run-check-quick run-check-smp run-coverage
.PHONY: run-demo run-bench run-fuzz run-lint run-prove
run-check: all sim $(checks) tests/hostile/hostile tests/hostile/flip
	$(Q)$(srcdir)/tests/check.sh -s "$(flip) -s $(FLIP_SECONDS)" \
		-s "$(fuzz-script) -a $(CHECK_SECONDS)" \
		-s "$(scenarios) -w sim" -s "$(scenarios) -w rig" \
		-b "$(scenarios) -w rig -p" -b $(hostile) -b $(srcdir)/tests/broken/run.sh \
		$(sim-all) $(srcdir)/tests/unit/races.sh $(structure) $(checks)

run-check-quick: all sim $(tests) $(sim-tests) tests/hostile/hostile
	$(Q)$(srcdir)/tests/check.sh -s "$(scenarios) -w sim" -b $(hostile) \
		$(tests) $(sim-tests)

# Real Xen again, the long scenarios too, on two CPUs that race.
run-check-smp: all
	$(Q)SMP=2 $(scenarios) -w rig -l -j 1

# In a build directory of its own, whose make gets nothing from this one.
run-coverage:
	$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(srcdir)/tests/coverage.sh

# What it counts there: all that needs no rig.
.PHONY: counted run-counted
counted: all sim $(tests) $(fuzzers) $(sim-tests) tests/hostile/hostile

run-counted: counted
	$(Q)$(srcdir)/tests/check.sh -t 900 -s $(hostile) -s "$(scenarios) -w sim" \
		$(tests) $(fuzzers) $(sim-tests) $(sim-all)

run-demo: all
	$(Q)$(srcdir)/tests/demo.sh

run-bench: all
	$(Q)$(srcdir)/tests/bench.sh

run-fuzz: $(fuzzers)
	$(Q)$(fuzz-script) -s $(SECONDS)

run-prove: $(proofs)
	$(Q)$(srcdir)/tests/check.sh -s $(srcdir)/tests/prove/cbmc.sh $(proofs)

run-lint: all
	$(Q)$(call lint-script,size)
	$(Q)$(srcdir)/tests/check.sh -t 900 $(structure) $(opinions)

.PHONY: check-sim
check-sim: all sim $(sim-tests)
	$(Q)$(if $(CONFIG_CMOCKA),,echo "no cmocka here (libcmocka-dev)"; exit 1)
	$(Q)$(srcdir)/tests/check.sh -s "$(scenarios) -w sim" $(sim-tests) \
		$(sim-short)

.PHONY: check-sanitized
check-sanitized: all sim
	$(Q)$(sanitized)

.PHONY: check-hostile
check-hostile: all sim tests/hostile/hostile
	$(Q)$(hostile)

.PHONY: flip
flip: all sim tests/hostile/flip
	$(Q)$(flip) -s $(SECONDS)

.PHONY: check-unit
check-unit: $(tests)
	$(Q)$(if $(CONFIG_CMOCKA),,echo "no cmocka here (libcmocka-dev)"; exit 1)
	$(Q)$(if $(tests),$(srcdir)/tests/check.sh $(tests),echo "no unit tests")

# --- install -------------------------------------------------------------------

pages := $(wildcard $(srcdir)/docs/man/*.[158])
texts := README.md SECURITY.md COPYING
documents := $(wildcard $(srcdir)/docs/*.md)
installed = \
	$(sbindir)/xen-vblkd \
	$(libexecdir)/xen-vblkd/xen-vblk-dm \
	$(libexecdir)/xen-vblkd/xen-vblk-worker \
	$(bindir)/xen-vblk \
	$(bindir)/mapstress \
	$(bindir)/mapshare \
	$(unitdir)/xen-vblkd.service \
	$(docdir)/xen-vblkd.conf.example \
	$(texts:%=$(docdir)/%) \
	$(documents:$(srcdir)/docs/%=$(docdir)/docs/%) \
	$(foreach p,$(pages),$(mandir)/man$(subst .,,$(suffix $p))/$(notdir $p))

xen-vblkd.service: $(srcdir)/tools/xen-vblkd.service.in config-host.mak
	$(call say,GEN,$@)
	$(Q)sed 's|@sbindir@|$(sbindir)|g' $< >$@

# An administrator's configuration is never replaced.
.PHONY: install
install: xen-vblkd xen-vblk-dm xen-vblk-worker xen-vblk mapstress mapshare \
		xen-vblkd.service
	install -d $(sort $(dir $(addprefix $(DESTDIR),$(installed)))) \
		$(DESTDIR)$(sysconfdir)
	install xen-vblkd $(DESTDIR)$(sbindir)/
	install xen-vblk-dm xen-vblk-worker $(DESTDIR)$(libexecdir)/xen-vblkd/
	install xen-vblk mapstress mapshare $(DESTDIR)$(bindir)/
	install -m 644 xen-vblkd.service $(DESTDIR)$(unitdir)/
	install -m 644 $(srcdir)/docs/xen-vblkd.conf.example \
		$(texts:%=$(srcdir)/%) $(DESTDIR)$(docdir)/
	install -m 644 $(documents) $(DESTDIR)$(docdir)/docs/
	$(foreach p,$(pages),install -m 644 $p \
		$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $p))/ &&) :
	[ -e $(DESTDIR)$(sysconfdir)/xen-vblkd.conf ] || install -m 644 \
		$(srcdir)/docs/xen-vblkd.conf.example \
		$(DESTDIR)$(sysconfdir)/xen-vblkd.conf

.PHONY: uninstall
uninstall:
	rm -f $(addprefix $(DESTDIR),$(installed))
	-rmdir $(DESTDIR)$(libexecdir)/xen-vblkd $(DESTDIR)$(docdir)/docs \
		$(DESTDIR)$(docdir)
	@echo "$(sysconfdir)/xen-vblkd.conf stays: it is yours."

# --- the rest ------------------------------------------------------------------

.PHONY: clean
clean:
	$(Q)rm -f $(PROGRAMS) libmapcache.a xen-vblkd.service \
		$(all-objs) $(all-objs:.o=.d) $(counted-objs:.o=.gcno) \
		$(counted-objs:.o=.gcda) $(all-tests) $(all-fuzzers) tests/fuzz/worker $(proofs) \
		$(all-tests:=.o) $(all-tests:=.d) \
		$(all-sim-tests) $(all-sim-tests:=.o) $(all-sim-tests:=.d) \
		tests/sim/simctl tests/hostile/hostile tests/hostile/flip \
		tests/guest/machine tests/guest/preload.so tests/guest/verify \
		$(sim-world) $(sim-libs) \
		tests/sim/lib/libxenctrl.so.*

# A build directory's own Makefile stays: it is how one gets back.
.PHONY: distclean
distclean: clean
	$(Q)rm -f config-host.mak config-host.h config.log config.status \
		compile_commands.json
	$(Q)rm -rf build-coverage build-fuzz build-sanitized build-threads

.PHONY: help
help:
	@echo "make               build everything, after ./configure if need be"
	@echo "make demo          a guest on real Xen (in QEMU) that uses a disk"
	@echo "make check         all tests: structure, units, fuzzers, real Xen"
	@echo "make check-quick   the part of it that needs no rig"
	@echo "make check-smp     real Xen again on two CPUs, long scenarios too"
	@echo "make lint          structure, and what other tools think of the code"
	@echo "make coverage      what unit tests and simulation run, and what not"
	@echo "make prove         index arithmetic and bounds, for all cases"
	@echo "make fuzz          each fuzzer for a minute; SECONDS=n for longer"
	@echo "make bench         measure, on real Xen in QEMU"
	@echo "                   (these nine install what they need on Debian;"
	@echo "                   ARCH=arm or ARCH=x86: on that Xen only)"
	@echo "make check-unit    only the unit tests"
	@echo "make sim           the simulated Xen, see tests/sim/README.md"
	@echo "make check-sim     the simulated Xen, and our programs in it"
	@echo "make check-sanitized  the same scenarios, built with sanitizers"
	@echo "make check-hostile guests that lie, in the simulated Xen"
	@echo "make flip          a guest gone mad, for a minute; SECONDS=n for longer"
	@echo "make install       DESTDIR= and configure's directories are respected"
	@echo "make uninstall     remove it again, but not the configuration"
	@echo "make clean         remove what make made"
	@echo "make distclean     remove what configure made, too"
	@echo "V=1                show the commands"
