# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A new unit test is one line in unit_tests; it is linked with the plain harness.
# Scripts speak TAP too and run from the build directory.

unit_tests = \
	test_afl_mutator \
	test_delay \
	test_detector \
	test_happens \
	test_isolate \
	test_matrix \
	test_minimize \
	test_mutate \
	test_mutate_splice \
	test_mutator \
	test_mutator_text \
	test_never_runs \
	test_number \
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

test_scripts = \
	%D%/test_abi.sh \
	%D%/test_bench.sh \
	%D%/test_bootstrap.sh \
	%D%/test_bugs.sh \
	%D%/test_check.sh \
	%D%/test_ci.sh \
	%D%/test_clusterfuzzlite.sh \
	%D%/test_completion.sh \
	%D%/test_controls.sh \
	%D%/test_convert.sh \
	%D%/test_corpus.sh \
	%D%/test_coverage.sh \
	%D%/test_deb.sh \
	%D%/test_tables.sh \
	%D%/test_doc.sh \
	%D%/test_doc_commands.sh \
	%D%/test_editors.sh \
	%D%/test_explain.sh \
	%D%/test_file_names.sh \
	%D%/test_finding_target.sh \
	%D%/test_fuzz.sh \
	%D%/test_fuzz_after.sh \
	%D%/test_install.sh \
	%D%/test_man.sh \
	%D%/test_minimize.sh \
	%D%/test_mutate_source.sh \
	%D%/test_options.sh \
	%D%/test_oss_fuzz.sh \
	%D%/test_output.sh \
	%D%/test_printed_commands.sh \
	%D%/test_race.sh \
	%D%/test_reference.sh \
	%D%/test_refused.sh \
	%D%/test_replay.sh \
	%D%/test_report.sh \
	%D%/test_report_page.sh \
	%D%/test_run.sh \
	%D%/test_same.sh \
	%D%/test_export.sh \
	%D%/test_seam.sh \
	%D%/test_stress.sh \
	%D%/test_threads.sh \
	%D%/test_to_c.sh \
	%D%/test_tree.sh \
	%D%/test_triage.sh \
	%D%/test_tutorial.sh \
	%D%/test_valgrind.sh \
	%D%/test_words.sh

noinst_HEADERS = %D%/page_test.h %D%/random_program.h %D%/refuse.h %D%/refuse_call.h %D%/tap.h
EXTRA_DIST += $(test_scripts) %D%/banned_words %D%/ci.py %D%/coverage.py %D%/coverage_excluded \
	%D%/doc_blocks.py %D%/doc_commands.py %D%/doc_names.py %D%/fuzz_targets.sh %D%/mutant.sh \
	%D%/reference.py %D%/refuse_nth.c %D%/report_bugs.c %D%/report_engine.c %D%/report_fixture.py \
	%D%/report_page.py %D%/report_state.sh %D%/sarif.py %D%/simple_page.c %D%/tap.sh

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

# A hundred campaigns that end by kill -9: five to ten minutes.
#: fuzz-kill  end a hundred campaigns by kill -9 (10 minutes)
fuzz-kill: all
	FUZZ_KILLS=100 $(MAKE) $(AM_MAKEFLAGS) check TESTS=%D%/test_fuzz.sh

# Every program of the corpus as C, on pthreads and on fibers: some minutes.
#: check-to-c  write every program of the corpus as C, and run it
check-to-c: all
	TO_C_ALL=1 $(MAKE) $(AM_MAKEFLAGS) check TESTS=%D%/test_to_c.sh

# Every command of every document, those that take long as well, in a copy of the tree that
# ./bootstrap builds: some forty minutes. DOCS='doc/tutorial.md' are only these.
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
	PAGE_TESTS='$(page_tests)'; export PAGE_TESTS; \
	STRESS_DIR='$(abs_builddir)'; export STRESS_DIR; \
	DEV_OBJECTS='$(pagetorture_dev_OBJECTS)'; export DEV_OBJECTS; \
	UNIT_TESTS='$(unit_tests)'; export UNIT_TESTS; \
	VALGRIND='$(VALGRIND)'; export VALGRIND; \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir;

test_ldadd = libharness-plain.a $(page_plain)

check_PROGRAMS += $(unit_tests) make_programs read_report valgrind_faults
make_programs_SOURCES = %D%/make_programs.c
make_programs_LDADD = $(test_ldadd)
read_report_SOURCES = %D%/read_report.c src/tool/report/report.c src/tool/report/report.h
valgrind_faults_SOURCES = %D%/valgrind_faults.c
valgrind_faults_LDADD = $(test_ldadd)
TESTS += $(unit_tests)
if OWN_PAGE
TESTS += $(test_scripts)
else
TESTS += %D%/test_corpus.sh %D%/test_run.sh %D%/test_stress.sh
endif

test_afl_mutator_SOURCES = %D%/test_afl_mutator.c
test_afl_mutator_LDADD = $(test_ldadd)
test_delay_SOURCES = %D%/test_delay.c
test_delay_LDADD = $(test_ldadd)
test_detector_SOURCES = %D%/test_detector.c
test_detector_LDADD = $(test_ldadd)
test_happens_SOURCES = %D%/test_happens.c
test_happens_LDADD = $(test_ldadd)
test_isolate_SOURCES = %D%/test_isolate.c
test_isolate_LDADD = $(test_ldadd)
test_matrix_SOURCES = %D%/test_matrix.c
test_matrix_LDADD = $(test_ldadd)
test_minimize_SOURCES = %D%/test_minimize.c
test_minimize_LDADD = $(test_ldadd)
test_mutate_SOURCES = %D%/mutate_difference.c %D%/mutate_difference.h \
	%D%/mutate_promise.c %D%/mutate_promise.h %D%/test_mutate.c
test_mutate_LDADD = $(test_ldadd)
test_mutate_splice_SOURCES = %D%/test_mutate_splice.c
test_mutate_splice_LDADD = $(test_ldadd)
test_mutator_SOURCES = %D%/test_mutator.c fuzz/mutator.c
test_mutator_LDADD = $(test_ldadd)
test_mutator_text_SOURCES = %D%/test_mutator_text.c fuzz/mutator_text.c
test_mutator_text_LDADD = $(test_ldadd)
test_never_runs_SOURCES = %D%/test_never_runs.c
test_never_runs_LDADD = $(test_ldadd)
test_number_SOURCES = %D%/test_number.c
test_number_LDADD = $(test_ldadd)
test_program_bytes_SOURCES = %D%/test_program_bytes.c
test_program_bytes_LDADD = $(test_ldadd)
test_program_text_SOURCES = %D%/test_program_text.c
test_program_text_LDADD = $(test_ldadd)
test_repair_SOURCES = %D%/test_repair.c
test_repair_LDADD = $(test_ldadd)
test_rules_SOURCES = %D%/test_rules.c
test_rules_LDADD = $(test_ldadd)
test_abstract_state_SOURCES = %D%/test_abstract_state.c
test_abstract_state_LDADD = $(test_ldadd)
test_schedule_SOURCES = %D%/test_schedule.c
test_schedule_LDADD = $(test_ldadd)
test_race_report_SOURCES = %D%/test_race_report.c
test_race_report_LDADD = $(test_ldadd)
test_thread_locals_SOURCES = %D%/test_thread_locals.c
test_thread_locals_LDADD = $(test_ldadd)
test_thread_plan_SOURCES = %D%/test_thread_plan.c
test_thread_plan_LDADD = $(test_ldadd)
test_tsan_shadow_SOURCES = %D%/test_tsan_shadow.c
test_tsan_shadow_LDADD = $(test_ldadd)

# The library's own tests run in every flavour; test_page_detect asks what a sanitizer
# sees, and needs one that can; test_page_fork and test_page_system refuse system calls, which
# not every sanitizer can do without. Some look inside of src/page, and are about no other library.
page_tests = \
	test_page \
	test_page_buffer \
	test_page_fault \
	test_page_frames \
	test_page_kernel \
	test_page_map \
	test_page_raw \
	test_page_user_slice
if OWN_PAGE
page_tests += test_page_alias test_page_chance test_page_fork test_page_report test_page_system
endif

check_PROGRAMS += $(page_tests)
TESTS += $(page_tests)
test_page_SOURCES = %D%/test_page.c
test_page_LDADD = $(test_ldadd)
test_page_alias_SOURCES = %D%/test_page_alias.c
test_page_alias_LDADD = $(test_ldadd)
test_page_buffer_SOURCES = %D%/test_page_buffer.c
test_page_buffer_LDADD = $(test_ldadd)
test_page_chance_SOURCES = %D%/test_page_chance.c
test_page_chance_LDADD = $(test_ldadd)
test_page_fault_SOURCES = %D%/test_page_fault.c
test_page_fault_LDADD = $(test_ldadd)
test_page_fork_SOURCES = %D%/test_page_fork.c
test_page_fork_LDADD = $(test_ldadd)
test_page_frames_SOURCES = %D%/test_page_frames.c
test_page_frames_LDADD = $(test_ldadd)
test_page_kernel_SOURCES = %D%/test_page_kernel.c
test_page_kernel_LDADD = $(test_ldadd)
test_page_map_SOURCES = %D%/test_page_map.c
test_page_map_LDADD = $(test_ldadd)
test_page_raw_SOURCES = %D%/test_page_raw.c
test_page_raw_LDADD = $(test_ldadd)
test_page_report_SOURCES = %D%/test_page_report.c
test_page_report_LDADD = $(test_ldadd)
test_page_system_SOURCES = %D%/test_page_system.c
test_page_system_LDADD = $(test_ldadd)
test_page_user_slice_SOURCES = %D%/test_page_user_slice.c
test_page_user_slice_LDADD = $(test_ldadd)

# What a mutator does wrong may be one byte beyond a program.
if HAVE_ASAN
mutate_tests_asan = \
	test_mutate-asan \
	test_mutate_splice-asan \
	test_mutator-asan \
	test_mutator_text-asan
check_PROGRAMS += $(mutate_tests_asan)
TESTS += $(mutate_tests_asan)
endif
test_mutator_asan_SOURCES = $(test_mutator_SOURCES)
test_mutator_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_mutator_asan_LDADD = libharness-asan.a $(page_asan)
test_mutator_text_asan_SOURCES = $(test_mutator_text_SOURCES)
test_mutator_text_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_mutator_text_asan_LDADD = libharness-asan.a $(page_asan)
test_mutate_asan_SOURCES = $(test_mutate_SOURCES)
test_mutate_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_mutate_asan_LDADD = libharness-asan.a $(page_asan)
test_mutate_splice_asan_SOURCES = %D%/test_mutate_splice.c
test_mutate_splice_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_mutate_splice_asan_LDADD = libharness-asan.a $(page_asan)

if HAVE_ASAN
page_tests_asan = \
	test_page-asan \
	test_page_buffer-asan \
	test_page_fault-asan \
	test_page_frames-asan \
	test_page_kernel-asan \
	test_page_map-asan \
	test_page_raw-asan \
	test_page_user_slice-asan
if OWN_PAGE
page_tests_asan += test_page_alias-asan test_page_report-asan
endif
check_PROGRAMS += $(page_tests_asan)
TESTS += $(page_tests_asan)
endif
test_page_asan_SOURCES = %D%/test_page.c
test_page_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_asan_LDADD = libharness-asan.a $(page_asan)
test_page_alias_asan_SOURCES = %D%/test_page_alias.c
test_page_alias_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_alias_asan_LDADD = libharness-asan.a $(page_asan)
test_page_buffer_asan_SOURCES = %D%/test_page_buffer.c
test_page_buffer_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_buffer_asan_LDADD = libharness-asan.a $(page_asan)
test_page_fault_asan_SOURCES = %D%/test_page_fault.c
test_page_fault_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_fault_asan_LDADD = libharness-asan.a $(page_asan)
test_page_frames_asan_SOURCES = %D%/test_page_frames.c
test_page_frames_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_frames_asan_LDADD = libharness-asan.a $(page_asan)
test_page_kernel_asan_SOURCES = %D%/test_page_kernel.c
test_page_kernel_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_kernel_asan_LDADD = libharness-asan.a $(page_asan)
test_page_map_asan_SOURCES = %D%/test_page_map.c
test_page_map_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_map_asan_LDADD = libharness-asan.a $(page_asan)
test_page_raw_asan_SOURCES = %D%/test_page_raw.c
test_page_raw_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_raw_asan_LDADD = libharness-asan.a $(page_asan)
test_page_report_asan_SOURCES = %D%/test_page_report.c
test_page_report_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_report_asan_LDADD = libharness-asan.a $(page_asan)
test_page_user_slice_asan_SOURCES = %D%/test_page_user_slice.c
test_page_user_slice_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_user_slice_asan_LDADD = libharness-asan.a $(page_asan)

if HAVE_TSAN
page_tests_tsan = \
	test_page-tsan \
	test_page_buffer-tsan \
	test_page_detect-tsan \
	test_page_fault-tsan \
	test_page_frames-tsan \
	test_page_kernel-tsan \
	test_page_map-tsan \
	test_page_raw-tsan \
	test_page_user_slice-tsan
if OWN_PAGE
page_tests_tsan += test_page_alias-tsan
endif
check_PROGRAMS += $(page_tests_tsan)
TESTS += $(page_tests_tsan)
endif
test_page_tsan_SOURCES = %D%/test_page.c
test_page_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_alias_tsan_SOURCES = %D%/test_page_alias.c
test_page_alias_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_alias_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_buffer_tsan_SOURCES = %D%/test_page_buffer.c
test_page_buffer_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_buffer_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_detect_tsan_SOURCES = %D%/test_page_detect.c
test_page_detect_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_detect_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_fault_tsan_SOURCES = %D%/test_page_fault.c
test_page_fault_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_fault_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_frames_tsan_SOURCES = %D%/test_page_frames.c
test_page_frames_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_frames_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_kernel_tsan_SOURCES = %D%/test_page_kernel.c
test_page_kernel_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_kernel_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_map_tsan_SOURCES = %D%/test_page_map.c
test_page_map_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_map_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_raw_tsan_SOURCES = %D%/test_page_raw.c
test_page_raw_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_raw_tsan_LDADD = libharness-tsan.a $(page_tsan)
test_page_user_slice_tsan_SOURCES = %D%/test_page_user_slice.c
test_page_user_slice_tsan_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)
test_page_user_slice_tsan_LDADD = libharness-tsan.a $(page_tsan)

if HAVE_MSAN
page_tests_msan = \
	test_page-msan \
	test_page_buffer-msan \
	test_page_detect-msan \
	test_page_fault-msan \
	test_page_frames-msan \
	test_page_kernel-msan \
	test_page_map-msan \
	test_page_raw-msan \
	test_page_user_slice-msan
if OWN_PAGE
page_tests_msan += test_page_alias-msan test_page_system-msan
endif
check_PROGRAMS += $(page_tests_msan)
TESTS += $(page_tests_msan)
endif
test_page_msan_SOURCES = %D%/test_page.c
test_page_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_msan_LDADD = libharness-msan.a $(page_msan)
test_page_alias_msan_SOURCES = %D%/test_page_alias.c
test_page_alias_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_alias_msan_LDADD = libharness-msan.a $(page_msan)
test_page_buffer_msan_SOURCES = %D%/test_page_buffer.c
test_page_buffer_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_buffer_msan_LDADD = libharness-msan.a $(page_msan)
test_page_detect_msan_SOURCES = %D%/test_page_detect.c
test_page_detect_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_detect_msan_LDADD = libharness-msan.a $(page_msan)
test_page_fault_msan_SOURCES = %D%/test_page_fault.c
test_page_fault_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_fault_msan_LDADD = libharness-msan.a $(page_msan)
test_page_frames_msan_SOURCES = %D%/test_page_frames.c
test_page_frames_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_frames_msan_LDADD = libharness-msan.a $(page_msan)
test_page_kernel_msan_SOURCES = %D%/test_page_kernel.c
test_page_kernel_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_kernel_msan_LDADD = libharness-msan.a $(page_msan)
test_page_map_msan_SOURCES = %D%/test_page_map.c
test_page_map_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_map_msan_LDADD = libharness-msan.a $(page_msan)
test_page_raw_msan_SOURCES = %D%/test_page_raw.c
test_page_raw_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_raw_msan_LDADD = libharness-msan.a $(page_msan)
test_page_system_msan_SOURCES = %D%/test_page_system.c
test_page_system_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_system_msan_LDADD = libharness-msan.a $(page_msan)
test_page_user_slice_msan_SOURCES = %D%/test_page_user_slice.c
test_page_user_slice_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_user_slice_msan_LDADD = libharness-msan.a $(page_msan)
