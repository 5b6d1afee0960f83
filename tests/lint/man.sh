#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual pages, as mandoc sees them. One that only sends to another (.so) is
# for man(1), and the other has to be there.

set -euo pipefail
cd "$(dirname "$0")/../.."

shopt -s nullglob
pages=()
bad=0
for p in docs/man/*.[158]; do
	read -r request other <"$p"
	if [ "$request" != .so ]; then
		pages+=("$p")
	elif [ "$other" != "man${other##*.}/${other##*/}" ] ||
		[ ! -e "docs/man/${other##*/}" ]; then
		echo "$p: there is no $other"
		bad=1
	fi
done
if [ ${#pages[@]} = 0 ]; then
	echo "no manual pages"
	exit 77
fi

# Every counter there is, is explained.
while read -r name; do
	grep -qx "\.It Cm $name" docs/man/xen-vblk.8 || {
		echo "docs/man/xen-vblk.8: says nothing of the counter $name"
		bad=1
	}
done < <(sed -n 's/^\tX(\([a-z_]*\), ".*/\1/p' backend/stats.h mapcache/stats.h)
[ $bad = 0 ]

if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "${pages[@]}"
elif command -v groff >/dev/null; then
	out=$(for p in "${pages[@]}"; do
		groff -mandoc -ww -b -z "$p" 2>&1
	done)
	echo "$out"
	[ -z "$out" ]
else
	echo "neither mandoc nor groff"
	exit 77
fi
