# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Minimises programs that fail in the kernel of a guest, and saves them in kernel-vm/failures of the build directory."""
import copy
import pathlib
import shutil

from executions import Runs
from guest import Guest
from line_reduction import LineReduction
from prepared_kernel import prepare_kernel
from results import make_replay_command
from util.shared import log_to_standard_error, replace_output_file

TIMEOUT_MAX = 20  # of a candidate, in seconds: a guest that hangs is found only by its time


def minimize_program_that_differs(prepared, execution, options):
    """`pagetorture minimize` runs in a guest. Return: the text of the smallest program, or None."""
    program = execution.program
    command = ["/pagetorture", "minimize", "--flavour", "plain", *(["--bytes"] if options.bytes else [])]
    result = Guest(prepared, options.build_directory).run([[*command, program.name_in_guest]],
                                                          {program.name_in_guest: program.path}, 600,
                                                          options.module_parameters)
    return None if result.status != 0 else result.stdout


def minimize_program_that_ends_guest(prepared, execution, options):
    """Return: the text of the smallest program, or None."""
    candidate_options = copy.copy(options)
    candidate_options.timeout = min(options.timeout, TIMEOUT_MAX)
    runs = Runs(prepared, options.build_directory, candidate_options)
    directory = pathlib.Path(options.build_directory).resolve() / f"kernel-vm/candidates-{prepared.kernel.name}"
    try:
        lines = LineReduction(runs, directory, execution).reduce(execution.program.path)
        log_to_standard_error(f"kernel {prepared.kernel.name}: {len(lines or [])} lines; {runs.guest_count} guests")
        return "".join(f"{line}\n" for line in lines) if lines else None
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def save_program(options, name, content):
    directory = pathlib.Path(options.build_directory).resolve() / "kernel-vm/failures"
    directory.mkdir(parents=True, exist_ok=True)
    replace_output_file(f"{directory}/{name}", content)
    return f"{directory}/{name}"


def minimize_and_save(prepared, execution, options):
    """Return: the path of the smallest program, or None."""
    path = pathlib.Path(execution.program.path)
    name = f"{prepared.kernel.name}-{path.stem}"
    save_program(options, f"{name}{path.suffix or '.bin'}", path.read_bytes())
    minimize = minimize_program_that_differs if execution.row else minimize_program_that_ends_guest
    text = minimize(prepared, execution, options)
    return save_program(options, f"{name}-small.page", text.encode()) if text else None


def minimize_failures_of_kernel(kernel, executions, options):
    failures = [execution for execution in executions
                if execution.kind == "differ" or execution.ends_guest_alone][:options.minimize]
    for execution in failures:
        log_to_standard_error(f"kernel {kernel.name}: {execution.program.path}: minimising")
        small = minimize_and_save(prepare_kernel(kernel, options.build_directory), execution, options)
        if small:
            print(f"{small}:\n{pathlib.Path(small).read_text()}"
                  f"# {make_replay_command(kernel, small, options, is_bytes=False)}", flush=True)
        else:
            log_to_standard_error(f"kernel {kernel.name}: {execution.program.path}: it does not fail again")


def minimize_failures(executions_of_kernels, options):
    """Minimise the first options.minimize failures of each kernel."""
    for kernel, executions in executions_of_kernels.items():
        minimize_failures_of_kernel(kernel, executions, options)
