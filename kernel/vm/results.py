# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Runs programs in the kernels of guests, and prints or writes the results."""
import json
import shlex
import sys
import time

import keep
from command_options import FLAVOUR_PREFIX
from executions import Runs
from prepared_kernel import prepare_kernel
from util.shared import erase_status


def make_replay_command(kernel, path, options, is_bytes=None):
    """The command that runs a program again, for a shell. @is_bytes: of the program; None: as the options say"""
    words = [f"{options.build_directory}/pagetorture", "run", "--flavour", FLAVOUR_PREFIX + kernel.name]
    words += ["--bytes"] if (options.bytes if is_bytes is None else is_bytes) else []
    words += ["--repeat", str(options.repeat)] if options.repeat > 1 else []
    words += ["--module-parameters", options.module_parameters] if options.module_parameters else []
    return shlex.join([*words, path])


def print_json(programs, executions_of_kernels):
    for i, program in enumerate(programs):
        row = dict(program.facts, flavours={}, agree=True)
        for kernel, executions in executions_of_kernels.items():
            execution = executions[i]
            flavour = dict(execution.row["flavours"]["plain"]) if execution.row else \
                {"result": "differ", "fibers": "-", "threads": "-", "reported": 0, "runs": 0}
            row["flavours"][FLAVOUR_PREFIX + kernel.name] = {**flavour, "why": execution.why}
            row["agree"] &= not execution.failed()
        print(json.dumps(row))


def print_table(programs, executions_of_kernels):
    rows = [["program", "model", *(FLAVOUR_PREFIX + kernel.name for kernel in executions_of_kernels), "agree"]]
    for i, program in enumerate(programs):
        executions = [executions[i] for executions in executions_of_kernels.values()]
        rows.append([program.path, " ".join(program.facts["verdict"]) or "clean",
                     *(execution.format_cell() for execution in executions),
                     "NO" if any(execution.failed() for execution in executions) else "yes"])
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_failures(executions_of_kernels, options):
    for kernel, executions in executions_of_kernels.items():
        for execution in executions:
            if not execution.failed():
                continue
            print(f"FAIL: {execution.program.path}: {FLAVOUR_PREFIX}{kernel.name}: {execution.kind}: "
                  f"{execution.why}\n  {make_replay_command(kernel, execution.program.path, options)}",
                  file=sys.stderr)


def count_races(kernel, executions):
    """How many programs that race have a race report of the kernel, and how many have none."""
    racy = [execution for execution in executions if execution.row and "data-race" in execution.row["verdict"]]
    reported = sum(execution.row["flavours"]["plain"]["reported"] > 0 for execution in racy)
    return (reported, len(racy) - reported) if kernel.name == "race" else (0, 0)


def make_totals(prepared, executions, runs, seconds):
    """The row of the kernel in the results, and in `make report`."""
    kernel = prepared.kernel
    races_reported, races_missed = count_races(kernel, executions)
    return {"flavour": FLAVOUR_PREFIX + kernel.name, "version": prepared.version,
            "description": kernel.description, "programs": len(executions),
            "agreed": sum(execution.is_executed() and not execution.failed() for execution in executions),
            "not_run": sum(not execution.is_executed() for execution in executions),
            "races_reported": races_reported, "races_missed": races_missed,
            "failed": sum(execution.failed() for execution in executions), "guests": runs.guest_count,
            "seconds": round(seconds, 1)}


def print_totals(totals):
    print("{flavour}: {programs} programs, {failed} failed, {not_run} not run; races: {races_reported} reported, "
          "{races_missed} missed; {guests} guests, {seconds:.0f} s; Linux {version}".format(**totals),
          file=sys.stderr)


def make_failure(kernel, execution, options):
    flavour = FLAVOUR_PREFIX + kernel.name
    return {"input": execution.program.path, "flavour": flavour, "result": execution.kind, "why": execution.why,
            "replay": make_replay_command(kernel, execution.program.path, options)}


def write_results(path, begin_time, command, rows, failures, build_directory):
    head = keep.make_result_head("kernel-vm", begin_time, command, "failed" if failures else "good", "",
                                 build_directory)
    keep.write_json(path, {**head, "rows": rows, "failures": failures})


def run_in_kernels(programs_of_kernels, options, build_directory):
    """@programs_of_kernels: {kernel: programs}
    Return: {kernel: [Execution of each program]}. Writes the results file, if the user wants one."""
    executions_of_kernels, rows = {}, []
    begin_time = time.time()
    for kernel, programs in programs_of_kernels.items():
        begin = time.monotonic()
        prepared = prepare_kernel(kernel, build_directory)
        runs = Runs(prepared, build_directory, options)
        executions_of_kernels[kernel] = runs.run(programs)
        erase_status()
        rows.append(make_totals(prepared, executions_of_kernels[kernel], runs, time.monotonic() - begin))
        print_totals(rows[-1])
    if options.results:
        failures = [make_failure(kernel, execution, options) for kernel, executions in executions_of_kernels.items()
                    for execution in executions if execution.failed()]
        write_results(options.results, begin_time, options.command_line, rows, failures, build_directory)
    return executions_of_kernels


def any_failed(executions_of_kernels):
    return any(execution.failed() for executions in executions_of_kernels.values() for execution in executions)
