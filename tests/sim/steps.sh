# shellcheck shell=bash disable=SC2034,SC2154 # what the walks and it share
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How walks go from one call that fails to the next.

# next N: after the N-th. 1 to 8, and then by steps of a quarter, because such
# calls are alike.
next() {
	echo $(($1 + 1 + ($1 > 8 ? $1 / 4 : 0)))
}

# walk COMMAND KIND...: the command makes the call fail that it is the turn of,
# says in $hits whether there was one, and looks whether all is well then. $errno is
# what they fail with. $failed is how many did, of the last kind.
walk() {
	local command=$1 kind n

	shift
	for kind; do
		failed=0
		for ((n = 1; ; n = $(next $n))); do
			what=$kind:$n:$errno
			"$command"
			[ "$hits" -gt 0 ] || break
			failed=$((failed + 1))
		done
		echo "$kind: $failed calls failed"
	done
	what=nothing
}
