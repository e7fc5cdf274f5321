#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Run the corpus as a regression test: in every flavour, with each backend, in two orders.
#
#   replay.sh SRCDIR DIRECTORY...    run in the build directory
set -u

srcdir=${1:?expected the source directory}
home=$(dirname "$0")
shift
begun=$(date +%s)
status=0
runs=
rm -rf results/replay results/replay.json
mkdir -p results/replay || exit 2

for backend in direct alias; do
	./pagetorture run --backend $backend --flavour plain "$srcdir/corpus/rules/bounds.page" \
		>/dev/null 2>&1
	if [ $? -eq 2 ]; then
		echo "skipped: $backend: the page library has no such backend"
		continue
	fi
	for orders in '' --orders; do
		echo "replay --backend $backend $orders"
		file=results/replay/$backend$orders.jsonl
		# shellcheck disable=SC2086 # an option, or none
		./pagetorture replay --backend $backend $orders --results $file "$@" || status=$?
		[ ! -e $file ] || runs="$runs --run $file"
	done
done
result=good
[ $status -eq 0 ] || result=failed
# shellcheck disable=SC2086 # $runs is several words
python3 -B "$home/../report/keep.py" results/replay.json --what replay --begun "$begun" \
	--status $result --command "make replay" $runs
exit $status
