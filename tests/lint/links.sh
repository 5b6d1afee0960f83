#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What each program is linked to, exactly. The worker has no xenstore, no
# libxenctrl and no JSON: that is a property of the binary, so the binary is
# what is looked at. Also: that it is hardened as configure says.

set -euo pipefail
cd "${LINT_BUILD:-$(dirname "$0")/../..}"

if [ -n "${LINT_SANITIZE:-}" ]; then
	echo "sanitizers bring libraries of their own"
	exit 77
fi

declare -A allowed=(
	[xen-vblk-worker]="liburing libxendevicemodel libxenevtchn
		libxenforeignmemory libxengnttab libxentoolcore"
	[xen-vblk-dm]="libinih libjson-c libxenctrl libxenstore"
	[xen-vblkd]="libinih libjson-c libxenctrl libxenstore"
	[xen-vblk]="libinih libjson-c libxendevicemodel libxenstore libxentoolcore"
	[vblk-load]=""
	[mapstress]="libxenforeignmemory libxengnttab"
	[mapshare]=""
)

# Every program has these, or may have them.
runtime='libc|libpthread|libgcc_s|ld-linux[-a-z0-9_]*'
bad=0

for p in "${!allowed[@]}"; do
	if [ ! -e "$p" ]; then
		echo "$p: not built"
		bad=1
		continue
	fi
	needed=$(LC_ALL=C readelf -d "$p" |
		sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*\]/\1/p' |
		grep -vxE "$runtime" | sort) || true
	want=$(tr -s ' \t\n' '\n' <<<"${allowed[$p]}" | sed '/^$/d' | sort)
	if [ "$needed" != "$want" ]; then
		echo "$p: is linked to (<), should be (>):"
		diff <(echo "$needed") <(echo "$want") || true
		bad=1
	fi
	dynamic=$(LC_ALL=C readelf -dlh "$p")
	for property in 'DYN (' BIND_NOW GNU_RELRO; do
		[[ $dynamic == *"$property"* ]] || {
			echo "$p: no $property"
			bad=1
		}
	done
	[[ ! $dynamic =~ (RPATH|RUNPATH) ]] || {
		echo "$p: has a run path of its own"
		bad=1
	}
done
exit $bad
