#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The rule model against a second one, written from the format's text alone in another
# language and another way: on the corpus, and on random programs.
#
#   REFERENCE_PROGRAMS   how many (default 3000)
#   REFERENCE_SEED       which (default 1)
. "$(dirname "$0")/tap.sh"

reference=$abs_srcdir/tests/reference.py
if ! command -v python3 >/dev/null; then
	skip "no python3 to run the reference with"
	done_testing
	exit
fi

# same DIRECTORY NAME: both say the same of all programs there?
same() {
	(cd "$1" && find . -name '*.page' | sort | xargs "$pagetorture" check --json) \
		>"$scratch/model" 2>/dev/null
	(cd "$1" && find . -name '*.page' | sort | xargs python3 "$reference") \
		>"$scratch/reference" 2>/dev/null
	[ -s "$scratch/model" ] && diff "$scratch/reference" "$scratch/model" >"$scratch/diff"
	ok $? "$2: $(wc -l <"$scratch/model") programs" "$scratch/diff"
}

same "$abs_srcdir/corpus/rules" "corpus/rules"
mkdir "$scratch/programs"
(cd "$scratch/programs" &&
	"$abs_builddir/make_programs" "${REFERENCE_PROGRAMS:-3000}" "${REFERENCE_SEED:-1}")
ok $? "random programs are made"
same "$scratch/programs" "random programs"
for rule in data-race deadlock foreign-map map-overflow out-of-bounds uninit-use unmap-order \
	use-after-free use-after-unmap; do
	grep -q "\"verdict\": \[[^]]*\"$rule\"" "$scratch/model" || echo "$rule"
done >"$scratch/missing"
# Sixteen mappings of one thread are more than these programs have handles for.
[ "$(cat "$scratch/missing")" = map-overflow ] || [ ! -s "$scratch/missing" ]
ok $? "random programs break every other rule" "$scratch/missing"

done_testing
