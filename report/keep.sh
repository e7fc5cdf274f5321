#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Run keep.py from a script. A failure to write results does not change the status of the script.
if ! command -v python3 >/dev/null; then
	echo "skipped: $1 (no python3)"
	exit 0
fi
python3 -B "$(dirname "$0")/keep.py" "$@" || echo "expected to write $1: the report will not have it" >&2
