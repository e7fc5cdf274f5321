# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The table of kernels that guests boot."""
import typing


class Kernel(typing.NamedTuple):
    """@config: the configuration, on top of config/base.config; None: Debian's image
    @fatal_rules: rules whose fatal calls the kernel reports; each such program gets a guest of its own
    """
    name: str
    description: str
    config: typing.Optional[str]
    make_arguments: tuple
    boot_arguments: str
    fatal_rules: frozenset
    settings: tuple
    module_parameters: str


INJECTED_FAILURES = (
    ("/sys/kernel/debug/fail_page_alloc/min-order", "0"),
    ("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"),
    ("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"),
    ("/sys/kernel/debug/fail_page_alloc/verbose", "0"),
    ("/sys/kernel/debug/fail_usercopy/verbose", "0"),
)
# guest_page.c changes the other settings of KCSAN after each execution.
KCSAN_SETTINGS = (("/sys/kernel/debug/kcsan", "on"),)
KERNELS = {kernel.name: kernel for kernel in (
    Kernel("stock", "Debian's kernel: results and bytes", None, (), "init_on_alloc=0", frozenset(), (), ""),
    Kernel("mapped", "each mapping has its own address and is checked; injected failures", "mapped", (), "",
           frozenset(("foreign-map", "map-overflow", "out-of-bounds", "unmap-order", "use-after-unmap")),
           INJECTED_FAILURES, ""),
    Kernel("race", "KCSAN reports races; injected failures", "race",
           ("KCSAN_SANITIZE=n", "KCSAN_SANITIZE_usercopy.o=y"), "kcsan.early_enable=0", frozenset(),
           INJECTED_FAILURES + KCSAN_SETTINGS, "repeat=20"),
    Kernel("freed", "KASAN and DEBUG_VM report uses of freed pages; injected failures", "freed",
           ("KASAN_SANITIZE=n",), "", frozenset(("use-after-free",)), INJECTED_FAILURES, ""),
)}
