# shellcheck shell=bash disable=SC2034,SC2154 # what the walks and it share
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What walks share: several at once, and from one call that fails to the next. To be
# sourced before words.sh, which goes into a world.

# side_by_side STORY...: this script for each, in a world of its own; then ends
side_by_side() {
	local w rc=0 pids=()

	unset SIM_WORLD
	# What nobody answers is not waited for so long as libxl would.
	export SIM_PATIENCE_MS=2500
	logs=$(mktemp -d)
	trap 'rm -rf "$logs"' EXIT
	for w; do
		"$0" "$w" >"$logs/$w" 2>&1 &
		pids+=($!)
	done
	for w; do
		wait "${pids[0]}" || rc=1
		pids=("${pids[@]:1}")
		sed "s/^/$w: /" "$logs/$w"
	done
	exit $rc
}

# walk COMMAND KIND...: the command makes the call fail that it is the turn of,
# says in $hits whether there was one, and looks whether all is well then. $errno is
# what they fail with. $failed is how many did, of the last kind. Beyond the eighth
# it goes by steps of a quarter, because such calls are alike.
walk() {
	local command=$1 kind n

	shift
	for kind; do
		failed=0
		for ((n = 1; ; n += 1 + (n > 8 ? n / 4 : 0))); do
			what=$kind:$n:$errno
			"$command"
			[ "$hits" -gt 0 ] || break
			failed=$((failed + 1))
		done
		echo "$kind: $failed calls failed"
	done
	what=nothing
}
