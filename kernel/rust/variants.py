#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that kernel/rust accepts other versions of the kernel's files, and names what it cannot satisfy.

    variants.py SOURCE DIRECTORY

Each variant is an edited copy of SOURCE in DIRECTORY. Prints one TAP line for each. The compiler is
$RUSTC.
"""

import pathlib
import subprocess
import sys

from edited_source import copy_source, empty_directory

SHIM = pathlib.Path(__file__).resolve().parent
PAGE_IMPL = r"^impl Page \{\n"

OWNED = [
    ("page.rs", r"(pub struct Page \{\n    page: )NonNull<bindings::page>",
     r"\1crate::types::Opaque<bindings::page>"),
    ("page.rs", r"Result<Self, AllocError>", "Result<crate::types::Owned<Self>, AllocError>"),
    ("page.rs", r"Ok\(Self \{ page \}\)", "Ok(unsafe { crate::types::Owned::from_raw(page.cast()) })"),
    ("page.rs", r"(fn as_ptr.*\n\s+)self\.page\.as_ptr\(\)", r"\1crate::types::Opaque::cast_into(&self.page)"),
    ("page.rs", r"^pub struct Page \{", "#[repr(transparent)]\npub struct Page {"),
]


def owned(trait, function, pointer):
    """Return the edits that make alloc_page() return Owned<Page>, which `function` of `trait` releases."""
    return OWNED + [
        ("page.rs", r"^impl Drop for Page", f"{trait} for Page"),
        ("page.rs", r"fn drop\(&mut self\)", function),
        ("page.rs", r"(__free_pages\()self\.page\.as_ptr\(\)", rf"\1{pointer}.cast()"),
    ]


def method(text):
    """Return the edit that adds the method `text` to `impl Page`."""
    return [("page.rs", PAGE_IMPL, f"impl Page {{\n{text}\n")]


NEW_ITEMS = method("pub fn nid(&self) -> i32 { unsafe { bindings::page_to_nid(self.as_ptr()) } }") + [
    ("page.rs", r"^pub const PAGE_MASK.*\n", r"\g<0>"
     "pub const fn page_align(addr: usize) -> Option<usize> {\n"
     "    match addr.checked_add(PAGE_SIZE - 1) { Some(sum) => Some(sum & PAGE_MASK), None => None }\n}\n"
     "pub struct BorrowedPage<'a>(core::mem::ManuallyDrop<Page>, core::marker::PhantomData<&'a Page>);\n"
     "impl BorrowedPage<'_> {\n"
     "    pub unsafe fn from_raw(page: NonNull<bindings::page>) -> Self {\n"
     "        Self(core::mem::ManuallyDrop::new(Page { page }), core::marker::PhantomData)\n    }\n}\n"
     "impl core::ops::Deref for BorrowedPage<'_> {\n    type Target = Page;\n"
     "    fn deref(&self) -> &Page { &self.0 }\n}\n"),
]

USER_POINTER = [
    ("uaccess.rs", r"types::\{AsBytes, FromBytes\}", "transmute::{AsBytes, FromBytes}"),
    ("uaccess.rs", r"^pub type UserPtr = usize;",
     "#[repr(transparent)]\n#[derive(Copy, Clone, Zeroable)]\npub struct UserPtr(*mut c_void);\n"
     "impl UserPtr {\n    pub fn from_addr(addr: usize) -> Self { Self(addr as *mut c_void) }\n"
     "    fn wrapping_add(self, add: usize) -> Self { Self(self.0.wrapping_byte_add(add)) }\n}\n"
     "macro_rules! as_pointer { ($p:expr, $t:ty) => { $p.0 as $t }; }"),
    ("uaccess.rs", r"copy_from_user\(out_ptr, self\.ptr as (\*const c_void)", r"copy_from_user(out_ptr, as_pointer!(self.ptr, \1)"),
    ("uaccess.rs", r"self\.ptr as (\*const c_void),\n", r"as_pointer!(self.ptr, \1),\n"),
    ("uaccess.rs", r"copy_to_user\(self\.ptr as (\*mut c_void), data", r"copy_to_user(as_pointer!(self.ptr, \1), data"),
    ("uaccess.rs", r"self\.ptr as (\*mut c_void),\n", r"as_pointer!(self.ptr, \1),\n"),
]

# ACCEPTED: (name, edits, expected features or None). REFUSED: (name, edits, words that the error must have).
ACCEPTED = [
    ("the source as it is", [], None),
    ("an additional method", method("pub fn is_first(&self) -> bool { self.as_ptr().is_null() }"), None),
    ("nid(), page_align() and BorrowedPage", NEW_ITEMS, {"page_has_align", "page_has_borrowed", "page_has_nid"}),
    ("UserPtr is a struct", USER_POINTER, {"uaccess_has_user_ptr"}),
    ("Owned<Page>, released by its pointer",
     owned("impl crate::types::Ownable", "unsafe fn release(this: NonNull<Self>)", "this.as_ptr()"), {"page_is_owned"}),
    ("Owned<Page>, released by a reference",
     owned("impl crate::types::Ownable", "unsafe fn release(&mut self)", "(self as *mut Self)"),
     {"page_is_owned", "ownable_releases_reference"}),
    ("Owned<Page>, an unsafe trait",
     owned("unsafe impl crate::owned::Ownable", "unsafe fn release(this: NonNull<Self>)", "this.as_ptr()"),
     {"page_is_owned", "ownable_is_unsafe"}),
]
REFUSED = [
    ("a renamed method", [("page.rs", r"fn read_raw\(", "fn read_bytes(")], ("rust/kernel/page.rs", "Page::read_raw")),
    ("an additional argument", [("page.rs", r"fill_zero_raw\(&self, ", "fill_zero_raw(&self, flags: Flags, ")],
     ("page_h.rs", "argument")),
    ("a function of C that nothing here has",
     method("pub fn lock(&self) { unsafe { bindings::lock_page(self.as_ptr()) } }"),
     ("rust/kernel/page.rs", "lock_page")),
    ("an unknown module", [("uaccess.rs", r"^use core::mem", "use crate::sync::aref::ARef;\nuse core::mem")],
     ("rust/kernel/uaccess.rs", "sync")),
]


def compile_variant(source, directory, edits):
    """Return (exit status, the first line of the message, the features)."""
    copy = empty_directory(directory) / "source"
    why = copy_source(source, copy, edits)
    if why:
        return 2, why, set()
    generated = directory / "generated"
    commands = (["sh", SHIM / "read_source.sh", copy, SHIM, generated],
                ["sh", SHIM / "compile.sh", copy, generated, directory / "compiled", "metadata"])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return 1, (done.stdout + done.stderr).split("\n", maxsplit=1)[0], set()
    features = (generated / "features").read_text().replace("--cfg=", "").split()
    return 0, "", set(features)


def main():
    source, directory = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    failed = 0
    print(f"1..{len(ACCEPTED) + len(REFUSED)}")
    for number, (name, edits, expected) in enumerate(ACCEPTED + REFUSED, 1):
        status, message, features = compile_variant(source, directory / str(number), edits)
        if number <= len(ACCEPTED):
            good = status == 0 and (expected is None or expected <= features)
        else:
            good = status == 1 and all(word in message for word in expected)
        print(f"{'ok' if good else 'not ok'} {number} - {'accepted' if number <= len(ACCEPTED) else 'refused'}: {name}")
        if not good:
            print(f"# status {status}, features {sorted(features)}: {message}")
            failed += 1
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
