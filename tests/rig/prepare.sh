#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fills the rig's cache: an arm64 Debian userland and sysroot, Xen with
# IOREQ_SERVER, one kernel for dom0 and guests, and a cross compiler.
#
# Each part sits in a directory named after the hash of what it is made from,
# and is made under another name and renamed when it is complete: what has its
# final name is whole, and a changed recipe is a different name.  With nothing
# to do this takes a fraction of a second and needs no network.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<U
usage: prepare.sh [--clean]

Installs the host packages the rig needs (Debian, root or sudo) and fills
$RIG_CACHE
About 5 minutes the first time, no time at all after that.
--clean removes the cache first.

RIG_CACHE   another place for the cache
RIG_MIRROR  the Debian mirror (default: the one this host's apt uses)
U
}

suite=trixie
linux_source=linux-source-6.12
stock_xen=xen-hypervisor-4.20-arm64
# An earlier source of the same Xen release, for archives that have not got the
# current one yet (they may serve the programs of a point release days before).
older_xen=xen_4.20.3+127-gc42374a105.orig.tar.xz
older_xen_sum=df0831854a55a8f31cb3cb85036f2edc928e2ef098d77f815f5714bfafac68f3

host_packages=(
	bc bison ca-certificates cpio debian-archive-keyring flex gcc
	gcc-aarch64-linux-gnu libc6-dev libc6-dev-arm64-cross libelf-dev
	libssl-dev make pkg-config python3 qemu-system-arm socat util-linux
	xz-utils
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
	log_to "$RIG_CACHE/log/host.log"
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

# --- a private apt ----------------------------------------------------------

# The Debian archive this host already trusts, not one of our choosing.
host_mirror() {
	if [ -n "${RIG_MIRROR:-}" ]; then
		echo "$RIG_MIRROR"
		return
	fi
	# apt fills in the placeholders, not the shell
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m 1 '/debian/*$' || true
}

# An apt root of our own with another suite and architecture.  It shares with
# the host the keyring and the download settings (proxies), nothing else.
private_apt() {
	local apt=$RIG_CACHE/apt mirror
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	[ -z "${APT_CONFIG:-}" ] || return 0
	mirror=$(host_mirror)
	[ -n "$mirror" ] ||
		die "no Debian mirror in this host's apt sources: set RIG_MIRROR"

	rm -rf "$apt"
	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
	mkdir -p "$apt"/etc/{apt.conf.d,preferences.d,sources.list.d}
	cat >"$apt/etc/sources.list" <<S
deb [signed-by=$key arch=arm64] $mirror $suite main
deb-src [signed-by=$key] $mirror $suite main
S
	: >"$apt/state/status"
	{
		apt-config dump Acquire
		cat <<C
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Dir::Etc "$apt/etc";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
APT::Update::Error-Mode "any";
C
	} >"$apt/apt.conf"
	export APT_CONFIG=$apt/apt.conf
	say "package index of $suite/arm64"
	apt-get update
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
	for d in root sysroot; do
		[ -e "$d/lib" ] || ln -s usr/lib "$d/lib"
	done
	(cd run && printf '%s\n' *.deb) >packages
	rm -r run dev
}

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
	cat "$RIG_DIR/xen.config" >>.config
	"${mk[@]}" olddefconfig
	check_config "$RIG_DIR/xen.config" .config
	"${mk[@]}" -j"$(nproc)"
	cd ../..
	cp src/xen/xen xen
	cp src/xen/.config config
	rm -r src xen_*
}

# Debian's own build, without ioreq servers: what users without our advice have.
make_stock() {
	private_apt
	say "stock: downloading $stock_xen"
	apt-get download "$stock_xen"
	dpkg-deb --fsys-tarfile "$stock_xen"_*.deb |
		tar xO ./boot/xen-4.20-arm64 >xen
	rm ./*.deb
}

make_kernel() {
	local mk=(make -s "O=$PWD/build" "ARCH=arm64" "CROSS_COMPILE=$RIG_CROSS")

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
	cd "$linux_source"
	say "kernel: compiling (the long part)"
	"${mk[@]}" "KCONFIG_ALLCONFIG=$RIG_DIR/kernel.config" allnoconfig
	check_config "$RIG_DIR/kernel.config" ../build/.config
	"${mk[@]}" -j"$(nproc)" Image
	cd ..
	cp build/arch/arm64/boot/Image Image
	cp build/.config config
	rm -r build "$linux_source"
}

# Kconfig drops what it cannot satisfy without a word; say the word.
check_config() {
	local line bad=0

	while read -r line; do
		grep -qxF -e "$line" "$2" || {
			echo "$1: Kconfig did not accept: $line"
			bad=1
		}
	done < <(grep '^CONFIG_' "$1")
	return "$bad"
}

# part NAME INPUT...: makes a part unless one from the same inputs is there.
# The recipe is an input too, so that editing a make_ function rebuilds.
part() {
	local name=$1 key dir started old
	shift

	key=$({ declare -f "make_$name" && printf '%s\n' "$suite" "$@"; } |
		sha256sum)
	dir=$RIG_CACHE/$name-${key:0:12}
	if [ ! -d "$dir" ]; then
		started=$SECONDS
		log_to "$RIG_CACHE/log/$name.log"
		say "$name: making it, log in $rig_log"
		rm -rf "$RIG_CACHE/tmp.$name"
		mkdir "$RIG_CACHE/tmp.$name"
		cd "$RIG_CACHE/tmp.$name"
		"make_$name" </dev/null >"$rig_log" 2>&1
		mv "$RIG_CACHE/tmp.$name" "$dir"
		log_end
		say "$name: done in $((SECONDS - started)) s"
	fi
	ln -sfn "${dir##*/}" "$RIG_CACHE/$name"
	for old in "$RIG_CACHE/$name"-*; do
		[ "$old" = "$dir" ] || rm -rf "$old"
	done
}

# The host's cross compiler with the target's headers and libraries, and the
# pkg-config that goes with it.
write_wrappers() {
	mkdir -p "$RIG_CACHE/bin"
	cat >"$RIG_CC.new" <<C
#!/bin/sh
s='$RIG_CACHE/tree/sysroot'
l=\$s/usr/lib/aarch64-linux-gnu
exec ${RIG_CROSS}gcc --sysroot="\$s" \\
	-isystem "\$s/usr/include/aarch64-linux-gnu" \\
	-isystem "\$s/usr/include" \\
	-B"\$l" -L"\$l" -Wl,-rpath-link,"\$l" "\$@"
C
	cat >"$RIG_PKG_CONFIG.new" <<C
#!/bin/sh
s='$RIG_CACHE/tree/sysroot'
PKG_CONFIG_SYSROOT_DIR=\$s
PKG_CONFIG_LIBDIR=\$s/usr/lib/aarch64-linux-gnu/pkgconfig:\$s/usr/share/pkgconfig
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

	rm -rf "$RIG_CACHE"/tmp.* "$RIG_CACHE/apt"
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
	rm -rf "$RIG_CACHE"/{tree,xen,stock,kernel}{,-*} "$RIG_CACHE"/clone-*
fi
trap log_tail EXIT
sweep
prepare_host
part tree "${run_packages[@]}" "${dev_packages[@]}"
write_wrappers
part xen "$(cat "$RIG_DIR/xen.config")"
part stock "$stock_xen"
part kernel "$linux_source" "$(cat "$RIG_DIR/kernel.config")"
sweep
say "ready: $RIG_CACHE"
