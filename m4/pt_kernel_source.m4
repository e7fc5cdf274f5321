# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# PT_KERNEL_SOURCE
# ----------------
# --with-kernel-source: the harness tests the page.rs of a Linux kernel instead of src/page (kernel/rust). Set
# the Automake conditional KERNEL_PAGE, and KERNEL_SOURCE, RUSTC, RUST_CORE, OBJCOPY and NM.
AC_DEFUN([PT_KERNEL_SOURCE], [
  AC_ARG_WITH([kernel-source], [AS_HELP_STRING([--with-kernel-source=DIR],
    [test rust/kernel/page.rs of a Linux kernel instead of src/page: DIR is a kernel tree, an unpacked
     linux-source package, or the archive of one (/usr/src/linux-source-6.12.tar.xz)])],
    [], [with_kernel_source=no])
  AS_CASE([$with_kernel_source],
    [yes|''], [AC_MSG_ERROR([expected --with-kernel-source=DIR, got no directory])])
  AC_ARG_VAR([RUSTC], [Rust compiler for --with-kernel-source, 1.93 or later])
  AM_CONDITIONAL([KERNEL_PAGE], [test "x$with_kernel_source" != xno])
  AS_IF([test "x$with_kernel_source" != xno], [
    AS_IF([test "x${with_page_library:-no}" != xno],
      [AC_MSG_ERROR([expected --with-kernel-source or --with-page-library, got both])])
    AC_CHECK_TOOL([OBJCOPY], [objcopy], [no])
    AC_CHECK_TOOL([NM], [nm], [no])
    _PT_KERNEL_RUSTC
    _PT_KERNEL_UNPACK
    _PT_KERNEL_COMPILE
    AFL_CC=no
    pt_no_afl="does not instrument Rust"
  ])
  AC_SUBST([KERNEL_SOURCE])
  AC_SUBST([RUST_CORE])
])

# _PT_KERNEL_RUSTC
# ----------------
# Set RUSTC to the Rust compiler, and RUST_CORE to the file of its libcore.
AC_DEFUN([_PT_KERNEL_RUSTC], [
  AC_PATH_PROGS([RUSTC], [rustc], [no])
  AS_IF([test "x$RUSTC" = xno],
    [AC_MSG_ERROR([expected rustc for --with-kernel-source, found none: apt-get install rustc-web])])
  pt_rust_libraries=`$RUSTC --print target-libdir 2>&AS_MESSAGE_LOG_FD`
  RUST_CORE=`ls "$pt_rust_libraries"/libcore-*.rlib 2>/dev/null | $SED q`
  AS_IF([test "x$RUST_CORE" = x],
    [AC_MSG_ERROR([expected libcore of $RUSTC in $pt_rust_libraries, found none: apt-get install libstd-rust-web-dev])])
])

# _PT_KERNEL_UNPACK
# -----------------
# Set KERNEL_SOURCE to the absolute path of the kernel tree. If DIR is an archive, unpack the needed files.
AC_DEFUN([_PT_KERNEL_UNPACK], [
  AC_MSG_CHECKING([for the kernel source])
  AS_IF([test -f "$with_kernel_source"], [
    KERNEL_SOURCE=`pwd`/kernel-source
    rm -rf kernel-source && mkdir kernel-source &&
      tar -C kernel-source --strip-components=1 --wildcards -xf "$with_kernel_source" \
        '*/include/linux/errno.h' '*/include/uapi/asm-generic/errno*.h' '*/rust/*.rs' '*/rust/helpers/*.c' ||
      AC_MSG_ERROR([expected an archive of a kernel source, got $with_kernel_source])
  ], [
    KERNEL_SOURCE=`cd "$with_kernel_source" 2>/dev/null && pwd`
    AS_IF([test "x$KERNEL_SOURCE" = x],
      [AC_MSG_ERROR([expected a directory or an archive, got $with_kernel_source])])
  ])
  AC_MSG_RESULT([$KERNEL_SOURCE])
])

# _PT_KERNEL_COMPILE
# ------------------
# Check that page.rs of this kernel version compiles with the replacements of kernel code in kernel/rust.
AC_DEFUN([_PT_KERNEL_COMPILE], [
  AC_MSG_CHECKING([whether kernel/rust fits rust/kernel/page.rs of this source])
  pt_kernel_rust=`cd $srcdir/kernel/rust && pwd`
  rm -rf conftest.kernel
  AS_IF([pt_kernel_why=`$SHELL $pt_kernel_rust/read_source.sh $KERNEL_SOURCE $pt_kernel_rust conftest.kernel 2>&1` &&
    pt_kernel_why=`RUSTC=$RUSTC $SHELL $pt_kernel_rust/compile.sh $KERNEL_SOURCE "\`pwd\`/conftest.kernel" \
      conftest.kernel metadata 2>&1`],
    [AC_MSG_RESULT([yes])
     rm -rf conftest.kernel],
    [AC_MSG_RESULT([no])
     AS_ECHO(["$pt_kernel_why"]) >&AS_MESSAGE_LOG_FD
     rm -rf conftest.kernel
     AC_MSG_ERROR([AS_ECHO(["$pt_kernel_why"]) | $SED q])])
])
