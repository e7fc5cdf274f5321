#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Read a kernel source, and write what its version needs for kernel/rust.
#
#   read_source.sh SOURCE SHIM OUTPUT
#
#   SOURCE   the root of a kernel tree
#   SHIM     this directory
#   OUTPUT   the directory for lib.rs, errno.rs and features (arguments for rustc)
#
# If the source lacks a needed file or item, print one line that names it, and exit with status 1.
set -eu

source=$1
shim=$2
output=$3

fail() {
	echo "$1" >&2
	exit 1
}

# FILE ITEM PATTERN: page_h.rs needs ITEM, so FILE must have a line that matches PATTERN.
while read -r file item pattern; do
	[ -f "$source/$file" ] || fail "$source/$file: expected this file in a kernel source"
	grep -Eq -e "$pattern" "$source/$file" ||
		fail "$source/$file: expected \`$item\`, which kernel/rust/page_h.rs calls"
done <<'END'
rust/ffi.rs c_int c_int
rust/helpers/page.c kmap_local_page kmap_local_page
rust/helpers/uaccess.c copy_from_user copy_from_user
rust/kernel/error.rs AllocError AllocError
rust/kernel/page.rs Page::alloc_page fn[[:space:]]+alloc_page\(
rust/kernel/page.rs Page::read_raw fn[[:space:]]+read_raw\(
rust/kernel/page.rs Page::write_raw fn[[:space:]]+write_raw\(
rust/kernel/page.rs Page::fill_zero_raw fn[[:space:]]+fill_zero_raw\(
rust/kernel/page.rs Page::copy_from_user_slice_raw fn[[:space:]]+copy_from_user_slice_raw\(
rust/kernel/uaccess.rs UserSlice::reader fn[[:space:]]+reader\(
rust/kernel/uaccess.rs UserSliceReader::skip fn[[:space:]]+skip\(
rust/kernel/uaccess.rs UserSliceReader::read_raw fn[[:space:]]+read_raw\(
rust/kernel/uaccess.rs UserSlice::writer fn[[:space:]]+writer\(
rust/kernel/uaccess.rs UserSliceWriter::write_slice fn[[:space:]]+write_slice\(
END

mkdir -p "$output"
sed -e "s|@KERNEL_SOURCE@|$source|" -e "s|@SHIM@|$shim|" "$shim/lib.rs.in" >"$output/lib.rs"

# errno.rs gets the error numbers of the kernel's headers, as Rust constants.
sed -En 's/^#define[[:space:]]+(E[A-Z0-9_]+)[[:space:]]+([0-9]+)([[:space:]].*)?$/pub const \1: u32 = \2;/p' \
	"$source/include/uapi/asm-generic/errno-base.h" "$source/include/uapi/asm-generic/errno.h" \
	"$source/include/linux/errno.h" >"$output/errno.rs"

# NAME FILE PATTERN: if FILE has a line that matches PATTERN, rustc sets cfg(NAME), which page_h.rs tests.
while read -r name file pattern; do
	if grep -Eq -e "$pattern" "$source/$file"; then
		echo "--cfg=$name"
	fi
done >"$output/features" <<'END'
ownable_is_unsafe rust/kernel/page.rs unsafe[[:space:]]+impl[[:space:]].*Ownable[[:space:]]+for
ownable_releases_reference rust/kernel/page.rs fn[[:space:]]+release\(&mut self\)
page_has_align rust/kernel/page.rs fn[[:space:]]+page_align\(.*Option<
page_has_borrowed rust/kernel/page.rs struct[[:space:]]+BorrowedPage
page_has_nid rust/kernel/page.rs fn[[:space:]]+nid\(
page_is_owned rust/kernel/page.rs Owned<
uaccess_has_user_ptr rust/kernel/uaccess.rs struct[[:space:]]+UserPtr
END
