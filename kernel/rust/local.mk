# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The kernel's own rust/kernel/page.rs as the page library (./configure --with-kernel-source=DIR).
# %D%/rules.mk builds it.

kernel_rust_sources = \
	%D%/bindings.rs \
	%D%/c_calls.c \
	%D%/include/linux/gfp.h \
	%D%/include/linux/highmem.h \
	%D%/include/linux/mm.h \
	%D%/include/linux/uaccess.h \
	%D%/lib.rs.in \
	%D%/modules.rs \
	%D%/page_h.rs
EXTRA_DIST += $(kernel_rust_sources) %D%/compile.sh %D%/read_source.sh %D%/rules.mk

if KERNEL_PAGE
@include@ $(srcdir)/kernel/rust/rules.mk
page_plain = libkernelpage-plain.a libkernelcore.a
page_asan = libkernelpage-asan.a libkernelcore.a
page_tsan = libkernelpage-tsan.a libkernelcore.a
page_msan = libkernelpage-msan.a libkernelcore.a
page_fuzz_asan = libkernelpage-fuzz-asan.a libkernelcore.a
page_fuzz_msan = libkernelpage-fuzz-msan.a libkernelcore.a
page_fuzz_plain = libkernelpage-fuzz-plain.a libkernelcore.a
page_fuzz_tsan = libkernelpage-fuzz-tsan.a libkernelcore.a
page_cov = libkernelpage-plain.a libkernelcore.a
endif
