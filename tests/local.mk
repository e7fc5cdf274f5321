# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A new unit test is one line in unit_tests, a new test of the library one in page_tests. All tests of a
# flavour are one program, unit-tests-FLAVOUR; `unit-tests NAME` runs one (build-aux/flavours.mk).
# Test scripts print TAP, as unit tests do, and run in the build directory.

unit_tests = \
	test_access_log \
	test_afl_mutator \
	test_coroutine \
	test_delay \
	test_detectable \
	test_detector \
	test_happens \
	test_isolate \
	test_kcsan \
	test_library_race \
	test_minimize \
	test_mutate \
	test_mutate_splice \
	test_mutator \
	test_mutator_text \
	test_never_runs \
	test_number \
	test_orders \
	test_program_bytes \
	test_program_text \
	test_repair \
	test_rules \
	test_abstract_state \
	test_schedule \
	test_race_report \
	test_thread_locals \
	test_thread_plan \
	test_tsan_shadow

# The scripts of `make check` test the library, the rule model, the executors, every flavour and the corpus.
test_scripts = \
	%D%/test_abi.sh \
	%D%/test_check.sh \
	%D%/test_completion.sh \
	%D%/test_convert.sh \
	%D%/test_corpus.sh \
	%D%/test_doc.sh \
	%D%/test_editors.sh \
	%D%/test_explain.sh \
	%D%/test_explore.sh \
	%D%/test_explore_library.sh \
	%D%/test_file_names.sh \
	%D%/test_finding_target.sh \
	%D%/test_fuzz.sh \
	%D%/test_install.sh \
	%D%/test_man.sh \
	%D%/test_matrix.sh \
	%D%/test_minimize.sh \
	%D%/test_options.sh \
	%D%/test_output.sh \
	%D%/test_printed_commands.sh \
	%D%/test_program_schedule.sh \
	%D%/test_promises.sh \
	%D%/test_reference.sh \
	%D%/test_refused.sh \
	%D%/test_replay.sh \
	%D%/test_run.sh \
	%D%/test_run_order.sh \
	%D%/test_runner.sh \
	%D%/test_shell.sh \
	%D%/test_export.sh \
	%D%/test_stress.sh \
	%D%/test_tables.sh \
	%D%/test_threads.sh \
	%D%/test_to_c.sh \
	%D%/test_tree.sh \
	%D%/test_triage.sh \
	%D%/test_words.sh

# The scripts that only `make check-all` runs: they test tools for developers of this tree, build other trees,
# or fuzz. The first eight take longest, so they start first.
slow_scripts = \
	%D%/test_kernel_vm.sh \
	%D%/test_bugs.sh \
	%D%/test_race.sh \
	%D%/test_coverage.sh \
	%D%/test_oss_fuzz.sh \
	%D%/test_controls.sh \
	%D%/test_kernel.sh \
	%D%/test_same.sh \
	%D%/test_seam.sh \
	%D%/test_doc_commands.sh \
	%D%/test_bench.sh \
	%D%/test_bootstrap.sh \
	%D%/test_ci.sh \
	%D%/test_deb.sh \
	%D%/test_fuzz_after.sh \
	%D%/test_mutate_source.sh \
	%D%/test_report.sh \
	%D%/test_report_page.sh \
	%D%/test_self_test.sh \
	%D%/test_tutorial.sh \
	%D%/test_valgrind.sh

# The test scripts that need no program except those of `make all`.
scripts_of_tool = \
	%D%/test_abi.sh \
	%D%/test_bootstrap.sh \
	%D%/test_check.sh \
	%D%/test_ci.sh \
	%D%/test_completion.sh \
	%D%/test_deb.sh \
	%D%/test_doc.sh \
	%D%/test_editors.sh \
	%D%/test_install.sh \
	%D%/test_man.sh \
	%D%/test_options.sh \
	%D%/test_output.sh \
	%D%/test_run.sh \
	%D%/test_run_order.sh \
	%D%/test_runner.sh \
	%D%/test_sarif.sh \
	%D%/test_shell.sh \
	%D%/test_tables.sh \
	%D%/test_tree.sh \
	%D%/test_words.sh

# The tests of the page library run in every flavour; but test_page_detect needs TSan or MSan, and
# test_page_system makes system calls fail that ASan and TSan need.
page_tests = \
	test_page \
	test_page_buffer \
	test_page_fault \
	test_page_frames \
	test_page_kernel \
	test_page_map \
	test_page_misuse \
	test_page_promises \
	test_page_raw \
	test_page_task \
	test_page_user_slice

# The tests that use internals of src/page, so they cannot test an external page library. test_interleave and
# test_page_accesses need an instrumented page library, and test_page_system_calls tests system calls that
# page.h does not promise, so they have the same restriction.
page_tests_inside = \
	test_page_alias \
	test_page_arena \
	test_page_fork \
	test_page_references \
	test_page_system

# The tests of the harness that run in every flavour.
flavour_tests = \
	test_report_catch

# The tests of mutations also run with AddressSanitizer, which detects a write after the end of a buffer.
mutate_tests = test_mutate test_mutate_splice test_mutator test_mutator_text

if OWN_PAGE
inside_plain = $(page_tests_inside) test_page_system_calls
inside_asan = test_page_alias test_page_arena test_page_fork
inside_tsan = test_interleave test_page_accesses test_page_alias test_page_fork
inside_msan = test_page_alias test_page_fork test_page_system
endif

tests_plain = $(unit_tests) $(flavour_tests) $(page_tests) $(inside_plain)
tests_asan = $(addsuffix -asan,$(mutate_tests) $(flavour_tests) $(page_tests) $(inside_asan))
tests_tsan = $(addsuffix -tsan,$(flavour_tests) $(page_tests) $(inside_tsan) test_fiber_set test_page_detect)
tests_msan = $(addsuffix -msan,$(flavour_tests) $(page_tests) $(inside_msan) test_page_detect)

# The tests that are separate programs: fuzz/mutator_text.c and fuzz/mutator.c define the same functions,
# test_fiber_set, test_interleave and test_page_accesses are linked with the hooks of tsan_hooks.c and
# tsan_report_memory.c, test_page_system_calls defines functions of the C library, and an external page library may
# lack functions that some tests call.
own_program_tests = test_mutator_text test_mutator_text-asan test_fiber_set-tsan test_interleave-tsan \
	test_page_accesses-tsan test_page_system_calls
if !OWN_PAGE
own_program_tests += $(filter test_page%,$(test_names))
endif

if OWN_PAGE
quick_tests = $(test_names) $(test_scripts)
# test_stress takes minutes, but little CPU time, so it starts first. check.py runs each test once.
all_tests = %D%/test_stress.sh $(slow_scripts) $(quick_tests)
else
quick_tests = $(test_names) %D%/test_corpus.sh %D%/test_run.sh %D%/test_stress.sh
all_tests = $(quick_tests)
endif

EXTRA_DIST += $(test_scripts) $(slow_scripts) \
	$(unit_tests:%=%D%/%.c) \
	$(flavour_tests:%=%D%/%.c) \
	$(page_tests:%=%D%/%.c) \
	$(page_tests_inside:%=%D%/%.c) \
	%D%/test_interleave.c \
	%D%/test_page_accesses.c \
	%D%/test_fiber_set.c \
	%D%/test_page_detect.c \
	%D%/test_page_system_calls.c \
	%D%/banned_words \
	%D%/check.py \
	%D%/ci.py \
	%D%/coverage.py \
	%D%/coverage_excluded \
	%D%/doc_commands.py \
	%D%/doc_names.py \
	%D%/fuzz_targets.sh \
	%D%/make_programs.c \
	%D%/mutant.sh \
	%D%/mutate_promise.c \
	%D%/mutate_promise.h \
	%D%/page_test.h \
	%D%/promises.py \
	%D%/promises_retired \
	%D%/promises_without_bug \
	%D%/race_matrix.py \
	%D%/random_program.h \
	%D%/read_report.c \
	%D%/reference.py \
	%D%/refuse_call.h \
	%D%/refuse_nth.c \
	%D%/report_bugs.c \
	%D%/report_fixture.json \
	%D%/report_page.py \
	%D%/sarif.py \
	%D%/simple_page.c \
	%D%/small_program.h \
	%D%/tap.h \
	%D%/tap.py \
	%D%/tap.sh \
	%D%/unit_tests.c \
	%D%/valgrind_faults.c

# check.py runs JOBS tests at a time (default: the number of CPUs, at least two). With TIMES=1, `make check`
# prints the CPU time of the slowest tests, as `make check-times` does later.
check: $(check_needs)
	@$(AM_TESTS_ENVIRONMENT) \
	$(check_py) --jobs '$(JOBS)' $(if $(TIMES),--times) --own-programs '$(own_program_tests)' $(TESTS)

check_py = python3 -B $(srcdir)/%D%/check.py --srcdir '$(srcdir)' --logs check.logs
JOBS =
TIMES =

#: check-all  run the tests that take long, too (half an hour)
check-all:
	@$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(all_tests)'

#: check-programs  build what tests need, and run none
# all-am, not `all`: the target `all` starts another make, which would write the same archives concurrently.
check-programs: all-am $(check_programs) $(benches) gcc.log

#: check-times  print the CPU time of the tests that ran last
check-times:
	@$(check_py) --print-times

clean-local: clean-check
clean-check:
	rm -rf check.logs

.PHONY: check check-all check-programs check-times clean-check

#: fuzz-kill  end a hundred campaigns by kill -9 (10 minutes)
fuzz-kill: all
	FUZZ_KILLS=100 $(MAKE) $(AM_MAKEFLAGS) check TESTS=%D%/test_fuzz.sh

# check-to-c runs each C program on pthreads and on fibers, which takes several minutes.
#: check-to-c  write every program of the corpus as C, and run it
check-to-c: all
	TO_C_ALL=1 $(MAKE) $(AM_MAKEFLAGS) check TESTS=%D%/test_to_c.sh

# check-doc runs also the long commands, in a copy of the tree that ./bootstrap builds. `make check-doc
# DOCS=doc/tutorial.md` checks only this document.
#: check-doc  run every command of every document (DOCS=, 40 minutes)
check-doc: all
	rm -rf doc-tree
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir=doc-tree >/dev/null
	cd doc-tree && unset MAKEFLAGS MFLAGS MAKELEVEL && ./bootstrap --no-install
	@$(AM_TESTS_ENVIRONMENT) \
	DOC_LONG=1 DOC_SOURCE='$(abs_builddir)/doc-tree' DOC_BUILD='$(abs_builddir)/doc-tree/build' \
	  $(SHELL) $(srcdir)/%D%/test_doc_commands.sh

clean-local: clean-doc-tree
clean-doc-tree:
	rm -rf doc-tree

.PHONY: check-doc check-to-c clean-doc-tree fuzz-kill

AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; export CC; \
	COVERAGE_FLAGS='$(COVERAGE_FLAGS)'; export COVERAGE_FLAGS; \
	FLAVOURS='plain asan tsan msan'; export FLAVOURS; \
	ASAN_FLAGS='$(ASAN_FLAGS)'; export ASAN_FLAGS; \
	TSAN_FLAGS='$(TSAN_FLAGS)'; export TSAN_FLAGS; \
	MSAN_FLAGS='$(MSAN_FLAGS)'; export MSAN_FLAGS; \
	FUZZERS='$(engine_programs)'; export FUZZERS; \
	LLVM_COV='$(LLVM_COV)'; export LLVM_COV; \
	LLVM_PROFDATA='$(LLVM_PROFDATA)'; export LLVM_PROFDATA; \
	DEV_SOURCES='$(filter %.c,$(dev_sources))'; export DEV_SOURCES; \
	VALGRIND='$(VALGRIND)'; export VALGRIND; \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir;
