# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Seeded bugs of the page library: doc/bugs.md. No program includes these files.

bugs_scripts = \
	%D%/bank.py \
	%D%/build.py \
	%D%/columns.py \
	%D%/compare.py \
	%D%/main.py \
	%D%/reach.py \
	%D%/report.py \
	%D%/runner.py \
	%D%/table.py

# configure generates it.
noinst_SCRIPTS += %D%/bank

EXTRA_DIST += tests/library_build.py $(bugs_scripts) %D%/bugs.def

dist-hook: dist-bugs
dist-bugs:
	$(MKDIR_P) $(distdir)/tests/bugs/patch
	cp $(srcdir)/tests/bugs/patch/*.patch $(distdir)/tests/bugs/patch

# All bugs in all columns: hours if nothing finds a bug. Stored results are not repeated.
# For example make bugs BUGS_FLAGS='--column replay,elsewhere'
bugs_programs =
if HAVE_ENGINE
bugs_programs += fuzz_api-plain fuzz_fatal-plain fuzz_page-plain
if HAVE_MSAN
bugs_programs += fuzz_fatal-msan
endif
endif

bugs-programs: fuzzers $(bugs_programs)

#: bugs  insert each seeded bug into the page library, and list who finds it
bugs: all bugs-programs seeds
	@rm -f results/bugs.json
	tests/bugs/bank --report results/bugs.json $(BUGS_FLAGS)

clean-local: clean-bugs
clean-bugs:
	rm -rf tests/bugs/work tests/bugs/results.json

.PHONY: bugs bugs-programs clean-bugs dist-bugs
