# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A new unit test is one line in unit_tests; it is linked with the plain harness.
# Scripts speak TAP too and run from the build folder.

unit_tests = \
	test_detector \
	test_number \
	test_program_bytes \
	test_program_text \
	test_repair \
	test_rules \
	test_schedule \
	test_sighting \
	test_thread_plan

test_scripts = \
	%D%/test_bootstrap.sh \
	%D%/test_check.sh \
	%D%/test_corpus.sh \
	%D%/test_install.sh \
	%D%/test_mutants.sh \
	%D%/test_run.sh \
	%D%/test_stress.sh \
	%D%/test_tree.sh

noinst_HEADERS = %D%/tap.h %D%/random_program.h
EXTRA_DIST += $(test_scripts) %D%/tap.sh

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; export CC; \
	FLAVOURS='plain asan tsan msan'; export FLAVOURS; \
	ASAN_FLAGS='$(ASAN_FLAGS)'; export ASAN_FLAGS; \
	TSAN_FLAGS='$(TSAN_FLAGS)'; export TSAN_FLAGS; \
	MSAN_FLAGS='$(MSAN_FLAGS)'; export MSAN_FLAGS; \
	STRESS_DIR='$(abs_builddir)'; export STRESS_DIR; \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir;

test_ldadd = libharness-plain.a libpage-plain.a

check_PROGRAMS += $(unit_tests) test_page
TESTS += $(unit_tests) test_page $(test_scripts)

test_detector_SOURCES = %D%/test_detector.c
test_detector_LDADD = $(test_ldadd)
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
test_schedule_SOURCES = %D%/test_schedule.c
test_schedule_LDADD = $(test_ldadd)
test_sighting_SOURCES = %D%/test_sighting.c
test_sighting_LDADD = $(test_ldadd)
test_thread_plan_SOURCES = %D%/test_thread_plan.c
test_thread_plan_LDADD = $(test_ldadd)

# The library's own test runs in every flavour.
test_page_SOURCES = %D%/test_page.c
test_page_LDADD = $(test_ldadd)

if HAVE_ASAN
check_PROGRAMS += test_page-asan
TESTS += test_page-asan
endif
test_page_asan_SOURCES = %D%/test_page.c
test_page_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
test_page_asan_LDADD = libharness-asan.a libpage-asan.a

if HAVE_TSAN
check_PROGRAMS += test_page-tsan
TESTS += test_page-tsan
endif
test_page_tsan_SOURCES = %D%/test_page.c
test_page_tsan_CFLAGS = $(AM_CFLAGS)
test_page_tsan_LDFLAGS = $(TSAN_FLAGS)
test_page_tsan_LDADD = libharness-tsan.a libpage-tsan.a

if HAVE_MSAN
check_PROGRAMS += test_page-msan
TESTS += test_page-msan
endif
test_page_msan_SOURCES = %D%/test_page.c
test_page_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
test_page_msan_LDADD = libharness-msan.a libpage-msan.a
