# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Stubs for an external page library (./configure --with-page-library). Each call that the harness makes and
# that the library may lack has its own file; absent.c has stubs for all other calls. The archive of the stubs
# follows the library in the linker's arguments, so the linker takes only the files with missing calls.
#
# Every program is linked with $(page_FLAVOUR). For the library of this tree, src/page/local.mk sets this
# variable.

page_stub_sources = \
	%D%/absent.c \
	%D%/page_canonical.c \
	%D%/page_fault_attr_set.c \
	%D%/page_map_backend.c \
	%D%/page_map_backend_set.c \
	%D%/page_map_revoke_set.c \
	%D%/page_task_hook_set.c
EXTRA_DIST += $(page_stub_sources) %D%/needs.sym

# If the user's archive of the library changes, make must link all programs again. So the archives of the
# stubs depend on the user's archive.
if EXTERNAL_PAGE
page_plain = $(PAGE_PLAIN_LIBS) libpagestubs-plain.a
page_asan = $(PAGE_ASAN_LIBS) libpagestubs-plain.a
page_tsan = $(PAGE_TSAN_LIBS) libpagestubs-plain.a
page_msan = $(PAGE_MSAN_LIBS) libpagestubs-msan.a
page_fuzz_asan = $(PAGE_FUZZ_ASAN_LIBS) libpagestubs-plain.a
page_fuzz_msan = $(page_msan)
page_fuzz_plain = $(page_plain)
page_fuzz_tsan = $(PAGE_FUZZ_TSAN_LIBS) libpagestubs-plain.a
page_cov = $(page_plain)
endif
