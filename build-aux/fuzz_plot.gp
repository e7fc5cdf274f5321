# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Coverage and corpus of one target over time: gnuplot -c fuzz_plot.gp DIR/TARGET writes plot.svg.
set terminal svg size 900,500 background rgb "white"
set output ARG1 . "/plot.svg"
set title ARG1 noenhanced
set key left top
set xlabel "hours"
set ylabel "edges covered"
set y2label "entries of the corpus"
set y2tics
set ytics nomirror
set yrange [0:*]
set y2range [0:*]
plot ARG1 . "/plot.tsv" using ($2/3600):4 with steps title "coverage", \
     "" using ($2/3600):5 axes x1y2 with steps title "corpus"
