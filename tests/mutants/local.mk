# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Mutants of the page library: doc/mutants.md. No program contains files of this directory.

EXTRA_DIST += \
	%D%/change.py \
	%D%/declarations.py \
	%D%/flow_operators.py \
	%D%/main.py \
	%D%/mutate.py \
	%D%/operators.py \
	%D%/small/expected \
	%D%/small/small.c \
	%D%/small/small.h \
	%D%/small/test_small.c \
	%D%/substitute_operator.py \
	%D%/surviving \
	%D%/syntax_tree.py \
	%D%/trials.py \
	%D%/type_operator.py \
	%D%/verdicts.py

# `make mutants` tests all mutants, which takes hours. After an interruption, `make mutants` continues.
#: mutants  make small changes in the sources, and list which tests fail (hours)
mutants: all
	$(MAKE) $(AM_MAKEFLAGS) check-programs
	%D%/mutants --report results/mutants.json $(MUTANTS_FLAGS)

clean-local: clean-mutants
clean-mutants:
	rm -rf %D%/work %D%/results.jsonl

.PHONY: clean-mutants mutants
