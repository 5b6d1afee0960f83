#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual pages, as mandoc sees them.

set -euo pipefail
cd "$(dirname "$0")/../.."

shopt -s nullglob
pages=(docs/man/*.[158])
if [ ${#pages[@]} = 0 ]; then
	echo "no manual pages"
	exit 77
fi

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
