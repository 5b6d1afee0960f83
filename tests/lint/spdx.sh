#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every file says its licence in its first lines. Prose (*.md) need not: COPYING
# speaks for it.

set -euo pipefail
cd "$(dirname "$0")/../.."

tag='SPDX-License-Identifier: GPL-2.0-or-later'

files() {
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files --cached --others --exclude-standard
	else
		find backend mapcache xen tools tests docs Makefile configure -type f \
			! -name '*.[oda]'
	fi | grep -vE '^COPYING$|\.md$'
}

# Of the files that it is told: those that are there, not empty, and text.
texts() {
	xargs -d '\n' grep -slI . || [ $? = 123 ]
}

# ... those that say it.
tagged() {
	# shellcheck disable=SC2016 # $0 is awk's
	xargs -d '\n' awk -v "tag=$tag" '
		FNR > 5 { nextfile }
		index($0, tag) { print FILENAME; nextfile }'
}

all=$(files | texts | sort)
mapfile -t bad < <(comm -23 <(echo "$all") <(echo "$all" | tagged | sort))
for f in "${bad[@]}"; do
	echo "$f: no '$tag' in its first lines"
done
[ -n "$all" ] && [ ${#bad[@]} = 0 ]
