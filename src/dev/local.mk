# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture-dev: what developers of pagetorture run in a build directory. It is not installed.

dev_sources = \
	%D%/command_bench.c \
	%D%/command_race.c \
	%D%/command_run_dev.c \
	%D%/command_self_test.c \
	%D%/dev.h \
	%D%/main.c

noinst_PROGRAMS += pagetorture-dev
pagetorture_dev_SOURCES = $(dev_sources)
pagetorture_dev_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"plain"'
pagetorture_dev_LDADD = libpagetorture-plain.a libharness-plain.a $(page_plain)

if HAVE_ASAN
noinst_PROGRAMS += pagetorture-dev-asan
endif
pagetorture_dev_asan_SOURCES = $(dev_sources)
pagetorture_dev_asan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"asan"'
pagetorture_dev_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
pagetorture_dev_asan_LDADD = libpagetorture-asan.a libharness-asan.a $(page_asan)

if HAVE_MSAN
noinst_PROGRAMS += pagetorture-dev-msan
endif
pagetorture_dev_msan_SOURCES = $(dev_sources)
pagetorture_dev_msan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"msan"'
pagetorture_dev_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
pagetorture_dev_msan_LDADD = libpagetorture-msan.a libharness-msan.a $(page_msan)

if HAVE_TSAN
noinst_PROGRAMS += pagetorture-dev-tsan
endif
pagetorture_dev_tsan_SOURCES = $(dev_sources)
pagetorture_dev_tsan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"tsan"'
pagetorture_dev_tsan_LDFLAGS = $(TSAN_FLAGS)
pagetorture_dev_tsan_LDADD = libpagetorture-tsan.a libharness-tsan.a $(page_tsan)

# A detector that is known to miss accesses, for the race matrix: src/page compiled in another way.
if OWN_PAGE
EXTRA_PROGRAMS += pagetorture-dev-tsan-inline
endif
pagetorture_dev_tsan_inline_SOURCES = $(dev_sources)
pagetorture_dev_tsan_inline_CPPFLAGS = $(pagetorture_dev_tsan_CPPFLAGS)
pagetorture_dev_tsan_inline_LDFLAGS = $(TSAN_FLAGS)
pagetorture_dev_tsan_inline_LDADD = libpagetorture-tsan.a libharness-tsan.a $(page_tsan_inline)

# gcc's ThreadSanitizer needs a build directory of its own. gcc cannot compile a page library
# without its source, and what an earlier build made of src/page says nothing about that library.
gcc-detectors:
	@if test "$(GCC_CC)" = no; then \
	  echo "skipped: ThreadSanitizer of gcc (no gcc)"; exit 77; fi
	@if test "$(PAGE_LIBRARY)" != no; then rm -rf gcc; \
	  echo "skipped: ThreadSanitizer of gcc (it has no build of the page library)"; exit 77; fi
	$(MKDIR_P) gcc
	test -f gcc/Makefile || (cd gcc && $(abs_srcdir)/configure --quiet CC='$(GCC_CC)' \
	  --disable-asan --disable-msan --disable-fuzz --disable-shared)
	cd gcc && $(MAKE) $(AM_MAKEFLAGS) pagetorture-dev-tsan pagetorture-dev-tsan-inline

# `make check` builds these too; if they do not build, their detectors are skipped by name.
check_DATA = gcc.log
gcc.log: pagetorture-dev
	@$(MAKE) $(AM_MAKEFLAGS) gcc-detectors >$@ 2>&1 || \
	  echo "skipped: ThreadSanitizer of gcc does not build: gcc.log says why"

# All cells under every detector: some five minutes on two CPUs.
RACE_REPEAT = 100
#: race  run the race matrix under every detector (5 minutes)
race: all gcc.log
	@$(MKDIR_P) results
	@rm -f results/race.json
	./pagetorture-dev race --repeat $(RACE_REPEAT) --results results/race.json

clean-local: clean-gcc
clean-gcc:
	rm -rf gcc

CLEANFILES += gcc.log

.PHONY: clean-gcc gcc-detectors race
