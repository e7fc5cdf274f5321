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
