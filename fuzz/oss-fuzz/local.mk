# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Targets for a fuzzing service that brings compiler, flags and engine (build.sh says
# which variables it passes here). No flag of ours is among them that watches or counts:
# what is given is all there is. The harness is left out of ThreadSanitizer as elsewhere.

GIVEN_CFLAGS =
GIVEN_CXX = $(CXX)
GIVEN_CXXFLAGS = $(GIVEN_CFLAGS)
GIVEN_ENGINE =
GIVEN_HARNESS = libharness-given.a

given_cflags = $(AM_CFLAGS) $(GIVEN_CFLAGS) -fno-sanitize=thread
given_libraries = $(GIVEN_HARNESS) libpage-given.a
given_ldadd = $(given_libraries) $(GIVEN_ENGINE)
given_link = $(GIVEN_CXX) $(GIVEN_CXXFLAGS) -o $@

EXTRA_LIBRARIES += libpage-given.a libharness-given.a libharness-given-tsan.a
libpage_given_a_SOURCES = $(page_sources)
libpage_given_a_CFLAGS = $(AM_CFLAGS) $(GIVEN_CFLAGS)
libharness_given_a_SOURCES = $(libharness_plain_a_SOURCES)
libharness_given_a_CFLAGS = $(given_cflags)
libharness_given_tsan_a_SOURCES = $(libharness_tsan_a_SOURCES)
libharness_given_tsan_a_CFLAGS = $(given_cflags) -fno-builtin -DBYTES_NO_INTERCEPT

EXTRA_PROGRAMS += fuzz_api-given fuzz_fatal-given fuzz_fault-given fuzz_page-given fuzz_race-given fuzz_text-given
fuzz_api_given_SOURCES = $(fuzz_api_SOURCES)
fuzz_api_given_CFLAGS = $(given_cflags)
fuzz_api_given_LDADD = $(given_ldadd)
fuzz_api_given_DEPENDENCIES = $(given_libraries)
fuzz_api_given_LINK = $(given_link)
fuzz_fatal_given_SOURCES = $(fuzz_fatal_SOURCES)
fuzz_fatal_given_CFLAGS = $(given_cflags)
fuzz_fatal_given_LDADD = $(given_ldadd)
fuzz_fatal_given_DEPENDENCIES = $(given_libraries)
fuzz_fatal_given_LINK = $(given_link)
fuzz_fault_given_SOURCES = $(fuzz_fault_SOURCES)
fuzz_fault_given_CFLAGS = $(given_cflags)
fuzz_fault_given_LDADD = $(given_ldadd)
fuzz_fault_given_DEPENDENCIES = $(given_libraries)
fuzz_fault_given_LINK = $(given_link)
fuzz_page_given_SOURCES = $(fuzz_page_SOURCES)
fuzz_page_given_CFLAGS = $(given_cflags)
fuzz_page_given_LDADD = $(given_ldadd)
fuzz_page_given_DEPENDENCIES = $(given_libraries)
fuzz_page_given_LINK = $(given_link)
fuzz_race_given_SOURCES = $(fuzz_race_SOURCES)
fuzz_race_given_CFLAGS = $(given_cflags)
fuzz_race_given_LDADD = $(given_ldadd)
fuzz_race_given_DEPENDENCIES = $(given_libraries)
fuzz_race_given_LINK = $(given_link)
fuzz_text_given_SOURCES = $(fuzz_text_SOURCES)
fuzz_text_given_CFLAGS = $(given_cflags)
fuzz_text_given_LDADD = $(given_ldadd)
fuzz_text_given_DEPENDENCIES = $(given_libraries)
fuzz_text_given_LINK = $(given_link)

# Every engine and sanitizer that is installed; `make check` does two pairs.
#: oss-fuzz-check  build the targets as OSS-Fuzz does, and check them
oss-fuzz-check: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/test_oss_fuzz.sh OSS_FUZZ=all

.PHONY: oss-fuzz-check

EXTRA_DIST += \
	.clusterfuzzlite/Dockerfile \
	.clusterfuzzlite/build.sh \
	.clusterfuzzlite/project.yaml \
	.github/workflows/clusterfuzzlite.yml \
	%D%/build.sh \
	%D%/bytes.options \
	%D%/check_out.py \
	%D%/text.options
