#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Warns of what has grown too big to be read in one go: files over 500 lines,
# functions over 80. Warnings only: a flat switch may be long.

set -euo pipefail
cd "$(dirname "$0")/../.."

find backend mapcache xen tools tests -name '*.[ch]' -exec awk '
	FNR == 1 && file { if (lines > 500) print file ": " lines " lines" }
	FNR == 1 { file = FILENAME; start = 0 }
	{ lines = FNR }
	# Kernel style: a function is what stands between two braces in the
	# first column, and its name is in a line before.
	/^[a-z].*\(/ { head = $0 }
	/^\{/ { start = FNR }
	/^\}/ && start {
		n = FNR - start - 1
		if (n > 80) {
			sub(/\(.*/, "", head)
			sub(/.*[ *]/, "", head)
			print FILENAME ":" start ": " head "() has " n " lines"
		}
		start = 0
	}
	END { if (lines > 500) print file ": " lines " lines" }
' {} + | sed 's/^/  warning: /'
