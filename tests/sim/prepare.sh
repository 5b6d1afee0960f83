#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fetches the xenstored that belongs to this host's Xen libraries, and prints
# its path. The package is only unpacked, into a cache: it would install a
# hypervisor's services. Ends with 77 where it can't be had.

set -euo pipefail

if [ -n "${XENSTORED:-}" ]; then
	echo "$XENSTORED"
	exit
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/xen-vblkd/sim
library=$(${CC:-cc} -print-file-name=libxenctrl.so)
version=$(LC_ALL=C readelf -d "$library" |
	sed -n 's/.*SONAME.*\[libxenctrl\.so\.\(.*\)\].*/\1/p')
found=$cache/$version/usr/lib/xen-$version/bin/xenstored

if [ ! -x "$found" ]; then
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
fi
if [ ! -x "$found" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "no Debian here: \$XENSTORED names the xenstored of Xen $version"
		exit 77
	fi
	work=$(mktemp -d "$cache/new.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	if ! (cd "$work" && apt-get -qq download "xen-utils-$version" >log 2>&1)
	then
		# Lists that are too old, or none at all.
		apt-get -qq update >"$work/log" 2>&1 || :
		(cd "$work" && apt-get -qq download "xen-utils-$version" \
			>log 2>&1) || {
			cat "$work/log" >&2
			echo "xen-utils-$version can't be downloaded"
			exit 77
		}
	fi
	dpkg-deb -x "$work"/xen-utils-*.deb "$work/tree"
	mkdir -p "$cache/$version/usr/lib/xen-$version/bin"
	mv "$work/tree/usr/lib/xen-$version/bin/xenstored" "$found"
fi
echo "$found"
