# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Format a page program with a schedule as C functions, which the scheduler of scheduler.c runs.

A call is skipped if a handle is empty or filled at the moment of the call, so the C code decides this when it runs.
"""
import re

from to_c.byte_lines import make_byte_check_lines, make_user_pattern_lines, make_user_store_lines
from to_c.program import PAGE_SIZE, THREAD_NAMES

# The C code of calls that differs from program.CALLS, because the scheduler must count their points.
CODE = {
    "alloc_page": "{0} = allocate_page({1}, &{0}_handle);",
    "get_page": "page_get({0});\n{0}_handle.references++;",
    "free_page": "page_free({0});\n{0}_handle.references--;",
    "lock": "lock_mutex(&{0});",
    "unlock": "unlock_mutex(&{0});",
    "post": "post_semaphore(&{0});",
    "wait": "wait_for_semaphore(&{0});",
    "kmap_local": "{0} = map_page({1});",
    "kunmap_local": "unmap_page({0});",
    "load": "memcpy({buffer}, {0} + {1}, {2});",
    "load_atomic": "uint{bits}_t value_{line} = __tsan_atomic{bits}_load((uint{bits}_t *)({0} + {1}), 0);\n"
                   "memcpy({buffer}, &value_{line}, {2});",
    "store_atomic": "uint{bits}_t value_{line};\nfill_pattern(&value_{line}, {2}, {3});\n"
                    "__tsan_atomic{bits}_store((uint{bits}_t *)({0} + {1}), value_{line}, 0);",
}
DECLARATIONS = {
    r"p\d": "static struct page *{};", r"p\d_end_bytes": "static unsigned char {}[PAGE_SIZE];", r"k\d+": "static unsigned char *{};",
    r"u\d": "static struct user_slice_reader {};", r"u\d_bytes": "static unsigned char *{};",
    r"[pku]\d+_handle": "static struct handle {};", r"m\d": "static struct program_mutex {};",
    r"s\d": "static struct program_semaphore {};", r"(main|T\d)_bytes": "static unsigned char {}[PAGE_SIZE];"}


def format_schedule_table(schedule_text):
    """Return: the C table of the deviations in a text such as "main.2>T1 T0.7>T1"."""
    rows = [re.fullmatch(r"(\w+)\.(\d+)>(\w+)", word).groups() for word in schedule_text.split()]
    indices = {name: index for index, name in enumerate(THREAD_NAMES)}
    return "\n/* The deviations from the default, in which the running thread goes on: when the thread `running` is\n" \
           " * about to make this point (main: after this number of its lines), the thread `next` runs. */\n" \
           "static const struct {\n\tint running;\n\tunsigned int position;\n\tint next;\n} schedule[] = {\n" + \
           "".join(f"\t{{ {indices[running]}, {position}, {indices[following]} }}, "
                   f"/* {running}.{position}>{following} */\n" for running, position, following in rows) + "};\n"


def make_wrapped_call_lines(call, lines):
    """Return: C lines that make the call if no handle makes it be skipped."""
    handles = [(index, word) for index, word in enumerate(call.arguments) if re.fullmatch(r"[pku]\d+", word)]
    for index, handle in reversed(handles):
        is_filled = index == 0 and call.fills_handle
        if not is_filled and handle[0] != "u":
            lines = [f"if (use_handle(&{handle}_handle)) {{", *("\t" + line for line in lines), "}"]
            continue
        released = f"{handle} != NULL" if handle[0] != "u" else "1" if is_filled else f"{handle}_handle.is_filled"
        lines = [f"if (take_handle(&{handle}_handle, {int(not is_filled)})) {{", *("\t" + line for line in lines), "}",
                 f"release_handle(&{handle}_handle, {released});"]
    return lines


def make_statement_lines(program, call, checks_results):
    """Return: C lines of the call itself."""
    if call.name == "user_store":
        return make_user_store_lines(program, call)
    slice_name = call.find_user_slice_handle()
    code = CODE.get(call.name, call.code).format(
        *call.arguments, buffer=f"{call.thread}_bytes", line=call.line, reader=f"reader_{call.line}",
        bits=8 * call.parse_numeric_argument(2) if call.name.endswith("_atomic") and "maps" in call.traits else 0,
        nth=min(call.parse_numeric_argument(0), 1 << 20) if call.name == "fail_nth" else 0)
    checks_call = checks_results and call.outcome == "ran"
    if "returns" in call.traits:
        result = call.find_expected_result()
        code = f"expect({call.line}, {code}, {'0' if result == '0' else '-' + result});" if checks_call else f"{code};"
    if call.name == "alloc_page" and checks_call:
        code += f"\nexpect({call.line}, {call.filled} != NULL, {int(call.find_expected_result() == '0')});"
    lines = code.split("\n")
    if "pattern" in call.traits and call.length_fits_thread_buffer():
        lines.insert(0, f"fill_pattern({call.thread}_bytes, {call.arguments[2]}, {call.arguments[3]});")
    if call.name == "user_slice":
        readable = call.count_readable_slice_bytes()
        lines = [f"{slice_name}_bytes = map_user_memory({readable});", *make_user_pattern_lines(call, 0, readable), *lines]
    if slice_name:
        lines = [f"struct user_slice_reader reader_{call.line} = {slice_name};", *lines,
                 f"{slice_name} = reader_{call.line};"]
    if "reads" in call.traits and checks_call:
        lines += make_byte_check_lines(call.line, call.thread, call.step["bytes"] if call.step else "")
    return lines


def make_call_lines(program, call, checks_results):
    heading = f"/* line {call.line}: {call.text} */"
    if call.name in ("lock", "unlock", "post", "wait"):
        return [heading, f"threads[running].line = {call.line};", CODE[call.name].format(*call.arguments)]
    is_atomic_mapped = call.name in ("load_atomic", "store_atomic")
    is_odd = is_atomic_mapped and (call.parse_numeric_argument(2) not in (1, 2, 4, 8) or
                                   call.parse_numeric_argument(1) % call.parse_numeric_argument(2))
    is_beyond = "maps" in call.traits and not (call.length_fits_thread_buffer() and
                                               call.parse_numeric_argument(1) <= PAGE_SIZE)
    lines = [f"/* {'skipped: no such atomic' if is_odd else 'an access of no bytes'} */"] if is_odd or is_beyond else \
        make_statement_lines(program, call, checks_results)
    return [heading, f"threads[running].line = {call.line};", *make_wrapped_call_lines(call, lines)]


def split_into_sections(calls):
    """Return: lists of calls: the lines of main, and of the threads between two lines of main, in turns."""
    sections = []
    for call in calls:
        if not sections or (sections[-1][-1].thread == "main") != (call.thread == "main"):
            sections.append([])
        sections[-1].append(call)
    return sections


def make_end_lines(program, checks_results):
    """Return: C lines that free the pages that are left, and then check what was left: a free may already report."""
    pages = sorted({call.filled for call in program.calls if call.name == "alloc_page"})
    known = {fact["page"]: fact for fact in program.facts["pages"]} if checks_results else {}
    left, freed, checks = [], [], []
    for number, page in enumerate(pages):
        left += [f"const int {page}_is_left = {page}_handle.references > 0;"] if pages[1:] else []
        freed += [f"while ({page}_handle.references-- > 0)", f"\tpage_free({page});"]
        for other in pages[number + 1:]:
            checks += [f"if ({page}_is_left && {other}_is_left && {page} == {other})",
                       f"\tfail(\"{page} and {other} are the same page frame\");"]
        if page in known:
            left += [f"const unsigned int {page}_end_count = page_ref_count({page});",
                     f"page_read_raw({page}, {page}_end_bytes, 0, PAGE_SIZE);"]
            checks += [f"expect(0, {page}_end_count, {known[page]['references']});",
                       *make_byte_check_lines(0, page + "_end", known[page]["bytes"])]
    return ["unmap_all();", *left, *freed, *checks, "check_end();", "return 0;"]


def make_functions(program, checks_results):
    """Return: the text of the C functions. @checks_results: results and bytes are the same in every order of calls."""
    text, main = "", ["prepare_library();"]

    def add_function(declaration, lines):
        nonlocal text
        text += f"\n{declaration}\n{{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"

    for number, section in enumerate(split_into_sections(program.calls)):
        for thread in sorted({call.thread for call in section}):
            name = f"{thread}_section_{number}"
            lines = [line for call in section if call.thread == thread
                     for line in make_call_lines(program, call, checks_results)]
            add_function(f"static void {name}(void)", lines)
            main += [f"run_main({name}, {len(section)});"] if thread == "main" else [f"threads[{thread}].run = {name};"]
        main += ["run_section();"] if section[0].thread != "main" else []
    add_function("int main(void)", main + make_end_lines(program, checks_results))
    return text
