#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Compile the kernel's page.rs, uaccess.rs and error.rs, and page_h.rs, which defines the functions of page.h.
#
#   compile.sh SOURCE GENERATED DIRECTORY EMIT [RUSTC-FLAG]...
#
#   SOURCE      the root of a kernel tree
#   GENERATED   the directory with the output of read_source.sh
#   DIRECTORY   the directory for compiled files
#   EMIT        the output for the crate `kernel`: obj (kernel.o and kernel.d) or metadata
#
# The crates ffi, bindings and kernel use unstable features of Rust, so the script sets RUSTC_BOOTSTRAP.
# The compiler is $RUSTC. Each message of the compiler has one line.
set -eu

source=$1
generated=$2
directory=$3
emit=$4
shift 4
shim=$(dirname "$0")
unset MAKEFLAGS MFLAGS # rustc would look for the jobserver of make
RUSTC_BOOTSTRAP=1
KERNEL_GENERATED=$generated
export RUSTC_BOOTSTRAP KERNEL_GENERATED

# compile RUSTC-OPTION... FILE: compiles one Rust crate.
compile() {
	"${RUSTC:-rustc}" --edition=2021 --error-format=short --cap-lints=allow -Cpanic=abort \
		-Copt-level=2 -Ccodegen-units=1 -Coverflow-checks=y -Cforce-frame-pointers=y \
		-Csymbol-mangling-version=v0 -Crelocation-model=pic -Cdebuginfo=2 \
		-Zdwarf-version=4 -L "$directory" --out-dir="$directory" "$@"
}

mkdir -p "$directory"
compile --crate-type=rlib --crate-name=ffi "$@" "$source/rust/ffi.rs"
compile --crate-type=rlib --crate-name=bindings --extern=ffi "$@" "$shim/bindings.rs"
compile --crate-type=lib --crate-name=kernel --cfg=testlib --extern=ffi --extern=bindings \
	--emit="dep-info,$emit" "@$generated/features" "$@" \
	"$generated/lib.rs"
