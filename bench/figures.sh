# shellcheck shell=sh disable=SC2034 # used by the scripts that include this
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# For benchmarks: `. figures.sh`. They run in the build directory and print samples for bench.py on
# standard output, and all other messages on standard error.

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

# figure NAME UNIT AIM: print a sample with the numbers on standard input, one on each line; "never" is
# a value that was not reached. NAME contains no quotes.
figure() {
	awk -v name="$1" -v unit="$2" -v aim="$3" '
		{ values = values (NR > 1 ? ", " : "") ($1 == "never" ? "null" : $1 + 0) }
		END { printf "{\"name\": \"%s\", \"unit\": \"%s\", \"aim\": \"%s\", \"values\": [%s]}\n",
			name, unit, aim, values }'
}

# column NUMBER FILE: print a column of a table of words
column() {
	awk -v column="$1" '{ print $column }' "$2"
}

# skipped WHAT WHY: print a line for a skipped benchmark
skipped() {
	printf '{"name": "%s", "skipped": "%s"}\n' "$1" "$2"
}

say() {
	echo "$@" >&2
}
