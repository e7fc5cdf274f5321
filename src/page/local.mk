# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The page library: libpage, which is installed, and one archive for each flavour. With an external
# page library (src/page_stubs), make builds and installs neither libpage nor the archives.

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
	%D%/fork.c \
	%D%/fork.h \
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

EXTRA_DIST += $(page_sources) %D%/libpage.sym

# Linker arguments for the page library of each build; build-aux/flavours.mk has the rules.
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

# The C programs of `pagetorture to-c` are linked with these archives, of the build directory or installed.
pagearchivedir = $(pkglibdir)
pagearchive_DATA = libpage-plain.a
if HAVE_ASAN
pagearchive_DATA += libpage-asan.a
endif
if HAVE_TSAN
pagearchive_DATA += libpage-tsan.a
endif
if HAVE_MSAN
pagearchive_DATA += libpage-msan.a
endif
endif

# `make abi-check` compares the ABI of the shared library with the stored ABI. For an intended change of the
# ABI, change -version-info above (doc/install.md) and run `make abi-keep`.
abi_headers = $(srcdir)/%D%/page.h $(srcdir)/%D%/page_kernel.h
abi_kept = $(srcdir)/%D%/libpage-x86_64.abi
EXTRA_DIST += %D%/libpage-x86_64.abi

#: abi-check  compare the library's ABI with the stored one
abi-check: libpage.la
	@$(SHELL) $(srcdir)/build-aux/abi.sh check $(abi_kept) .libs/libpage.so $(abi_headers)

#: abi-keep  store the library's current ABI
abi-keep: libpage.la
	$(SHELL) $(srcdir)/build-aux/abi.sh dump .libs/libpage.so $(abi_headers) >$(abi_kept).new
	mv $(abi_kept).new $(abi_kept)

.PHONY: abi-check abi-keep
