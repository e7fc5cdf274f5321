#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The rule model agrees with a second implementation (reference.py) on the corpus and on random
# programs: REFERENCE_PROGRAMS of them (default 3000), from the seed REFERENCE_SEED (default 1).
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools python3

# compare_model_with_reference DIRECTORY NAME: `check --json` and reference.py must print the same for
# all programs of the directory.
compare_model_with_reference() {
	(cd "$1" && find . -name '*.page' | sort | xargs "$pagetorture" check --json) \
		>"$scratch/model" 2>"$scratch/err"
	(cd "$1" && find . -name '*.page' | sort | xargs python3 -B "$abs_srcdir/tests/reference.py") \
		>"$scratch/reference" 2>"$scratch/err"
	ok_if_files_equal "$2: $(wc -l <"$scratch/model") programs" "$scratch/reference" "$scratch/model"
}

compare_model_with_reference "$abs_srcdir/corpus" "the corpus"
mkdir "$scratch/programs"
(cd "$scratch/programs" &&
	"$abs_builddir/make_programs" "${REFERENCE_PROGRAMS:-3000}" "${REFERENCE_SEED:-1}")
ok $? "random programs are made"
compare_model_with_reference "$scratch/programs" "random programs"
# No random program breaks map-overflow, which needs 17 mappings, with its five mapping handles.
for rule in data-race deadlock foreign-map out-of-bounds uninit-use unmap-order use-after-free \
	use-after-unmap; do
	grep -q "\"verdict\": \[[^]]*\"$rule\"" "$scratch/model" || echo "$rule"
done >"$scratch/missing"
ok_if_empty "random programs break every rule but map-overflow" "$scratch/missing"

done_testing
