# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fuzz targets for a fuzzing service that sets compiler, flags and engine (build.sh lists the
# variables). Only the flags of the service select sanitizer and coverage. As in other builds,
# ThreadSanitizer does not instrument the harness.

GIVEN_CFLAGS =
GIVEN_CXX = $(CXX)
GIVEN_CXXFLAGS = $(GIVEN_CFLAGS)
GIVEN_ENGINE =
GIVEN_HARNESS = libharness-given.a

# oss-fuzz-check builds for every installed engine and sanitizer; `make check` builds for two of them.
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
