# shellcheck shell=sh disable=SC2154 # what tap.sh sets
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A function that tests how `make report` reads results. A script reads this file after tap.sh.

# has_report_state STATE PART FILE: true if `make report` shows PART with STATE when FILE has its results. Writes
# the state and the line of the part to $scratch/said. Also true if python3 or jinja2 is missing.
has_report_state() {
	python3 -c 'import jinja2' 2>/dev/null || return 0
	rm -rf "$scratch/read_back"
	mkdir "$scratch/read_back" || return 1
	cp "$3" "$scratch/read_back/$2.json" || return 1
	python3 -B - "$abs_srcdir/report" "$2" "$scratch/read_back" >"$scratch/said" 2>&1 <<-'END'
		import pathlib, sys
		sys.path.insert(0, sys.argv[1])
		import parts
		row = next(row for row in parts.PARTS if row[0] == sys.argv[2])
		made = parts.make_part(*row, parts.Sources(pathlib.Path(sys.argv[3]), None, None, None))
		print(f"{made.state}: {made.line}")
	END
	grep -q "^$1: " "$scratch/said"
}
