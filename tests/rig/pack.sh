#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packs what boots: dom0's initramfs with the guest's inside it.  Takes seconds,
# or less where it would pack the same again; an image that is removed is packed.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<U
usage: pack.sh [FILE...]

Packs $RIG_IMAGE
from the cache, from what build.sh installed (if anything) and from this
directory.  Each FILE goes into dom0's /usr/bin (a program for $rig_debian or a script).

RIG_IMAGE_OUT  another place for the images
RIG_STAGE_IN   another tree to put into dom0, as 'make install DESTDIR=' made it
U
}

tree=$RIG_PARTS/tree/root
libdir=usr/lib/$rig_triplet
xenbin=usr/lib/xen-4.20/bin

guest_programs=(
	usr/sbin/{blkdiscard,blockdev,e2fsck,fstrim,mke2fs}
)
dom0_programs=(
	"${guest_programs[@]}"
	"$xenbin"/{xl,xenstored,xenconsoled,xen-init-dom0,xenconsole}
	"$xenbin"/{libxl-save-helper,xenperf,xentop,xenctx,xenstore-control}
	usr/bin/{strace,fallocate,prlimit,setpriv,unshare,flock,lslocks}
	usr/sbin/{dumpe2fs,tune2fs}
)

# Programs and libraries whose own libraries may not be there yet.
unresolved=()

# into ROOT PATH: copies a program or library of the tree. A library the tree
# lacks is an error now, not a riddle in dom0.
into() {
	local root=$1 path=$2

	[ ! -e "$root/$path" ] || return 0
	[ -e "$tree/$path" ] || die "the $rig_debian tree has no $path"
	[ -d "$root/${path%/*}" ] || mkdir -p "$root/${path%/*}"
	cp -L "$tree/$path" "$root/$path"
	unresolved+=("$root/$path")
}

# resolve ROOT: with what these are linked to, and with what that is linked to
resolve() {
	local root=$1 lib files

	while [ ${#unresolved[@]} -gt 0 ]; do
		files=("${unresolved[@]}")
		unresolved=()
		while read -r lib; do
			into "$root" "$libdir/$lib"
		done < <("${RIG_CROSS}readelf" -d "${files[@]}" 2>/dev/null |
			sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
	done
}

# What dom0 and guest have in common.
base() {
	local root=$1 d

	mkdir -p "$root"/{dev,etc,proc,sys,tmp,run,mnt,var,root} \
		"$root"/usr/{bin,sbin,lib,lib64}
	for d in bin sbin lib lib64; do
		ln -s "usr/$d" "$root/$d"
	done
	install -m755 "$tree/usr/bin/busybox" "$root/usr/bin/busybox"
	# busybox's own sh runs its applets even where PATH has the real thing
	into "$root" usr/bin/dash
	ln -s dash "$root/usr/bin/sh"
	into "$root" "$libdir/${rig_loader##*/}"
	ln -s "/$libdir/${rig_loader##*/}" "$root/usr/$rig_loader"
	cp "$tree/etc/mke2fs.conf" "$root/etc/"
	{
		echo "root:x:0:0:root:/root:/bin/sh"
		echo "nobody:x:65534:65534:nobody:/:/bin/false"
	} >"$root/etc/passwd"
	{
		echo "root:x:0:"
		echo "nogroup:x:65534:"
	} >"$root/etc/group"
	[ ! -e "$RIG_TOOLS/vblk-load" ] ||
		install -m755 "$RIG_TOOLS/vblk-load" "$root/usr/bin/vblk-load"
}

programs() {
	local root=$1 p
	shift

	for p in "$@"; do
		into "$root" "$p"
	done
	ln -s mke2fs "$root/usr/sbin/mkfs.ext4"
	ln -s e2fsck "$root/usr/sbin/fsck.ext4"
}

guest() {
	base "$out/guest"
	programs "$out/guest" "${guest_programs[@]}"
	mkdir "$out/guest/tests"
	install -m755 "$RIG_DIR"/guest/tests/* "$out/guest/tests/"
	install -m755 "$RIG_DIR/guest/init" "$out/guest/init"
	[ ! -e "$RIG_TOOLS/mapshare" ] ||
		install -m755 "$RIG_TOOLS/mapshare" "$out/guest/usr/bin/"
}

dom0() {
	local p

	base "$out/dom0"
	programs "$out/dom0" "${dom0_programs[@]}"
	for p in "$tree"/usr/bin/xenstore-*; do
		[ -L "$p" ] || into "$out/dom0" "${p#"$tree"/}"
	done
	# dlopen()ed by glibc: without it xl aborts at pthread_cancel()
	into "$out/dom0" "$libdir/libgcc_s.so.1"
	for p in "$tree/$libdir"/lib{xen*,uring,json-c}.so.[0-9]*; do
		[ ! -f "$p" ] || into "$out/dom0" "${p#"$tree"/}"
	done

	mkdir -p "$out/dom0/etc/xen" "$out/dom0"/{srv,share}
	cp -a "$tree/etc/xen/scripts" "$out/dom0/etc/xen/"
	echo 'autoballoon="off"' >"$out/dom0/etc/xen/xl.conf"
	install -m755 "$RIG_DIR/dom0/init" "$out/dom0/init"
	install -m755 "$RIG_DIR/dom0/guest" "$out/dom0/usr/bin/guest"
	install -m755 "$RIG_DIR/dom0/jobs" "$out/dom0/usr/bin/rig-jobs"

	mkdir "$out/dom0/root/guest"
	cp "$RIG_PARTS"/kernel/Image* "$out/guest.cpio" "$out/dom0/root/guest/"
	dom0_of_arch "$out/dom0"
}

# The product as installed, without its documentation.
product() {
	local stage=${RIG_STAGE_IN:-$RIG_STAGE} f

	if [ ! -d "$stage" ]; then
		say "note: nothing installed in $stage, dom0 gets no product"
		return
	fi
	(cd "$stage" && tar c --exclude=./usr/share/man --exclude=./usr/share/doc .) |
		tar x --keep-directory-symlink --no-same-owner -C "$out/dom0"
	while read -r f; do
		unresolved+=("$f")
	done < <(cd "$stage" && find . -type f -perm -u+x -printf "$stage/%P\n")
}

# archive DIR [NAME]: what the kernel unpacks
archive() {
	(cd "$1" && find "${2:-.}" ! -name . | LC_ALL=C sort |
		cpio --quiet -o -H newc --owner 0:0)
}

# What the image is made of: our files and the product by what they contain, and
# which making of each part.
inputs() {
	local dir

	for dir in "$RIG_DIR" "$RIG_TOOLS" "${RIG_STAGE_IN:-$RIG_STAGE}"; do
		[ ! -d "$dir" ] || (cd "$dir" && find . -printf '%p %m %l\n' &&
			find . -type f -exec sha256sum {} +) | LC_ALL=C sort
	done
	stat -L -c '%n %i %Z' "$RIG_PARTS"/{tree,kernel,xen,stock}
}

case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
esac

need_cache
cache_lock -s
image=${RIG_IMAGE_OUT:-$RIG_IMAGE}
out=$image.new.$$
inputs=$(inputs)
if [ $# = 0 ] && [ -e "$image/dom0.cpio" ] &&
		[ "$inputs" = "$(cat "$image/inputs" 2>/dev/null)" ]; then
	printf '%s\n' "$RIG_SRC" >"$RIG_WORK/source"
	say "packed before: $image"
	exit
fi
trap 'rm -rf "$out"' EXIT
mkdir -p "$out"

guest
resolve "$out/guest"
archive "$out/guest" >"$out/guest.cpio"
dom0
product
[ $# = 0 ] || install -m755 "$@" "$out/dom0/usr/bin/"
unresolved+=("$@")
resolve "$out/dom0"
archive "$out/dom0" >"$out/dom0.cpio"

rm -rf "$out/guest" "$out/dom0"
[ $# != 0 ] || echo "$inputs" >"$out/inputs"
cp "$RIG_PARTS/kernel/Image" "$RIG_PARTS/xen/xen" "$out/"
printf '%s\n' "$RIG_SRC" >"$RIG_WORK/source"
rm -f "$image/inputs"
rm -rf "$image"
mv "$out" "$image"
say "packed $image (dom0 $(($(stat -c %s "$image/dom0.cpio") >> 20)) MiB," \
	"guest $(($(stat -c %s "$image/guest.cpio") >> 20)) MiB)"
