#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that the corpus finds bugs in the kernel's own files: insert one bug at a time.

    mutants.py SOURCE DIRECTORY CORPUS

Each bug is an edit of page.rs or uaccess.rs in a copy of SOURCE below DIRECTORY. The programs of CORPUS
that test the broken rule run on each copy, in the flavours plain and tsan, with both backends. A bug is
found if one of these programs does not agree with the model. If the bug is not found, all programs of
CORPUS run, and the line lists those that do not agree. Prints one TAP line for each bug. Run it by `make
check-kernel`, which sets these variables for each flavour F: LINK_F, the command that links the tool
without the page library, and RUST_FLAGS_F.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from edited_source import copy_source, empty_directory

SHIM = pathlib.Path(__file__).resolve().parent
FLAVOURS = ("plain", "tsan")

SPIN_LOCK = ("static LOCK: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);\n"
             "fn lock() { while LOCK.swap(true, core::sync::atomic::Ordering::Acquire) {} }\n"
             "fn unlock() { LOCK.store(false, core::sync::atomic::Ordering::Release); }\n")

# (name, rule, programs that test the rule, edits). At least one of the programs must disagree with the model.
MUTANTS = [
    ("bounds: one byte too many", "R1", "bounds bounds-end-of-page out-of-bounds-by-one", [
        ("page.rs", r"\(off \+ len\) <= PAGE_SIZE", "(off + len) <= PAGE_SIZE + 1")]),
    ("bounds: only the sum is checked, and may wrap", "R1", "bounds-sum-wraps", [
        ("page.rs", r"off <= PAGE_SIZE && len <= PAGE_SIZE && \(off \+ len\)", "off.wrapping_add(len)")]),
    ("order of checks: the reader before the bounds", "R9", "user-copy-bounds-before-length", [
        ("page.rs", r"(len: usize,\n    \) -> Result \{\n)(        self\.with_pointer_into_page\(offset, len, move \|dst\| \{\n"
         r"(?:\s*//.*\n)*\s*reader\.read_raw)",
         r"\1        if len > reader.len() { return Err(EFAULT); }\n\2")]),
    ("reader's position: it moves after a fault", "R9", "fail-nth-user-copy-zeroes-all injected-failures", [
        ("uaccess.rs", r"(bindings::copy_from_user\(.*\n\s+if res != 0 \{\n)", r"\1            self.length -= len;\n")]),
    ("reader's position: it does not move after a copy", "R9", "user-fault", [
        ("uaccess.rs", r"(copy_from_user\(out_ptr(?:.*\n){4})\s+self\.ptr = self\.ptr\.wrapping_add\(len\);\n", r"\1")]),
    ("left: the reader's length is not checked", "R9", "user-copy-too-long-touches-nothing", [
        ("uaccess.rs", r"(let out_ptr.*\n\s+if len > self\.length) \{", r"\1 && len > 4096 {")]),
    ("prefix: a fault zeroes all bytes", "R9", "user-fault user-fault-at-each-edge", [
        ("uaccess.rs", r"(bindings::copy_from_user\(.*\n\s+if res != 0 \{\n)",
         r"\1            unsafe { core::ptr::write_bytes(out_ptr.cast::<u8>(), 0, len) };\n")]),
    ("tail: bytes after a fault keep their value", "R9", "user-fault user-fault-at-each-edge", [
        ("uaccess.rs", r"let res = unsafe \{ (bindings::copy_from_user)\(out_ptr, self\.ptr as (.*), len\) \};",
         r"let mut res = 0;\n        for i in 0..len {\n"
         r"            res = unsafe { \1(out_ptr.wrapping_byte_add(i), self.ptr.wrapping_add(i) as \2, 1) };\n"
         r"            if res != 0 { break; }\n        }")]),
    ("neighbour: the byte after the range is written back", "R2", "adjacent-bytes disjoint-writes", [
        ("page.rs", r"unsafe \{ ptr::copy_nonoverlapping\(src, dst, len\) \};(?=\n\s+Ok\(\(\)\)\n\s+\}\)\n    \}\n\n    /// Maps the page and zeroes)",
         "unsafe { ptr::copy_nonoverlapping(src, dst, len) };\n"
         "            if offset + len < PAGE_SIZE { unsafe { dst.add(len).write_volatile(dst.add(len).read_volatile()) }; }")]),
    ("mapping: a call leaves its mapping", "R6", "map-sixteen map-nested-unmap", [
        ("page.rs", r"unsafe \{ bindings::kunmap_local\(mapped_addr\) \};", "")]),
    ("mapping: the page is unmapped before it is used", "R5", "bounds zero-length", [
        ("page.rs", r"let res = f\(mapped_addr\.cast\(\)\);",
         "unsafe { bindings::kunmap_local(mapped_addr) };\n        let res = f(mapped_addr.cast());"),
        ("page.rs", r"(?<!let res = f\(mapped_addr\.cast\(\)\);\n)^        unsafe \{ bindings::kunmap_local\(mapped_addr\) \};\n\n", "\n")]),
    ("lifetime: the last owner frees the page twice", "R8", "free-by-two-owners get-keeps-alive", [
        ("page.rs", r"^(\s+)unsafe \{ bindings::__free_pages\(self\.page\.as_ptr\(\), 0\) \};", r"\g<0>\n\g<0>")]),
    ("races: a lock orders all callers", "R3", "overlap-one-byte write-overlaps-by-one-byte-each-way", [
        ("page.rs", r"^/// The number of bytes in a page\.", SPIN_LOCK + r"\g<0>"),
        ("page.rs", r"let res = f\(mapped_addr\.cast\(\)\);", r"lock();\n        \g<0>\n        unlock();")]),
    ("user memory: each byte is read twice", "R9", "fail-nth-empty-copy-is-a-point", [
        ("uaccess.rs", r"let res = unsafe \{ (bindings::copy_from_user\(.*\)) \};",
         r"let first = unsafe { \1 };\n        let res = first | unsafe { \1 };")]),
]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def build_mutant(directory, source_copy):
    """Compile the kernel source in source_copy, and link the tool. Return None, or the error message."""
    generated = directory / "generated"
    commands = [["sh", SHIM / "read_source.sh", source_copy, SHIM, generated]]
    for flavour in FLAVOURS:
        ending = "" if flavour == "plain" else f"-{flavour}"
        compiled = directory / flavour
        archive = directory / f"libkernelpage-{flavour}.a"
        shutil.copyfile(f"libkernelpage-{flavour}.a", archive)
        commands += [
            ["sh", SHIM / "compile.sh", source_copy, generated, compiled, "obj", *os.environ[f"RUST_FLAGS_{flavour}"].split()],
            ["ar", "r", archive, compiled / "kernel.o"],
            [*os.environ[f"LINK_{flavour}"].split(), "-o", directory / f"pagetorture{ending}", f"obj/{flavour}/src/tool/main.o",
             f"libpagetorture-{flavour}.a", f"libharness-{flavour}.a", archive, "libkernelcore.a", *os.environ["LIBS"].split()],
        ]
    for command in commands:
        done = run(*command)
        if done.returncode:
            return (done.stdout + done.stderr).strip()
    return None


def disagreeing_programs(directory, *paths):
    """Return the names of the programs in paths that do not agree with the model."""
    names = set()
    for backend in ("direct", "alias"):
        done = run(directory / "pagetorture", "run", "--json", "--backend", backend, "--timeout", "20", *paths)
        for line in done.stdout.splitlines():
            result = json.loads(line)
            if result.get("agree") is not True:
                names.add(pathlib.Path(result["file"]).stem)
    return names


def check_mutant(directory, source, corpus, mutant):
    """Return (found, text for the TAP line)."""
    _, rule, programs, edits = mutant
    copy = empty_directory(directory) / "source"
    why = copy_source(source, copy, edits) or build_mutant(directory, copy)
    if why:
        return False, why
    found = disagreeing_programs(directory, *(corpus / f"{name}.page" for name in programs.split()))
    if found:
        return True, f"{rule}, {', '.join(sorted(found))}"
    others = disagreeing_programs(directory, corpus)
    return False, f"{rule}, expected {programs}, got {' '.join(sorted(others)) or 'no program'}"


def main():
    source, directory, corpus = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    failed = 0
    print(f"1..{len(MUTANTS)}", flush=True)
    for number, mutant in enumerate(MUTANTS, 1):
        found, text = check_mutant(directory / str(number), source, corpus, mutant)
        print(f"{'ok' if found else 'not ok'} {number} - found: {mutant[0]}\n# {text}", flush=True)
        failed += not found
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
