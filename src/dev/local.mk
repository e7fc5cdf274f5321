# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture-dev: commands for developers of pagetorture, in a build directory; never installed.

dev_sources = \
	%D%/command_bench.c \
	%D%/command_race_cells.c \
	%D%/command_run_misbehaving.c \
	%D%/command_scripts.c \
	%D%/dev.h \
	%D%/main.c

# The race matrix also uses pagetorture-dev-tsan-inline. The page library in this binary is compiled so that
# ThreadSanitizer misses some accesses: a known limitation (build-aux/flavours.mk).
dev_flavours = plain
if HAVE_ASAN
dev_flavours += asan
endif
if HAVE_MSAN
dev_flavours += msan
endif
if HAVE_TSAN
dev_flavours += tsan
endif
dev_programs = $(patsubst %-plain,%,$(dev_flavours:%=pagetorture-dev-%))

EXTRA_DIST += $(dev_sources) %D%/command_line.py

all-local: $(dev_programs)

# gcc's ThreadSanitizer needs a build of everything by gcc, in a separate build directory. An external page
# library is not built by gcc, because its source is not part of this tree.
gcc-detectors:
	@if test "$(GCC_CC)" = no; then \
	  echo "skipped: ThreadSanitizer of gcc (no gcc)"; exit 77; fi
	@if test "$(PAGE_LIBRARY)" != no; then rm -rf gcc; \
	  echo "skipped: ThreadSanitizer of gcc (it has no build of the page library)"; exit 77; fi
	$(MKDIR_P) gcc
	test -f gcc/Makefile || (cd gcc && $(abs_srcdir)/configure --quiet CC='$(GCC_CC)' \
	  --disable-asan --disable-msan --disable-fuzz --disable-shared)
	cd gcc && $(MAKE) $(AM_MAKEFLAGS) pagetorture-dev-tsan pagetorture-dev-tsan-inline

# gcc.log has the output of `make gcc-detectors`. If this build fails, `race` names and skips gcc's detectors.
gcc.log: pagetorture-dev
	@$(MAKE) $(AM_MAKEFLAGS) gcc-detectors >$@ 2>&1 || \
	  echo "skipped: ThreadSanitizer of gcc does not build: gcc.log says why"

# `make race` runs all cells under every detector, which takes five minutes on two CPUs.
RACE_REPEAT = 100
#: race  run the race matrix under every detector (5 minutes)
race: all-am gcc.log
	@$(MKDIR_P) results
	@rm -f results/race.json
	./pagetorture-dev race --repeat $(RACE_REPEAT) --results results/race.json

clean-local: clean-gcc
clean-gcc:
	rm -rf gcc

CLEANFILES += gcc.log

.PHONY: clean-gcc gcc-detectors race
