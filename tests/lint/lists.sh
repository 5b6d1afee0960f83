#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Makefile's lists: every source file is in one, and every list is sorted.

set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0

while IFS= read -r f; do
	case " ${LINT_OBJS-} " in
	*" ${f%.c}.o "*) ;;
	*)
		echo "$f: in no list of the Makefile"
		bad=1
		;;
	esac
done < <(find backend mapcache xen tools -name '*.c' | sort)

awk '
	/^[A-Za-z_-]+(-objs)? :=/ { list = $1; last = "" }
	/^\t[^ ]+\.[oa]( \\)?$/ && list {
		if ($1 < last) { print "Makefile: " list ": " $1 " after " last; bad = 1 }
		last = $1
	}
	/^$/ { list = "" }
	END { exit bad }
' Makefile || bad=1
exit $bad
