# shellcheck shell=bash disable=SC2034,SC2054,SC2154,SC2164
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The x86 rig: Debian's Xen as it is, a PV dom0, and HVM guests whose device
# model is Debian's QEMU, in dom0; we are a second one.  Sourced by lib.sh.

rig_debian=amd64
rig_triplet=x86_64-linux-gnu
rig_loader=lib64/ld-linux-x86-64.so.2
rig_linux=x86
rig_linux_image=arch/x86/boot/bzImage
RIG_CROSS=x86_64-linux-gnu-

# --- prepare.sh ---------------------------------------------------------------

host_packages_of_arch=(
	qemu-system-x86
)

# QEMU, the guest's firmware and boot loader, and what they are linked to
run_packages_of_arch=(
	fdisk grub-common grub-pc-bin libatomic1 libcap2 libdevmapper1.02.1
	libfdisk1 libffi8 libglib2.0-0t64 libgstreamer-plugins-base1.0-0
	libgstreamer1.0-0 libjpeg62-turbo liblz4-1 liblzma5 libopus0
	liborc-0.4-0t64 libpixman-1-0 libreadline8t64 libsasl2-2
	libspice-server1 libssl3t64 libstdc++6 libudev1 libunwind8 libusb-1.0-0
	libxxhash0 libzstd1 qemu-system-data qemu-system-xen seabios
)

xen_inputs=xen-hypervisor-4.20-amd64
stock_inputs=linux-image-amd64

# QEMU wants it unpacked, to load it as a multiboot kernel.
make_xen() {
	private_apt
	say "xen: downloading $xen_inputs"
	apt-get download "$xen_inputs"
	dpkg-deb --fsys-tarfile "$xen_inputs"_*.deb |
		tar xO ./boot/xen-4.20-amd64.gz | zcat >xen
	rm ./*.deb
}

# A guest of the second uses grants, if its disks take them: on x86 nothing
# but the kernel's configuration can tell it to.
make_kernels() {
	make_image Image
	make_image Image-grant CONFIG_XEN_VIRTIO_FORCE_GRANT=y
}

# Debian's own kernel for guests, with the one module they need.
make_stock() {
	local package

	private_apt
	package=$(apt-cache depends "$stock_inputs" |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p')
	say "stock: downloading $package"
	apt-get download "$package"
	dpkg-deb -x "$package"_*.deb .
	cp boot/vmlinuz-* Image
	mkdir -p modules
	xz -dc usr/lib/modules/*/kernel/drivers/block/virtio_blk.ko.xz \
		>modules/virtio_blk.ko
	rm -r ./*.deb boot usr
}

# --- pack.sh ------------------------------------------------------------------

# dom0_of_arch ROOT
dom0_of_arch() {
	local root=$1

	into "$root" usr/libexec/xen-qemu-system-i386
	into "$root" usr/bin/grub-mkimage
	into "$root" usr/sbin/sfdisk
	mkdir -p "$root"/usr/lib/{grub,xen-4.20/boot} \
		"$root"/usr/share/{qemu,seabios}
	cp -r "$tree/usr/lib/grub/i386-pc" "$root/usr/lib/grub/"
	cp "$tree/usr/lib/xen-4.20/boot/hvmloader" \
		"$root/usr/lib/xen-4.20/boot/"
	cp "$tree/usr/share/seabios/bios-256k.bin" "$root/usr/share/seabios/"
	# What QEMU hands the firmware for a guest with kernel=; and its keymaps,
	# without which it ends even where there is no keyboard.
	cp -rL "$tree"/usr/share/qemu/{linuxboot_dma.bin,keymaps} \
		"$root/usr/share/qemu/"

	cp "$RIG_PARTS/stock/Image" "$root/root/guest/Image-stock"
	archive "$RIG_PARTS/stock" modules >"$root/root/guest/stock.cpio"
}

# --- boot.sh ------------------------------------------------------------------

rig_qemu=qemu-system-x86_64
rig_9p=virtio-9p-pci
# QEMU 7.2's emulation has no mwait for Xen to idle with
rig_xen_args="console=com1 com1=115200,8n1 cpuidle=0"
rig_dom0_args=

# What the emulated processor must not have: smap and smep kill a PV dom0, Xen
# panics at monitor's mwait, guests hang at rdtscp, and xsave's sizes disagree.
rig_cpu=EPYC,svm=on,npt=on,smap=off,smep=off,monitor=off,rdtscp=off,xsave=off

# machine XEN XEN-ARGS KERNEL KERNEL-ARGS INITRD
machine() {
	machine=(
		-machine q35 -cpu "$rig_cpu"
		-kernel "$1" -append "$2" -initrd "$3 $4,$5"
	)
}
