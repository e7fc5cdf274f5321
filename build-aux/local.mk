# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Targets that users call by name: smoke test, fuzzing, other builds, coverage; and files made from tables.

EXTRA_DIST += %D%/abi.sh %D%/check_builds.sh %D%/check_deb.sh %D%/copy_objects.sh \
	%D%/coverage.sh %D%/fuzz_ci.py \
	%D%/fuzz_run.py %D%/page-library.sh %D%/replay.sh %D%/smoke.py \
	%D%/tables.awk

# make writes these files from FILE.in and the tables of the source.
from_tables = \
	doc/man/pagetorture-program.5 \
	doc/man/pagetorture.1 \
	fuzz/bytes.dict \
	fuzz/text.dict \
	packaging/editors/textmate/pagetorture.tmLanguage.json \
	packaging/editors/vim/syntax/pagetorture.vim
tables = src/harness/program/ops.def src/harness/program/rules.def

# tool_help.i has the help texts of the commands: C string literals, after preprocessing.
tool_help.i: $(tool_commands) src/tool/run/run.h config.h
	$(AM_V_GEN)new=$(temporary) && for file in $(tool_commands); do \
	  echo "@command $$file" && \
	  $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(tool_cppflags) $(CPPFLAGS) -DFLAVOUR='"plain"' -E -P $(srcdir)/$$file | \
	    sed -n '/^static const char help\[\]/,/;$$/p' || exit; \
	done >$$new && mv $$new $@
CLEANFILES += tool_help.i

$(from_tables): $(tables) tool_help.i $(from_tables:=.in) %D%/tables.awk
	$(AM_V_GEN)$(MKDIR_P) `dirname $@` && new=$(temporary) && \
	  help=`pwd`/tool_help.i && \
	  (cd $(srcdir) && $(AWK) -f %D%/tables.awk $(tables) $$help $@.in) >$$new && mv $$new $@

noinst_DATA += $(from_tables)
EXTRA_DIST += $(from_tables:=.in)
CLEANFILES += $(from_tables)

#: smoke  run a part of every kind of test, and print a summary (SMOKE_SECONDS=)
smoke: all-am fuzzers seeds gcc.log
	@$(MAKE) $(AM_MAKEFLAGS) $(check_programs) >/dev/null
	@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers-asan >afl.log 2>&1 || true
	@CC='$(CC)' python3 -B $(srcdir)/%D%/smoke.py $(srcdir)

# `make fuzz` starts a campaign, or continues the campaign in FUZZ_DIR. For example:
# make fuzz FUZZ_FLAGS='--time 8h --engine libfuzzer fuzz_page'
FUZZ_DIR = campaign

#: fuzz  fuzz all targets until stopped (FUZZ_FLAGS=)
fuzz: fuzz-programs
	@$(MKDIR_P) results
	./pagetorture$(EXEEXT) fuzz --dir $(FUZZ_DIR) --results results/fuzz.json $(FUZZ_FLAGS)

#: fuzz-ci  fuzz the targets that a change affects, and replay the corpus
fuzz-ci: fuzz-programs
	@CC='$(CC)' python3 -B $(srcdir)/%D%/fuzz_ci.py $(srcdir)

FUZZ_SEEDS = $(srcdir)/corpus/seed

#: fuzz-merge  minimise the corpora of a campaign, and write seeds (FUZZ_SEEDS=no: none)
fuzz-merge: all-am fuzzers seeds
	./pagetorture$(EXEEXT) fuzz --merge --dir $(FUZZ_DIR) $(if $(filter no,$(FUZZ_SEEDS)),,--new-seeds $(FUZZ_SEEDS))

# Build all fuzz targets and replayers that this build supports. If targets of AFL++ do not build, print why.
fuzz-programs: all-am fuzzers seeds
	@$(MAKE) $(AM_MAKEFLAGS) $(filter fuzz_%,$(check_programs)) >/dev/null
	+@$(MAKE) $(AM_MAKEFLAGS) afl-fuzzers >afl.log 2>&1 || tail -n 1 afl.log

CLEANFILES += afl.log

# `make check-builds` builds and tests with other compilers, for 32 bits and from read-only sources, and runs
# distcheck. All builds take half an hour. For example:
# make check-builds BUILDS='gcc m32'
BUILDS = gcc clang m32 readonly distcheck

#: check-builds  build and test with every installed compiler (BUILDS=)
check-builds:
	@chmod -R u+w check-builds 2>/dev/null; rm -rf check-builds && $(MKDIR_P) check-builds
	@echo "check-builds: unpack a tarball"
	@$(MAKE) $(AM_MAKEFLAGS) distdir distdir=check-builds/source >check-builds/source.log 2>&1 || \
	  { tail check-builds/source.log; exit 1; }
	@chmod -R a-w check-builds/source
	@MAKE='$(MAKE)' CC='$(CC)' JOBS='$(or $(JOBS),2)' UNIT_TESTS='$(tests_plain)' \
	  CLANG=`for cc in clang-19 clang; do command -v $$cc && break; done` \
	  $(SHELL) $(srcdir)/%D%/check_builds.sh "`pwd`/check-builds/source" $(BUILDS)

# `make coverage` prints two tables: coverage by the corpus, and coverage by the corpus and unit tests.
#: coverage  print which lines of the library are executed
coverage:
	@if test "$(PAGE_LIBRARY)" != no; then \
	  echo "skipped: coverage (the page library is another one, compiled elsewhere)"; exit 77; fi
	@rm -f results/coverage.json; begun=`date +%s`; \
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/%D%/coverage.sh $(srcdir) || exit; \
	result=good; \
	for figure in replay all; do \
	  echo; cat coverage/$$figure.txt; \
	  python3 $(srcdir)/tests/coverage.py $$figure $(srcdir)/tests/coverage_excluded \
	    coverage/$$figure.json $(srcdir) || result=failed; \
	  echo "with the source: `pwd`/coverage/html/$$figure/index.html"; \
	done; \
	CC='$(CC)' python3 -B $(srcdir)/report/keep.py results/coverage.json --what coverage \
	  --begun $$begun --status $$result --command 'make coverage' \
	  --coverage replay=coverage/replay.json --coverage all=coverage/all.json; \
	test $$result = good

# Programs that coverage.sh builds in a directory of its own, and runs.
coverage-programs: $(bin_PROGRAMS) $(flavour_programs) $(filter unit-tests%,$(check_programs)) \
		$(foreach f,$(FLAVOURS),$(call replays_of,$f))

clean-local: clean-check-builds clean-coverage clean-smoke
clean-check-builds:
	test ! -d check-builds || chmod -R u+w check-builds
	rm -rf check-builds
clean-coverage:
	rm -rf coverage
clean-smoke:
	rm -rf smoke fuzz-ci

.PHONY: check-builds clean-check-builds coverage coverage-programs fuzz fuzz-ci fuzz-merge fuzz-programs smoke \
	clean-coverage clean-smoke
