# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

# The commands; each room adds its own.
tool_sources = \
	%D%/command_bench.c \
	%D%/command_bugs.c \
	%D%/command_check.c \
	%D%/command_convert.c \
	%D%/command_explain.c \
	%D%/command_fuzz.c \
	%D%/command_minimize.c \
	%D%/command_race.c \
	%D%/command_run.c \
	%D%/command_to_c.c \
	%D%/command_triage.c \
	%D%/main.c \
	%D%/tool.h

# What to-c compiles with, and links: as this build does, or as it was installed.
tool_cppflags = $(AM_CPPFLAGS) \
	-DTO_C_CC='"$(CC)"' \
	-DTO_C_ASAN_FLAGS='"$(ASAN_FLAGS)"' \
	-DTO_C_TSAN_FLAGS='"$(TSAN_FLAGS)"' \
	-DTO_C_MSAN_FLAGS='"$(MSAN_FLAGS)"' \
	-DPAGE_PLAIN='"$(page_plain)"' \
	-DPAGE_ASAN='"$(page_asan)"' \
	-DPAGE_TSAN='"$(page_tsan)"' \
	-DPAGE_MSAN='"$(page_msan)"' \
	-DBINDIR='"$(bindir)"' \
	-DPKGLIBDIR='"$(pkglibdir)"' \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"' \
	-DPAGE_HEADER_SOURCE='"$(srcdir)/src/page"' \
	-DPAGE_HEADER_INSTALLED='"$(pageincludedir)"'

bin_PROGRAMS += pagetorture
pagetorture_SOURCES = $(tool_sources)
pagetorture_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"plain"'
pagetorture_LDADD = libharness-plain.a $(page_plain)

# Installed as scripts are, for install-strip to leave them alone: what failures have in common
# is read off their debugging information.
flavour_programs =
noinst_PROGRAMS += $(flavour_programs)
pkglibexec_SCRIPTS = $(flavour_programs)

if HAVE_ASAN
flavour_programs += pagetorture-asan
endif
pagetorture_asan_SOURCES = $(tool_sources)
pagetorture_asan_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"asan"'
pagetorture_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
pagetorture_asan_LDADD = libharness-asan.a $(page_asan)

if HAVE_TSAN
flavour_programs += pagetorture-tsan
endif
pagetorture_tsan_SOURCES = $(tool_sources)
pagetorture_tsan_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"tsan"'
pagetorture_tsan_LDFLAGS = $(TSAN_FLAGS)
pagetorture_tsan_LDADD = libharness-tsan.a $(page_tsan)

# A detector with a known hole, for the race matrix: our library compiled in another way.
if OWN_PAGE
EXTRA_PROGRAMS += pagetorture-tsan-inline
endif
pagetorture_tsan_inline_SOURCES = $(tool_sources)
pagetorture_tsan_inline_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"tsan"'
pagetorture_tsan_inline_LDFLAGS = $(TSAN_FLAGS)
pagetorture_tsan_inline_LDADD = libharness-tsan.a $(page_tsan_inline)

if HAVE_MSAN
flavour_programs += pagetorture-msan
endif
pagetorture_msan_SOURCES = $(tool_sources)
pagetorture_msan_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"msan"'
pagetorture_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
pagetorture_msan_LDADD = libharness-msan.a $(page_msan)

# gcc's ThreadSanitizer is another compiler's, hence another build directory. It cannot
# compile a library that is not here; what it made of ours before says nothing about that.
gcc-detectors:
	@if test "$(GCC_CC)" = no; then \
	  echo "skipped: ThreadSanitizer of gcc (no gcc)"; exit 77; fi
	@if test "$(PAGE_LIBRARY)" != no; then rm -rf gcc; \
	  echo "skipped: ThreadSanitizer of gcc (it has no build of the page library)"; exit 77; fi
	$(MKDIR_P) gcc
	test -f gcc/Makefile || (cd gcc && $(abs_srcdir)/configure --quiet CC='$(GCC_CC)' \
	  --disable-asan --disable-msan --disable-fuzz --disable-shared)
	cd gcc && $(MAKE) $(AM_MAKEFLAGS) pagetorture-tsan pagetorture-tsan-inline

# Made for `make check` too; where it cannot be, its detectors are skipped by name.
check_DATA = gcc.log
gcc.log: pagetorture
	@$(MAKE) $(AM_MAKEFLAGS) gcc-detectors >$@ 2>&1 || \
	  echo "skipped: ThreadSanitizer of gcc does not build: gcc.log says why"

# Every cell under every detector: some five minutes of two cores.
RACE_REPEAT = 100
#: race  run the race matrix under every detector (5 minutes)
race: all gcc.log
	@$(MKDIR_P) results
	@rm -f results/race.json
	./pagetorture race --repeat $(RACE_REPEAT) --results results/race.json

clean-local: clean-gcc
clean-gcc:
	rm -rf gcc

CLEANFILES += gcc.log

.PHONY: clean-gcc gcc-detectors race
