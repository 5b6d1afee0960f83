# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Which calls a walk lets fail.

# next N: after the N-th. 1 to 8, and then by steps of a quarter, because such
# calls are alike.
next() {
	echo $(($1 + 1 + ($1 > 8 ? $1 / 4 : 0)))
}
