# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Format a page program as the text of one C file.

The calls of the threads run in the order of the program. A thread waits for its turn with relaxed accesses, so
that detectors see no order between threads except the program's own.
"""
import os
import pathlib
import re

from to_c import interleaving
from to_c.byte_lines import make_byte_check_lines, make_user_pattern_lines, make_user_store_lines
from to_c.program import PAGE_SIZE

# For each call that blocks for ever in the program: C code that checks this with a call that returns.
BLOCKED_CALLS = {
    "lock": "/* pthread_mutex_lock() would never return. */\n"
            "expect({line}, pthread_mutex_trylock(&{0}), EBUSY);",
    "wait": "/* sem_wait() would never return. */\n"
            "expect({line}, sem_trywait(&{0}) && errno == EAGAIN, 1);",
}


# An argument of fail_nth that is larger becomes this number: no program allocates more often, and page_fail_nth()
# takes an int.
MOST_FAILURE_POINTS = 1 << 20
RACES_IN_COMMENT = 3


def format_handle_expression(program, handle):
    """Return: the C expression that reads the variable of a page or mapping."""
    return f"READ_ONCE({handle})" if handle in program.shared else handle


def make_call_statement_lines(program, call):
    """Return: C lines of the call itself; if threads share its user slice, the call uses a copy of the reader."""
    slice_name = call.find_user_slice_handle()
    is_copied = slice_name in program.shared
    reader = f"reader_{call.line}" if is_copied else slice_name
    code = BLOCKED_CALLS[call.name] if call.outcome == "blocked" else call.code
    code = code.format(
        *(format_handle_expression(program, word) if word[0] in "pk" else word for word in call.arguments),
        buffer=f"{call.thread}_bytes", line=call.line, reader=reader,
        bits=8 * call.parse_numeric_argument(2) if call.name.endswith("_atomic") and "maps" in call.traits else 0,
        nth=min(call.parse_numeric_argument(0), MOST_FAILURE_POINTS) if call.name == "fail_nth" else 0)
    if "fills" in call.traits:
        is_shared = call.filled in program.shared
        code = f"WRITE_ONCE({call.filled}, {code});" if is_shared else f"{call.filled} = {code};"
    elif "returns" in call.traits:
        result = call.find_expected_result()
        error = result if result == "0" else "-" + result
        code = f"{code};" if call.outcome == "fatal" else f"expect({call.line}, {code}, {error});"
    if call.name == "alloc_page":
        is_allocated = int(call.find_expected_result() == "0")
        code += f"\nexpect({call.line}, {format_handle_expression(program, call.filled)} != NULL, {is_allocated});"
    lines = code.split("\n")
    if is_copied:
        lines = [f"struct user_slice_reader {reader} = {{ READ_ONCE({slice_name}.at), "
                 f"READ_ONCE({slice_name}.left) }};", *lines,
                 f"WRITE_ONCE({slice_name}.at, {reader}.at);",
                 f"WRITE_ONCE({slice_name}.left, {reader}.left);"]
    return lines


def make_fill_call_check_lines(program, call):
    """Return: C lines that fill the buffer, make the call and check the bytes that it read."""
    if call.name == "user_store":
        return make_user_store_lines(program, call)
    if "maps" in call.traits and not (
            call.length_fits_thread_buffer() and call.parse_numeric_argument(1) <= PAGE_SIZE):
        why = "not executed: it would access any memory" if call.parse_numeric_argument(2) else "an access of no bytes"
        return [f"/* line {call.line}: {why} */"]
    lines = []
    if "pattern" in call.traits and call.length_fits_thread_buffer():
        lines.append(f"fill_pattern({call.thread}_bytes, {call.arguments[2]}, {call.arguments[3]});")
    if call.name == "user_slice":
        lines += make_user_pattern_lines(call, 0, call.count_readable_slice_bytes())
    lines += make_call_statement_lines(program, call)
    if "reads" in call.traits:
        lines += make_byte_check_lines(call.line, call.thread, call.step["bytes"] if call.step else "")
    return lines


def make_comments_about_races_and_uninits(program, call):
    """Return: C comments about the races and uninitialised uses of a call."""
    races = [race for race in program.facts["races"] if call.line in (race["first"], race["second"])]
    lines = [f"/* races with line {race['first'] + race['second'] - call.line} on {race['page']}, "
             f"bytes {race['from']} .. {race['to'] - 1} */" for race in races[:RACES_IN_COMMENT]]
    if len(races) > RACES_IN_COMMENT:
        lines.append("/* and more */")
    return lines + [f"/* uses uninitialised bytes of {uninit['page']}, within {uninit['from']} .. "
                    f"{uninit['to'] - 1} */"
                    for uninit in program.facts["uninits"] if uninit["line"] == call.line]


def make_turn_and_call_lines(program, call):
    """Return: C lines with which a thread waits for its turn, makes the call and passes the turn on."""
    if call.outcome == "skipped":
        return [f"/* line {call.line}: {call.name} is skipped: a handle or lock is not as it needs it */"]
    lines = make_fill_call_check_lines(program, call)
    if call.outcome == "fatal":
        rule = program.facts["fatal"]["rule"]
        lines = [f'print_expected_end({call.line}, "{rule}");', *lines, f"exit_as_process_continued({call.line});"]
    lines = make_comments_about_races_and_uninits(program, call) + lines
    turns = program.list_calls_that_wait_for_turn(call.region) if call.thread != "main" else []
    if turns:
        following = turns[turns.index(call) + 1:]
        lines = [f"wait_for_turn({call.line});", *lines, *(f"pass_turn_to({call.line});" for call in following[:1])]
    return lines


# ---- the C functions of the threads ----

def wrap_in_function(declaration, body_lines):
    return ["", declaration, "{", *("\t" + line for line in body_lines), "}"]


def make_thread_unmap_lines(program, thread):
    return [f"page_unmap_local({format_handle_expression(program, handle)});"
            for handle in program.list_mappings_at_end(thread)]


def make_pthread_function(program, thread):
    """Return: C lines of the function of a thread, which pauses between regions, while main runs."""
    pause = [f"sem_post(&{thread}_done);", f"sem_wait(&{thread}_go);"]
    lines, region_number = ["(void)unused;"], None
    for call in program.steps:
        if call.thread == thread:
            lines += pause if region_number not in (None, call.region) else []
            region_number = call.region
            lines += make_turn_and_call_lines(program, call)
    # A pthread that ends unmaps its mappings, so a thread with mappings waits until the end of the program.
    if program.list_mappings_at_end(thread):
        lines += pause + make_thread_unmap_lines(program, thread)
    return wrap_in_function(f"static void *{thread}(void *unused)", lines + ["return NULL;"])


def make_fiber_functions(program, thread):
    """Return: C lines of a function for each call of a thread, and of a function that unmaps the mappings left."""
    lines = []
    for call in program.active:
        if call.thread == thread:
            lines += wrap_in_function(f"static void line_{call.line}(void)", make_turn_and_call_lines(program, call))
    if program.list_mappings_at_end(thread) and not program.fatal_call:
        lines += wrap_in_function(f"static void unmap_{thread}(void)", make_thread_unmap_lines(program, thread))
    return lines


def make_pthread_region_lines(program, region_number):
    """Return: C lines with which main starts or continues the threads of the region, and waits for them."""
    threads, turns = program.list_threads_of_region(region_number), program.list_calls_that_wait_for_turn(region_number)
    lines = [f"pass_turn_to({turns[0].line});"] if turns else []
    for thread in threads:
        is_new = all(thread not in program.list_threads_of_region(earlier) for earlier in range(region_number))
        lines.append(f"pthread_create(&{thread}_thread, NULL, {thread}, NULL);" if is_new else
                     f"sem_post(&{thread}_go);")
    for thread in threads:
        has_more_calls = any(call.region > region_number for call in program.steps if call.thread == thread)
        has_ended = not has_more_calls and not program.list_mappings_at_end(thread)
        lines.append(f"pthread_join({thread}_thread, NULL);" if has_ended else f"sem_wait(&{thread}_done);")
    return lines


def make_parallel_region_lines(program, region_number):
    if not program.runs_on_fibers:
        return make_pthread_region_lines(program, region_number)
    threads = program.list_threads_of_region(region_number)
    lines = [f"order_after_main(&{thread}_fiber);" for thread in threads]
    for call in program.steps:
        if call.region == region_number and call.thread != "main":
            lines += make_turn_and_call_lines(program, call) if call.outcome == "skipped" else \
                [f"run_in_fiber(&{call.thread}_fiber, line_{call.line});"]
    return lines + [f"order_main_after(&{thread}_fiber);" for thread in threads]


def make_check_and_cleanup_lines(program):
    """Return: C lines that unmap the mappings and free the pages left at the end. If no rule but deadlock is
    broken, the lines also check the pages."""
    if program.fatal_call:
        return []
    lines = []
    for thread in filter(program.list_mappings_at_end, program.threads):
        lines += [f"run_in_fiber(&{thread}_fiber, unmap_{thread});"] if program.runs_on_fibers else \
            [f"sem_post(&{thread}_go);", f"pthread_join({thread}_thread, NULL);"]
    if program.has_deadlock:
        lines.append('fputs("deadlock: nothing more can run, as expected\\n", stderr);')
    lines += make_thread_unmap_lines(program, "main")
    for page in program.facts["pages"]:
        name, references = page["page"], page["references"]
        if not set(program.facts["verdict"]) - {"deadlock"}:
            lines += [f"expect(0, page_ref_count({name}), {references});",
                      f"expect(0, page_read_raw({name}, main_bytes, 0, PAGE_SIZE), 0);",
                      *make_byte_check_lines(0, "main", page["bytes"])]
        lines += [f"page_free({name});"] * references
    return lines


def make_main_function(program, functions_text):
    """@functions_text: the C functions of the threads"""
    lines = [f"{call.filled}_bytes = map_user_memory({call.count_readable_slice_bytes()});"
             for call in program.slices.values() if call.slice_has_unreadable_bytes()]
    semaphores = {handle for call in program.active for handle in call.handles if handle[0] == "s"}
    semaphores |= set(re.findall(r"\bT\d_(?:go|done)\b", functions_text))
    lines += [f"sem_init(&{name}, 0, 0);" for name in sorted(semaphores)]
    if program.runs_on_fibers:
        lines += [f'create_fiber(&{thread}_fiber, "{thread}");' for thread in program.threads]
    region_number = 0
    for call in program.steps:
        if call.thread == "main":
            lines += make_parallel_region_lines(program, call.region) + make_turn_and_call_lines(program, call)
            region_number = call.region + 1
    lines += make_parallel_region_lines(program, region_number) + make_check_and_cleanup_lines(program) + ["return 0;"]
    return wrap_in_function("int main(void)", lines)


# ---- the whole C file ----

# Patterns of variable names, and the C declarations of variables that the functions mention.
VARIABLES = {
    r"p\d": "static struct page *{};", r"k\d+": "static unsigned char *{};",
    r"u\d": "static struct user_slice_reader {};",
    r"m\d": "static pthread_mutex_t {} = PTHREAD_MUTEX_INITIALIZER;", r"s\d": "static sem_t {};",
    r"(main|T\d)_bytes": "static unsigned char {}[PAGE_SIZE];", r"T\d_thread": "static pthread_t {};",
    r"T\d_(go|done)": "static sem_t {};"}

# C headers, and the text for which the file includes each header; "": always.
HEADERS = {
    "errno.h": "", "pthread.h": "pthread_", "sched.h": "sched_yield", "semaphore.h": "sem_", "stdint.h": "",
    "stdio.h": "", "stdlib.h": "", "string.h": "", "sys/mman.h": "mmap(", "ucontext.h": "ucontext_t", "unistd.h": ""}


def make_declarations_of_words(functions_text, declarations):
    """Return: C declarations of the variables in the functions. @declarations: see VARIABLES"""
    words = sorted(set(re.findall(r"\w+", functions_text)), key=lambda word: (len(word), word))
    return [declaration.format(word) for pattern, declaration in declarations.items()
            for word in words if re.fullmatch(pattern, word)]


def make_variable_declarations(program, functions_text):
    lines = make_declarations_of_words(functions_text, VARIABLES)
    for name, call in program.slices.items():
        size = call.parse_numeric_argument(1) or 1
        lines.append(f"static unsigned char *{name}_bytes;" if call.slice_has_unreadable_bytes() else
                     f"static unsigned char {name}_bytes[{size}];")
    return lines


def select_sections(file_name, functions_text):
    """Return: the sections of helpers.c or scheduler.c that the functions use, and the sections that these use."""
    sections, needed = pathlib.Path(__file__).with_name(file_name).read_text(), ""
    for section in reversed(re.split(r"^/// ", sections, flags=re.MULTILINE)[1:]):
        names, text = section.split("\n", 1)
        if re.search(r"\b(?:%s)\(" % names.replace(" ", "|"), functions_text + needed):
            needed = "\n" + text.strip("\n") + "\n" + needed
    return needed


def format_program_code(program):
    """Return: the C declarations and the C functions of a program without a schedule."""
    make_lines = make_fiber_functions if program.runs_on_fibers else make_pthread_function
    functions = "".join(line + "\n" for thread in program.threads for line in make_lines(program, thread))
    functions += "\n".join(make_main_function(program, functions)) + "\n"
    declarations = "\n".join([*make_variable_declarations(program, functions), select_sections("helpers.c", functions)])
    if program.runs_on_fibers:
        declarations += "\n".join(["", *(f"static struct fiber {thread}_fiber;" for thread in program.threads), ""])
    return declarations, functions


def format_code_with_schedule(program, checks_results):
    """Return: the C declarations, with the scheduler, and the C functions of a program with a schedule."""
    functions = interleaving.make_functions(program, checks_results)
    variables = make_declarations_of_words(re.sub(r"/\*.*?\*/", "", functions), interleaving.DECLARATIONS)
    declarations = [select_sections("helpers.c", functions).strip("\n"),
                    interleaving.format_schedule_table(program.facts["schedule"]),
                    select_sections("scheduler.c", functions), "\n".join(variables) + "\n"]
    return "\n".join(declarations), functions


def format_c_file(program, program_name, comment_note, checks_results):
    """@checks_results: for a program with a schedule, whether the C file may check results and bytes"""
    schedule = program.facts["schedule"]
    declarations, functions = format_code_with_schedule(program, checks_results) if schedule else \
        format_program_code(program)
    includes = "".join(f"#include <{header}>\n" for header, word in HEADERS.items()
                       if word in declarations + functions)
    comment = f"{os.path.basename(program_name)}: {' '.join(program.facts['expect']) or 'clean'}\n\n{comment_note}\n" \
              f"{PROGRAM_TITLE}\n\n" + "".join(f"       schedule {one}\n" for one in (schedule or "").split()) + \
              "\n".join(f"{call.line:5}  {call.thread}: {call.text}" for call in program.calls)
    comment = "".join((" * " + line).rstrip() + "\n" for line in comment.replace("*/", "* /").split("\n"))
    return f"/*\n{comment} */\n{includes}\n#include <page.h>\n\n{declarations}{functions}"


# By this line, may_replace_file() recognises files that this script wrote.
PROGRAM_TITLE = "The page program that it is made from:"
