# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# PT_PAGE_LIBRARY
# ---------------
# --with-page-library tests an external library that exports page.h. The library must have the calls in
# src/page_stubs/needs.sym; configure warns about other missing calls. Set the Automake conditionals
# OWN_PAGE and EXTERNAL_PAGE, and PAGE_PLAIN_LIBS, PAGE_ABSENT and PAGE_LIBRARY. Call PT_PAGE_LIBRARY before
# PT_FLAVOUR, which checks the page library's build for each flavour.
AC_DEFUN([PT_PAGE_LIBRARY], [
  AC_ARG_WITH([page-library], [AS_HELP_STRING([--with-page-library='-LDIR -lNAME'],
    [test another library that exports page.h, instead of src/page: flags or archives for the linker.
     configure replaces {flavour} by plain, asan, tsan and msan, for fuzzers by fuzz-asan and
     fuzz-tsan (AFL++: afl-asan), so provide one build of the library for each. Without {flavour},
     one build is used for the flavours plain and asan])],
    [], [with_page_library=no])
  AS_CASE([$with_page_library],
    [yes|''], [AC_MSG_ERROR([expected --with-page-library='-LDIR -lNAME', got no library])])
  AM_CONDITIONAL([EXTERNAL_PAGE], [test "x$with_page_library" != xno])
  AM_CONDITIONAL([OWN_PAGE], [test "x$with_page_library$KERNEL_SOURCE" = xno])
  PAGE_LIBRARY=$with_page_library
  PAGE_FILES=
  PAGE_ABSENT=
  pt_page_name=src/page
  pt_page_kind=OWN
  pt_page_sh="$SHELL $srcdir/build-aux/page-library.sh"
  AS_IF([test "x$with_page_library" != xno], [
    PAGE_LIBRARY=`$pt_page_sh {flavour} "$with_page_library"`
    pt_page_name=$with_page_library
    pt_page_kind=EXTERNAL
    _PT_PAGE_SYMBOLS
  ])
  AS_IF([test "x$KERNEL_SOURCE" != x], [
    PAGE_LIBRARY=$KERNEL_SOURCE/rust/kernel/page.rs
    pt_page_name=$PAGE_LIBRARY
    pt_page_kind=KERNEL
  ])
  AC_DEFINE_UNQUOTED([PAGE_LIBRARY], ["$pt_page_name"], [The page library under the harness.])
  AC_DEFINE_UNQUOTED([PAGE_LIBRARY_KIND], [$pt_page_kind], [Its row in src/harness/library.c.])
  AC_SUBST([PAGE_LIBRARY])
  AC_SUBST([PAGE_FILES])
  AC_SUBST([PAGE_ABSENT])
  AC_SUBST([PAGE_PLAIN_LIBS])
])

# _PT_PAGE_SYMBOLS
# ----------------
# Set PAGE_ABSENT to the calls of page.h that the external page library lacks. Needed calls must exist.
AC_DEFUN([_PT_PAGE_SYMBOLS], [
  pt_page_needs=`cat $srcdir/src/page_stubs/needs.sym`
  pt_page_standins=`cd $srcdir/src/page_stubs && ls page_*.c | $SED 's/\.c$//'`
  pt_page_rest=`{ cat $srcdir/src/page/libpage.sym; echo "$pt_page_needs"; echo "$pt_page_standins"
    } | LC_ALL=C sort | uniq -u`
  AC_MSG_CHECKING([for a page library in $with_page_library])
  _PT_PAGE_RESOLVE([plain], [PAGE_PLAIN_LIBS])
  _PT_PAGE_LINK([main], [$PAGE_PLAIN_LIBS], [], [
    AC_MSG_RESULT([no])
    AC_MSG_ERROR([expected --with-page-library to link:$PAGE_PLAIN_LIBS (config.log says why)])])
  _PT_PAGE_LACKS([$pt_page_needs])
  AS_IF([test -n "$pt_lacks"], [
    AC_MSG_RESULT([no])
    AC_MSG_ERROR([the page library lacks what the harness calls:$pt_lacks])])
  _PT_PAGE_LACKS([$pt_page_standins])
  pt_page_stood_in=$pt_lacks
  _PT_PAGE_LACKS([$pt_page_rest])
  pt_page_absent=$pt_lacks
  AC_MSG_RESULT([yes])
  AS_IF([test -n "$pt_page_stood_in"], [AC_MSG_WARN(
    [the page library lacks$pt_page_stood_in: pages are assumed to have one address, and calls no failure points])])
  AS_IF([test -n "$pt_page_absent"], [AC_MSG_WARN(
    [the page library lacks$pt_page_absent: tests that call them are skipped])])
  for pt_symbol in $pt_page_absent; do
    PAGE_ABSENT="$PAGE_ABSENT ABSENT($pt_symbol)"
  done
])

# _PT_PAGE_RESOLVE(FLAVOUR, VARIABLE)
# -----------------------------------
# Set VARIABLE to the linker arguments of the flavour. Add files in these arguments to PAGE_FILES for make.
AC_DEFUN([_PT_PAGE_RESOLVE], [
  $2=`$pt_page_sh $1 "$with_page_library"`
  pt_files=`$pt_page_sh --files "$$2"`
  PAGE_FILES="$PAGE_FILES$pt_files"
])

# _PT_PAGE_LINK(SYMBOLS, LIBS, IF-YES, IF-NO)
# -------------------------------------------
# Check whether a program that uses all SYMBOLS links with LIBS.
AC_DEFUN([_PT_PAGE_LINK], [
  pt_declared= pt_listed=
  for pt_symbol in $1; do
    pt_declared="$pt_declared int $pt_symbol(void);"
    pt_listed="$pt_listed $pt_symbol,"
  done
  pt_saved_LIBS=$LIBS
  LIBS="$2 $LIBS"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[
    $pt_declared
    int (*pt_all[])(void) = { $pt_listed 0 };
    int main(void) { return !pt_all[0]; }]])],
    [LIBS=$pt_saved_LIBS
     $3],
    [LIBS=$pt_saved_LIBS
     $4])
])

# _PT_PAGE_LACKS(SYMBOLS)
# -----------------------
# Set pt_lacks to those of SYMBOLS that the page library's plain build lacks.
AC_DEFUN([_PT_PAGE_LACKS], [
  pt_lacks=
  _PT_PAGE_LINK([$1], [$PAGE_PLAIN_LIBS], [:], [
    for pt_one in $1; do
      _PT_PAGE_LINK([$pt_one], [$PAGE_PLAIN_LIBS], [:], [pt_lacks="$pt_lacks $pt_one"])
    done])
])

# PT_PAGE_FLAVOUR(NAME, FLAGS, ASKED)
# -----------------------------------
# Check whether the page library has a build for the flavour NAME. Set PAGE_NAME_LIBS, and set pt_page_why to
# the problem or to nothing. A library with one build is not instrumented: AddressSanitizer still detects heap
# errors, but the other sanitizers detect nothing or report false errors. So the flavours tsan and msan use a
# library with one build only if ASKED is yes (--enable-NAME).
AC_DEFUN([PT_PAGE_FLAVOUR], [
  pt_page_why=
  AS_IF([test "x$with_page_library" != xno], [
    AC_MSG_CHECKING([for the page library's $1 build])
    _PT_PAGE_RESOLVE([$1], m4_toupper([PAGE_$1_LIBS]))
    AS_CASE([$with_page_library:$1:$3],
      [*{flavour}*|*:asan:*|*:yes],
        [pt_saved_CFLAGS=$CFLAGS
         CFLAGS="$CFLAGS $2"
         _PT_PAGE_LINK([$pt_page_needs], [$m4_toupper([PAGE_$1_LIBS])], [],
           [pt_page_why="the page library has no $1 build that links"])
         CFLAGS=$pt_saved_CFLAGS],
      [pt_page_why="the page library has one build, because --with-page-library has no {flavour}"])
    AC_MSG_RESULT([${pt_page_why:-yes}])
  ])
  AC_SUBST(m4_toupper([PAGE_$1_LIBS]))
])

# PT_PAGE_ENGINE(NAME, FLAGS, HAVE)
# ---------------------------------
# If HAVE is yes, fuzzers of the flavour NAME exist: set PAGE_FUZZ_NAME_LIBS to the page library's build for
# these fuzzers. If that build does not exist, use the build of the flavour, or else the plain build. The
# last two builds count no coverage of the library.
AC_DEFUN([PT_PAGE_ENGINE], [
  AS_IF([test "x$with_page_library:$3" != xno:yes && test "x$3" = xyes], [
    AS_CASE([$CC], [*afl*], [pt_engine_word=afl], [pt_engine_word=fuzz])
    AC_MSG_CHECKING([for the page library's $pt_engine_word-$1 build])
    _PT_PAGE_RESOLVE([$pt_engine_word-$1], m4_toupper([PAGE_FUZZ_$1_LIBS]))
    pt_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link $2"
    pt_found=no
    AS_CASE([$with_page_library], [*{flavour}*],
      [_PT_PAGE_LINK([$pt_page_needs], [$m4_toupper([PAGE_FUZZ_$1_LIBS])], [pt_found=yes], [])])
    CFLAGS=$pt_saved_CFLAGS
    AS_IF([test $pt_found = no], [
      AS_IF([test "x$pt_have_$1" = xyes],
        [pt_found=$1 m4_toupper([PAGE_FUZZ_$1_LIBS])=$m4_toupper([PAGE_$1_LIBS])],
        [pt_found=plain m4_toupper([PAGE_FUZZ_$1_LIBS])=$PAGE_PLAIN_LIBS])
      pt_page_blind="$pt_page_blind $1 ($pt_found build)"
      pt_found="no, use the $pt_found build without coverage of the library"])
    AC_MSG_RESULT([$pt_found])
  ])
  AC_SUBST(m4_toupper([PAGE_FUZZ_$1_LIBS]))
])
