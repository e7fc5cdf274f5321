# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Mutants of the page library: doc/mutants.md. Nothing in here is part of any program.

EXTRA_DIST += \
	%D%/build.py \
	%D%/main.py \
	%D%/mutate.py \
	%D%/operators.py \
	%D%/report.py \
	%D%/run.py \
	%D%/survivors \
	%D%/survivors.py \
	%D%/table.py \
	%D%/tree.py \
	%D%/trials.py

mutants_page_tests = $(filter test_page%,$(test_programs))

# The command, with what this build was made by.
noinst_SCRIPTS += %D%/mutants
CLEANFILES += %D%/mutants
%D%/mutants: Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && { \
	echo '#!/bin/sh'; \
	echo '# Made by make: mutants of the page library, for this build.'; \
	echo "export MUTANTS_SOURCE='$(abs_top_srcdir)'"; \
	echo "export MUTANTS_BUILD='$(abs_top_builddir)'"; \
	echo "export MUTANTS_CC='$(CC)'"; \
	echo "export MUTANTS_CFLAGS='-std=gnu11 -fno-omit-frame-pointer $(CPPFLAGS) $(CFLAGS)'"; \
	echo "export MUTANTS_LIBS='$(LIBS)'"; \
	echo "export MUTANTS_ASAN='$(ASAN_FLAGS)'"; \
	echo "export MUTANTS_TSAN='$(TSAN_FLAGS)'"; \
	echo "export MUTANTS_MSAN='$(MSAN_FLAGS)'"; \
	echo "export MUTANTS_STRESS='$(stress_wrap)'"; \
	echo "export MUTANTS_TESTS='$(mutants_page_tests)'"; \
	echo 'export PYTHONDONTWRITEBYTECODE=1'; \
	echo 'exec python3 "$$MUTANTS_SOURCE/tests/mutants/main.py" "$$@"'; } >$@.new
	$(AM_V_at)chmod +x $@.new && mv $@.new $@

# All mutants; hours. It goes on where it was stopped.
#: mutants  change the sources in small ways, and see which test notices (hours)
mutants: all %D%/mutants
	$(MAKE) $(AM_MAKEFLAGS) check-programs
	%D%/mutants --json results/mutants.json $(MUTANTS_FLAGS)

clean-local: clean-mutants
clean-mutants:
	rm -rf %D%/work %D%/results.jsonl

.PHONY: clean-mutants mutants
