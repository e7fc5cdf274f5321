# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The page library: installed as libpage, and once more for each flavour. None of it with
# a foreign library (src/page_stubs), under whose name nothing of ours is to be installed.

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
	%D%/free_list.c \
	%D%/free_list.h \
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

if OWN_PAGE
lib_LTLIBRARIES += libpage.la
pageinclude_HEADERS = %D%/page.h %D%/page_kernel.h
pkgconfig_DATA = %D%/libpage.pc
endif
libpage_la_SOURCES = $(page_sources)
libpage_la_CFLAGS = $(AM_CFLAGS)
libpage_la_LDFLAGS = -version-info 0:0:0 -no-undefined \
	-export-symbols $(srcdir)/%D%/libpage.sym
libpage_la_DEPENDENCIES = %D%/libpage.sym

pageincludedir = $(includedir)/libpage
pkgconfigdir = $(libdir)/pkgconfig

EXTRA_DIST += %D%/libpage.sym

# What every program is linked with. All of it is older than a configuration that changed
# its mind about the library, and made again, for programs to be linked again.
if OWN_PAGE
page_plain = libpage-plain.a
page_asan = libpage-asan.a
page_tsan = libpage-tsan.a
page_tsan_inline = libpage-tsan-inline.a
page_msan = libpage-msan.a
page_fuzz_asan = libpage-fuzz-asan.a
page_fuzz_msan = libpage-fuzz-msan.a
page_fuzz_plain = libpage-fuzz-plain.a
page_fuzz_tsan = libpage-fuzz-tsan.a
page_cov = libpage-cov.a

# What `pagetorture to-c` links, here and where it is installed.
pkglib_LIBRARIES += libpage-plain.a
if HAVE_ASAN
pkglib_LIBRARIES += libpage-asan.a
endif
if HAVE_TSAN
pkglib_LIBRARIES += libpage-tsan.a
endif
if HAVE_MSAN
pkglib_LIBRARIES += libpage-msan.a
endif
EXTRA_LIBRARIES += libpage-fuzz-asan.a libpage-fuzz-msan.a libpage-fuzz-plain.a libpage-fuzz-tsan.a \
	libpage-tsan-inline.a
endif

libpage_plain_a_SOURCES = $(page_sources)
EXTRA_libpage_plain_a_DEPENDENCIES = config.h
libpage_asan_a_SOURCES = $(page_sources)
EXTRA_libpage_asan_a_DEPENDENCIES = config.h
libpage_asan_a_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
libpage_tsan_a_SOURCES = $(page_sources)
EXTRA_libpage_tsan_a_DEPENDENCIES = config.h
libpage_tsan_a_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS)

# gcc only: memset() and memcpy() may become stores again, which nobody watches.
libpage_tsan_inline_a_SOURCES = $(page_sources)
EXTRA_libpage_tsan_inline_a_DEPENDENCIES = config.h
libpage_tsan_inline_a_CFLAGS = $(AM_CFLAGS) $(TSAN_FLAGS) -fbuiltin

libpage_msan_a_SOURCES = $(page_sources)
EXTRA_libpage_msan_a_DEPENDENCIES = config.h
libpage_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)

# For the engines: with coverage, which must count the library above all.
libpage_fuzz_asan_a_SOURCES = $(page_sources)
EXTRA_libpage_fuzz_asan_a_DEPENDENCIES = config.h
libpage_fuzz_asan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(ASAN_FLAGS)
libpage_fuzz_msan_a_SOURCES = $(page_sources)
EXTRA_libpage_fuzz_msan_a_DEPENDENCIES = config.h
libpage_fuzz_msan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(MSAN_FLAGS)
libpage_fuzz_plain_a_SOURCES = $(page_sources)
EXTRA_libpage_fuzz_plain_a_DEPENDENCIES = config.h
libpage_fuzz_plain_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link
libpage_fuzz_tsan_a_SOURCES = $(page_sources)
EXTRA_libpage_fuzz_tsan_a_DEPENDENCIES = config.h
libpage_fuzz_tsan_a_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer-no-link $(TSAN_FLAGS)

# For llvm-cov: which branches a corpus takes.
EXTRA_LIBRARIES += libpage-cov.a
libpage_cov_a_SOURCES = $(page_sources)
libpage_cov_a_CFLAGS = $(AM_CFLAGS) $(COVERAGE_FLAGS)

# Does the shared library keep what programs rely on? What changes it on purpose also changes
# -version-info above, as doc/install.md says, and keeps the new state by `make abi-keep`.
abi_headers = $(srcdir)/%D%/page.h $(srcdir)/%D%/page_kernel.h
abi_kept = $(srcdir)/%D%/libpage-x86_64.abi
EXTRA_DIST += %D%/libpage-x86_64.abi

#: abi-check  compare the library's ABI with the one that is kept
abi-check: libpage.la
	@$(SHELL) $(srcdir)/build-aux/abi.sh check $(abi_kept) .libs/libpage.so $(abi_headers)

#: abi-keep  keep the library's ABI of now
abi-keep: libpage.la
	$(SHELL) $(srcdir)/build-aux/abi.sh dump .libs/libpage.so $(abi_headers) >$(abi_kept).new
	mv $(abi_kept).new $(abi_kept)

.PHONY: abi-check abi-keep
