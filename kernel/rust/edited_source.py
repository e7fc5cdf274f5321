# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Make edited copies of a kernel source in the build directory, for variants.py and mutants.py."""

import pathlib
import re
import shutil

FILES = ("include/linux/errno.h", "include/uapi/asm-generic/errno-base.h", "include/uapi/asm-generic/errno.h",
         "rust/ffi.rs", "rust/helpers/page.c", "rust/helpers/uaccess.c", "rust/kernel/error.rs",
         "rust/kernel/page.rs", "rust/kernel/uaccess.rs")


def copy_source(source, copy, edits):
    """Copy the files that kernel/rust compiles, and edit them.

    edits is a list of (file below rust/kernel, regular expression, replacement). Each expression must
    match exactly once: an edit that matches nothing would test the unchanged source.
    Returns None, or one line that says which edit does not fit the source.
    """
    for name in FILES:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, copy / name)
    for name, pattern, replacement in edits:
        path = copy / "rust/kernel" / name
        text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
        if count != 1:
            return f"{path}: expected one match of {pattern!r}, got {count}"
        path.write_text(text)
    return None


def empty_directory(path):
    """Remove what an earlier run left in a directory below the build directory."""
    shutil.rmtree(path, ignore_errors=True)
    pathlib.Path(path).mkdir(parents=True)
    return pathlib.Path(path)
