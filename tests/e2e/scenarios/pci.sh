# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: x86
# limit: 120
# The disk is a modern virtio PCI device with one MSI-X vector for each queue; a
# kernel that uses no MSI gets a line interrupt instead, also from a worker that
# took over in the middle; and that one uses grants. QEMU's own disk beside it is
# undisturbed.

for f in a c; do
	image $f.img 32M >/dev/null
done
for f in b d; do
	image $f.img 4M >/dev/null
done
daemon_start
guest_create msix -c 2 -a xen_emul_unplug=never /srv/a.img /srv/b.img,vdev=hda,backendtype=qdisk
guest_create intx -g 1 -a xen_emul_unplug=never -a pci=nomsi \
	/srv/c.img /srv/d.img,vdev=hda,backendtype=qdisk
guest_ready msix
guest_ready intx

guest_sh msix "cat /sys/bus/virtio/devices/*/features" | cut -c33 |
	grep -qx 1 || fail "the device is not modern (VIRTIO_F_VERSION_1)"
guest_sh msix "cat /sys/block/vda/device/../device" | grep -qx 0x1042 ||
	fail "vda is no virtio 1.0 block device"
interrupts() {
	guest_sh "$1" "grep virtio /proc/interrupts" | tee "/tmp/$1.out"
}
[ "$(interrupts msix | grep -c 'MSI.*-req')" = 2 ] ||
	fail "two queues should have two vectors: $(cat /tmp/msix.out)"
interrupts intx | grep -q 'IO-APIC.*virtio' ||
	fail "pci=nomsi should have a line interrupt: $(cat /tmp/intx.out)"

for g in msix intx; do
	guest_sh $g "(vblk-load pattern-write --size 32M --seed 1 --direct \
		/dev/vda >a.out 2>&1; echo \$? >a.rc) &
		(vblk-load pattern-write --size 4M --seed 2 --direct \
		/dev/sda >b.out 2>&1; echo \$? >b.rc) & true"
done
for turn in 1 2; do
	sleep 0.5
	kill_workers
	sleep 1
done
for g in msix intx; do
	for f in a b; do
		guest_sh $g "while [ ! -e $f.rc ]; do sleep 0.2; done
			cat $f.out; exit \$(cat $f.rc)" 90
	done
	guest_sh $g "vblk-load pattern-check --size 32M --seed 1 --direct /dev/vda"
	guest_sh $g "vblk-load pattern-check --size 4M --seed 2 --direct /dev/sda"
	quiet_dmesg $g
done
expect_only_rings_mapped "$(domid intx)" "$RING_PAGES"
for f in a c; do
	vblk-load pattern-check --size 32M --seed 1 /srv/$f.img
done
for f in b d; do
	vblk-load pattern-check --size 4M --seed 2 /srv/$f.img
done
xl destroy msix
xl destroy intx
all_gone
