#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every file says its licence in its first lines. Prose (*.md) need not: COPYING
# speaks for it.

set -euo pipefail
cd "$(dirname "$0")/../.."

tag='SPDX-License-Identifier: GPL-2.0-or-later'
bad=0

files() {
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files --cached --others --exclude-standard
	else
		find backend mapcache xen tools tests docs Makefile configure -type f \
			! -name '*.[oda]'
	fi
}

while IFS= read -r f; do
	case $f in
	COPYING | *.md) continue ;;
	esac
	grep -qsI . "$f" || continue	# gone, empty or not text
	head -n 5 "$f" | grep -qF "$tag" || {
		echo "$f: no '$tag' in its first lines"
		bad=1
	}
done < <(files)
exit $bad
