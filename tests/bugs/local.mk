# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Seeded bugs of the page library: doc/bugs.md. No program contains files of this directory.

EXTRA_DIST += \
	%D%/bugs.def \
	%D%/columns.py \
	%D%/entries.py \
	%D%/main.py \
	%D%/reach.py \
	%D%/table.py

dist-hook: dist-bugs
dist-bugs:
	$(MKDIR_P) $(distdir)/tests/bugs/patch
	cp $(srcdir)/tests/bugs/patch/*.patch $(distdir)/tests/bugs/patch

# `make bugs` tests each bug in each column, except those with a stored result. The first run takes hours.
# Example: make bugs BUGS_FLAGS='--column replay,unit-test'
bugs_programs =
if HAVE_ENGINE
bugs_programs += fuzz_api-plain fuzz_fatal-plain fuzz_page-plain
if HAVE_MSAN
bugs_programs += fuzz_fatal-msan
endif
endif

bugs-programs: fuzzers $(bugs_programs)

#: bugs  insert each seeded bug into the page library, and list which tests find it
bugs: all-am bugs-programs seeds
	@rm -f results/bugs.json
	%D%/bugs --report results/bugs.json $(BUGS_FLAGS)

# make writes tests/bugs/bugs and tests/mutants/mutants, which pass this build's compiler and flags to
# main.py.
library_scripts = %D%/bugs tests/mutants/mutants
noinst_SCRIPTS += $(library_scripts)
CLEANFILES += $(library_scripts)
EXTRA_DIST += tests/library_build.py tests/library_trials.py tests/reasons.py
$(library_scripts): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && new=$(temporary) && { \
	echo '#!/bin/sh'; \
	echo "export LIBRARY_SOURCE='$(abs_top_srcdir)'"; \
	echo "export LIBRARY_BUILD='$(abs_top_builddir)'"; \
	echo "export LIBRARY_CC='$(CC)'"; \
	echo "export LIBRARY_CFLAGS='$(CPPFLAGS) $(CFLAGS) $(WARN_CFLAGS)'"; \
	echo "export LIBRARY_LIBS='$(LIBS)'"; \
	echo "export LIBRARY_ASAN='$(ASAN_FLAGS)'"; \
	echo "export LIBRARY_TSAN='$(TSAN_FLAGS)'"; \
	echo "export LIBRARY_MSAN='$(MSAN_FLAGS)'"; \
	echo "export LIBRARY_EDGE_COUNTERS='$(edge_counters)'"; \
	echo "export LIBRARY_COVERAGE='$(COVERAGE_FLAGS)'"; \
	echo "export LIBRARY_LLVM_COV='$(LLVM_COV)'"; \
	echo "export LIBRARY_LLVM_PROFDATA='$(LLVM_PROFDATA)'"; \
	echo "export MUTANTS_TESTS='$(filter test_page%,$(test_names))'"; \
	echo 'exec python3 -B "$$LIBRARY_SOURCE/$(@D)/main.py" "$$@"'; } >$$new && \
	chmod +x $$new && mv $$new $@

clean-local: clean-bugs
clean-bugs:
	rm -rf %D%/work %D%/results.jsonl

.PHONY: bugs bugs-programs clean-bugs dist-bugs
