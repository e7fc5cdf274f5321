#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Coverage over time of each target of a campaign, as DIR/TARGET/plot.svg; and AFL++'s own
# plots of its instances in DIR/TARGET/plot-afl.
#
#   fuzz_plot.sh DIR
set -u

dir=${1:?expected the directory of a campaign}
plots=0

if ! command -v gnuplot >/dev/null; then
	echo "fuzz-plot: skipped: no gnuplot"
	exit 77
fi

plot() {
	gnuplot <<-END
		set terminal svg size 900,500 background rgb "white"
		set output "$2"
		set title "$3" noenhanced
		set key left top
		set xlabel "hours"
		set ylabel "edges covered"
		set y2label "entries of the corpus"
		set y2tics
		set ytics nomirror
		set yrange [0:*]
		set y2range [0:*]
		plot "$1" using (\$2/3600):4 with steps title "coverage", \\
		     "$1" using (\$2/3600):5 axes x1y2 with steps title "corpus"
	END
}

plot_afl() {
	command -v afl-plot >/dev/null || return 0
	for instance in "$1"/afl/*/; do
		# Two points make a line, and the first line is the header.
		[ "$(wc -l 2>/dev/null <"$instance/plot_data")" -gt 2 ] 2>/dev/null || continue
		name=$(basename "$instance")
		afl-plot "$instance" "$1/plot-afl/$name" >"$1/logs/plot-$name" 2>&1 &&
			echo "$1/plot-afl/$name/index.html"
	done
}

for data in "$dir"/*/plot.tsv; do
	[ -s "$data" ] || continue
	directory=$(dirname "$data")
	mkdir -p "$directory/plot-afl"
	plot "$data" "$directory/plot.svg" "$(basename "$directory")" || exit 1
	echo "$directory/plot.svg"
	plot_afl "$directory"
	plots=$((plots + 1))
done
if [ $plots = 0 ]; then
	echo "fuzz-plot: expected a campaign in $dir (make fuzz)" >&2
	exit 1
fi
