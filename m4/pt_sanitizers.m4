# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# PT_FLAVOUR(NAME, FLAGS, DESCRIPTION, HEADER)
# --------------------------------------------
# Check that the compiler can build and link the flavour, that it has the sanitizer's HEADER, and that the
# page library has a build for the flavour. Set HAVE_NAME (Automake conditional) and NAME_FLAGS, and define
# --disable-NAME. Add NAME to pt_flavours, or add NAME and the reason to pt_missing. The check links a
# program, because compiling alone does not show whether a sanitizer is installed.
AC_DEFUN([PT_FLAVOUR], [
  AS_VAR_PUSHDEF([have], [pt_have_$1])
  AC_ARG_ENABLE([$1], [AS_HELP_STRING([--disable-$1], [do not build the flavour with $3])],
    [], [enable_$1=auto])
  have=no
  pt_page_why=
  AS_IF([test "x$enable_$1" != xno], [
    AX_CHECK_LINK_FLAG([$2], [have=yes], [have=no], [-Werror],
      [AC_LANG_PROGRAM([[#include <$4>]], [])])
  ])
  AS_VAR_IF([have], [yes], [
    PT_PAGE_FLAVOUR([$1], [$2], [$enable_$1])
    AS_IF([test -n "$pt_page_why"], [have=no])
  ])
  AS_VAR_IF([have], [yes],
    [pt_flavours="$pt_flavours $1"],
    [AS_IF([test "x$enable_$1" = xno],
       [pt_missing="$pt_missing $1(disabled)"],
       [pt_missing="$pt_missing $1(${pt_page_why:-$CC cannot link $2, or lacks $4})"])])
  AM_CONDITIONAL(m4_toupper([HAVE_$1]), [test "x$have" = xyes])
  AC_SUBST(m4_toupper([$1])[_FLAGS], ["$2"])
  AS_VAR_POPDEF([have])
])

# PT_ENGINE
# ---------
# Check that the compiler links a fuzzing engine that calls LLVMFuzzerTestOneInput(). The check's program has
# no main(), because the engine has a main().
AC_DEFUN([PT_ENGINE], [
  AC_ARG_ENABLE([fuzz], [AS_HELP_STRING([--disable-fuzz], [do not build fuzz targets with a fuzzing engine])],
    [], [enable_fuzz=yes])
  pt_have_engine=no
  AS_IF([test "x$enable_fuzz" != xno], [
    AX_CHECK_LINK_FLAG([-fsanitize=fuzzer], [pt_have_engine=yes], [pt_have_engine=no], [],
      [AC_LANG_SOURCE([[
        #include <stddef.h>
        int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
        int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
        { (void)data; (void)size; return 0; }]])])
  ])
  PT_PAGE_ENGINE([asan], [$ASAN_FLAGS], [$pt_have_engine])
  AM_CONDITIONAL([HAVE_ENGINE], [test "x$pt_have_engine" = xyes])
])

# PT_ENGINE_WITH_TSAN
# -------------------
# Check that the compiler does not instrument its coverage counters for ThreadSanitizer, which would report
# false races on these counters: clang 19 does not, clang 14 does.
AC_DEFUN([PT_ENGINE_WITH_TSAN], [
  pt_have_engine_tsan=no
  AS_IF([test "x$pt_have_engine$pt_have_tsan" = xyesyes], [
    AC_MSG_CHECKING([whether ThreadSanitizer ignores coverage counters])
    cat >conftest.c <<_ACEOF
int pt_counted(int *x) { return *x ? 1 : 2; }
_ACEOF
    AS_IF([$CC -fsanitize=fuzzer-no-link,thread -O1 -S -o conftest.s conftest.c 2>/dev/null],
      [AS_IF([test `grep -c '__tsan_write' conftest.s` = 0], [pt_have_engine_tsan=yes])])
    rm -f conftest.c conftest.s
    AC_MSG_RESULT([$pt_have_engine_tsan])
  ])
  PT_PAGE_ENGINE([tsan], [$TSAN_FLAGS], [$pt_have_engine_tsan])
  AM_CONDITIONAL([HAVE_ENGINE_TSAN], [test "x$pt_have_engine_tsan" = xyes])
])

# PT_COVERAGE
# -----------
# Check that the compiler can keep coverage counters in a file mapping, which survives any end of the process,
# and that llvm-cov and llvm-profdata of the same version exist. Set COVERAGE_FLAGS, LLVM_COV and
# LLVM_PROFDATA; LLVM_COV is empty if the check fails. The counters are atomic, because the count of a branch
# may be the difference of two counters: a lost increment would make a branch look executed.
AC_DEFUN([PT_COVERAGE], [
  LLVM_COV=
  LLVM_PROFDATA=
  COVERAGE_FLAGS="-fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation -fprofile-update=atomic"
  AX_CHECK_LINK_FLAG([$COVERAGE_FLAGS], [
    LLVM_COV=`$CC -print-prog-name=llvm-cov`
    LLVM_PROFDATA=`$CC -print-prog-name=llvm-profdata`
    AS_IF([test ! -x "$LLVM_COV" || test ! -x "$LLVM_PROFDATA"], [LLVM_COV=])
  ])
  AC_SUBST([COVERAGE_FLAGS])
  AC_SUBST([LLVM_COV])
  AC_SUBST([LLVM_PROFDATA])
])
