# shellcheck shell=bash disable=SC2034,SC2054,SC2154,SC2164
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Arm rig: Debian's Xen lacks ioreq servers there, so Xen is compiled; its
# guests are PVH and have no other device model.  Sourced by lib.sh.

rig_debian=arm64
rig_triplet=aarch64-linux-gnu
rig_loader=lib/ld-linux-aarch64.so.1
rig_linux=arm64
rig_linux_image=arch/arm64/boot/Image
RIG_CROSS=aarch64-linux-gnu-

# --- prepare.sh ---------------------------------------------------------------

host_packages_of_arch=(
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross python3 qemu-system-arm
)
run_packages_of_arch=()

xen_inputs=$(cat "$RIG_DIR/arm/xen.config")
stock_inputs=xen-hypervisor-4.20-arm64
# An earlier source of the same Xen release, for archives that have not got the
# current one yet (they may serve the programs of a point release days before).
older_xen=xen_4.20.3+127-gc42374a105.orig.tar.xz
older_xen_sum=df0831854a55a8f31cb3cb85036f2edc928e2ef098d77f815f5714bfafac68f3

fetch_xen() {
	local mirror

	apt-get source --tar-only xen && return
	mirror=$(host_mirror)
	say "xen: the archive lacks the current source, taking ${older_xen%.orig*}"
	/usr/lib/apt/apt-helper download-file \
		"${mirror%/}/pool/main/x/xen/${older_xen//+/%2b}" \
		"$older_xen" "SHA256:$older_xen_sum"
}

make_xen() {
	local mk=(make -s "XEN_TARGET_ARCH=arm64" "CROSS_COMPILE=$RIG_CROSS")

	private_apt
	say "xen: downloading the source"
	fetch_xen
	mkdir src
	tar xf xen_*.orig.tar.xz -C src --strip-components=1
	say "xen: compiling"
	cd src/xen
	"${mk[@]}" defconfig
	cat "$RIG_DIR/arm/xen.config" >>.config
	"${mk[@]}" olddefconfig
	check_config .config "$RIG_DIR/arm/xen.config"
	"${mk[@]}" -j"$(nproc)"
	cd ../..
	cp src/xen/xen xen
	cp src/xen/.config config
	rm -r src xen_*
}

make_kernels() {
	make_image Image
}

# Debian's own build, without ioreq servers: what users without our advice have.
make_stock() {
	private_apt
	say "stock: downloading $stock_inputs"
	apt-get download "$stock_inputs"
	dpkg-deb --fsys-tarfile "$stock_inputs"_*.deb |
		tar xO ./boot/xen-4.20-arm64 >xen
	rm ./*.deb
}

# --- pack.sh ------------------------------------------------------------------

# dom0_of_arch ROOT
dom0_of_arch() {
	:
}

# --- boot.sh ------------------------------------------------------------------

rig_qemu=qemu-system-aarch64
rig_9p=virtio-9p-device
rig_xen_args="console=dtuart dtuart=/pl011@9000000"
rig_dom0_args=clk_ignore_unused

# machine XEN XEN-ARGS KERNEL KERNEL-ARGS INITRD
machine() {
	machine=(
		-machine virt,virtualization=on,gic-version=3 -cpu cortex-a57
		-kernel "$1" -append "$2"
		-device "guest-loader,addr=0x50000000,kernel=$3,bootargs=$4"
		-device "guest-loader,addr=0x54000000,initrd=$5"
	)
}
