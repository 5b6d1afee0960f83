#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fills the rig's cache: a Debian userland and sysroot, Xen with ioreq servers,
# a kernel for dom0 and guests, and a compiler for that userland.
# With nothing to do this takes a fraction of a second and needs no network.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=parts.sh
. "$RIG_DIR/parts.sh"

usage() {
	cat <<U
usage: prepare.sh [--clean]

Installs the host packages the rig needs (Debian, root or sudo) and fills
$RIG_PARTS
About 5 minutes the first time, no time at all after that.
--clean removes that first.

ARCH=arm    or x86
RIG_CACHE   another place for the cache
RIG_MIRROR  the Debian mirror (default: the one this host's apt uses)
U
}

linux_source=linux-source-6.12
kernel_config=("$RIG_DIR/kernel.config" "$RIG_DIR/$ARCH/kernel.config")

host_packages=(
	bc bison ca-certificates cpio debian-archive-keyring flex gcc
	libc6-dev libelf-dev libssl-dev make pkg-config socat util-linux
	xz-utils "${host_packages_of_arch[@]}"
)

# Run in dom0 or in the guest.
run_packages=(
	busybox-static dash e2fsprogs libblkid1 libc6 libcap-ng0 libcom-err2
	libcrypt1 libext2fs2t64 libfdt1 libgcc-s1 libinih1 libjson-c5 libmount1 libncurses6
	libpcre2-8-0 libselinux1 libsmartcols1 libss2 libtinfo6 liburing2 libuuid1
	libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1
	libxengnttab1 libxenhypfs1 libxenmisc4.20 libxenstore4
	libxentoolcore1 libxentoollog1 libyajl2 strace util-linux
	xen-utils-4.20 xen-utils-common xenstore-utils zlib1g
	"${run_packages_of_arch[@]}"
)

# Only compiled against.
dev_packages=(
	libc-dev-bin libc6-dev libcrypt-dev libinih-dev libjson-c-dev liburing-dev
	libxen-dev linux-libc-dev
)

# --- the host ---------------------------------------------------------------

missing_host_packages() {
	local p

	for p in "${host_packages[@]}"; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null |
			grep -q '^ii' || echo "$p"
	done
}

prepare_host() {
	local -a missing root=()

	command -v dpkg-query >/dev/null ||
		die "this script knows only Debian hosts (no dpkg-query here)"
	mapfile -t missing < <(missing_host_packages)
	[ "${#missing[@]}" -gt 0 ] || return 0

	say "installing host packages: ${missing[*]}"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "not root and no sudo; run: apt-get install ${missing[*]}"
		root=(sudo)
	fi
	root+=(env "DEBIAN_FRONTEND=noninteractive")
	log_to "$RIG_PARTS/log/host.log"
	{
		"${root[@]}" apt-get install -y --no-install-recommends \
			"${missing[@]}" || {
			"${root[@]}" apt-get update
			"${root[@]}" apt-get install -y \
				--no-install-recommends "${missing[@]}"
		}
	} </dev/null >"$rig_log" 2>&1
	log_end
}

# --- the parts --------------------------------------------------------------
# Each is called in an empty directory and leaves the part there.

make_tree() {
	local d

	private_apt
	say "tree: downloading and unpacking ${#run_packages[@]} packages" \
		"(sysroot: ${#dev_packages[@]} more)"
	mkdir run dev root sysroot
	(cd run && apt-get download "${run_packages[@]}")
	(cd dev && apt-get download "${dev_packages[@]}")
	for d in run/*.deb; do
		dpkg-deb -x "$d" root
	done
	for d in run/*.deb dev/*.deb; do
		dpkg-deb -x "$d" sysroot
	done
	# as a merged /usr has it
	for d in {root,sysroot}/usr/lib{,64}; do
		[ ! -d "$d" ] || [ -e "${d/usr\/}" ] ||
			ln -s "usr/${d##*/}" "${d/usr\/}"
	done
	(cd run && printf '%s\n' *.deb) >packages
	rm -r run dev
}

make_kernel() {
	private_apt
	say "kernel: downloading and unpacking $linux_source"
	apt-get download "$linux_source"
	mkdir build
	# the header mountain of one GPU driver is a tenth of the tree
	dpkg-deb --fsys-tarfile "$linux_source"_*.deb |
		tar xO "./usr/src/$linux_source.tar.xz" |
		tar xJ --exclude='*/drivers/gpu/drm/amd/include/*' \
			--exclude='*/Documentation/*/*.rst'
	rm ./*.deb
	make_kernels
	rm -r build "$linux_source"
}

# make_image NAME [LINE]: with this line more in its configuration.  Images one
# after the other share what does not depend on it.
make_image() {
	local line=${2:-}
	local mk=(make -s -C "$linux_source" "O=$PWD/build" "ARCH=$rig_linux"
		"CROSS_COMPILE=$RIG_CROSS")

	say "kernel: compiling $1"
	grep -hvxF "# ${line%=*} is not set" "${kernel_config[@]}" >wanted
	echo "$line" >>wanted
	"${mk[@]}" "KCONFIG_ALLCONFIG=$PWD/wanted" allnoconfig
	check_config build/.config wanted
	"${mk[@]}" -j"$(nproc)" "${rig_linux_image##*/}"
	cp "build/$rig_linux_image" "$1"
	cp build/.config "config${1#Image}"
	rm wanted
}

# check_config CONFIG WANTED: Kconfig drops what it cannot satisfy without a
# word; say the word.
check_config() {
	local line bad=0

	while read -r line; do
		grep -qxF -e "$line" "$1" || {
			echo "$2: Kconfig did not accept: $line"
			bad=1
		}
	done < <(grep '^CONFIG_' "$2")
	return "$bad"
}

# The host's cross compiler with the target's headers and libraries, and the
# pkg-config that goes with it.
write_wrappers() {
	mkdir -p "$RIG_PARTS/bin"
	cat >"$RIG_CC.new" <<C
#!/bin/sh
s='$RIG_PARTS/tree/sysroot'
l=\$s/usr/lib/$rig_triplet
exec ${RIG_CROSS}gcc --sysroot="\$s" \\
	-isystem "\$s/usr/include/$rig_triplet" \\
	-isystem "\$s/usr/include" \\
	-B"\$l" -L"\$l" -Wl,-rpath-link,"\$l" "\$@"
C
	cat >"$RIG_PKG_CONFIG.new" <<C
#!/bin/sh
s='$RIG_PARTS/tree/sysroot'
PKG_CONFIG_SYSROOT_DIR=\$s
PKG_CONFIG_LIBDIR=\$s/usr/lib/$rig_triplet/pkgconfig:\$s/usr/share/pkgconfig
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
exec pkg-config "\$@"
C
	chmod +x "$RIG_CC.new" "$RIG_PKG_CONFIG.new"
	mv "$RIG_CC.new" "$RIG_CC"
	mv "$RIG_PKG_CONFIG.new" "$RIG_PKG_CONFIG"
}

# Leftovers of interrupted runs, and of clones that are gone.
sweep() {
	local d

	rm -rf "$RIG_PARTS"/tmp.* "$RIG_PARTS/apt"
	for d in "$RIG_CACHE"/clone-*; do
		[ -e "$d/source" ] || continue
		[ -d "$(cat "$d/source")" ] || rm -rf "$d"
	done
}

case ${1:-} in
"") ;;
--clean) ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac

cache_lock -x
if [ "${1:-}" = --clean ]; then
	rm -rf "$RIG_PARTS"/{tree,xen,stock,kernel}{,-*}
fi
trap log_tail EXIT
sweep
prepare_host
part tree "${run_packages[@]}" "${dev_packages[@]}"
write_wrappers
part xen "$xen_inputs"
part stock "$stock_inputs"
part kernel "$linux_source" "$(declare -f make_image make_kernels)" \
	"$(cat "${kernel_config[@]}")"
sweep
say "ready: $RIG_PARTS"
