# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The page library: installed as libpage, and once more for each flavour.

page_sources = \
	%D%/alias.h \
	%D%/alias_fork.c \
	%D%/alias_set.c \
	%D%/alias_slot.c \
	%D%/alias_window.c \
	%D%/arena.c \
	%D%/arena.h \
	%D%/buffer.c \
	%D%/fault.c \
	%D%/fault.h \
	%D%/live.h \
	%D%/map.c \
	%D%/map.h \
	%D%/map_alias.c \
	%D%/map_direct.c \
	%D%/page.c \
	%D%/page.h \
	%D%/page_kernel.h \
	%D%/range.h \
	%D%/raw.c \
	%D%/report.c \
	%D%/report.h \
	%D%/sync.h \
	%D%/task.c \
	%D%/task.h \
	%D%/user_slice.c

lib_LTLIBRARIES += libpage.la
libpage_la_SOURCES = $(page_sources)
libpage_la_CFLAGS = $(AM_CFLAGS)
libpage_la_LDFLAGS = -version-info 0:0:0 -no-undefined \
	-export-symbols $(srcdir)/%D%/libpage.sym
libpage_la_DEPENDENCIES = %D%/libpage.sym

pageincludedir = $(includedir)/libpage
pageinclude_HEADERS = %D%/page.h %D%/page_kernel.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/libpage.pc

EXTRA_DIST += %D%/libpage.sym

noinst_LIBRARIES += libpage-plain.a
libpage_plain_a_SOURCES = $(page_sources)

if HAVE_ASAN
noinst_LIBRARIES += libpage-asan.a
endif
libpage_asan_a_SOURCES = $(page_sources)
libpage_asan_a_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)

if HAVE_TSAN
noinst_LIBRARIES += libpage-tsan.a
endif
libpage_tsan_a_SOURCES = $(page_sources)
libpage_tsan_a_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)

# gcc only: memset() and memcpy() may become stores again, which nobody watches.
EXTRA_LIBRARIES += libpage-tsan-inline.a
libpage_tsan_inline_a_SOURCES = $(page_sources)
libpage_tsan_inline_a_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS) -fbuiltin

if HAVE_MSAN
noinst_LIBRARIES += libpage-msan.a
endif
libpage_msan_a_SOURCES = $(page_sources)
libpage_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)

# For the engines: with coverage, which must count the library above all.
EXTRA_LIBRARIES += libpage-fuzz-asan.a libpage-fuzz-tsan.a
libpage_fuzz_asan_a_SOURCES = $(page_sources)
libpage_fuzz_asan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
libpage_fuzz_tsan_a_SOURCES = $(page_sources)
libpage_fuzz_tsan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(TSAN_FLAGS)

# For llvm-cov: which branches a corpus takes.
EXTRA_LIBRARIES += libpage-cov.a
libpage_cov_a_SOURCES = $(page_sources)
libpage_cov_a_CFLAGS = $(AM_CFLAGS) $(COVERAGE_FLAGS)
