#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every file that says in its first line that a shell runs it, as shellcheck
# sees it.

set -euo pipefail
cd "$(dirname "$0")/../.."

command -v shellcheck >/dev/null || {
	echo "no shellcheck"
	exit 77
}

scripts=(configure .ci/run)
while IFS= read -r f; do
	scripts+=("$f")
done < <(grep -rlIE '^#! ?/(usr/)?bin/(env )?(ba)?sh' backend mapcache xen \
	tools tests docs | sort)

shellcheck -x "${scripts[@]}"
