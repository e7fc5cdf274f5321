# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that a pipeline can be read, that its commands exist, and that they write the files that it stores.

    ci.py FILE SRCDIR BUILDDIR    FILE: github.yml, gitlab.yml or clusterfuzzlite.yml
"""
import os
import re
import shlex
import subprocess
import sys

import yaml

PATH, SRCDIR, BUILDDIR = sys.argv[1:]
WANTED_COMMANDS = ("build check", "build replay", "export junit", "export sarif", "build race", "build fuzz-ci",
                   "build fuzz ", "pagetorture triage")
# {target of make: the path in the build directory that the target writes and that a pipeline may store}
WRITTEN_BY_MAKE = {"check": "build/check.logs", "fuzz": "build/campaign", "fuzz-ci": "build/fuzz-ci"}
problems = []
helps = {}


def add_problem_unless(is_good, job_name, expected):
    if not is_good:
        problems.append(f"{os.path.basename(PATH)}: {job_name}: expected {expected}")


def read_file(*path_parts):
    with open(os.path.join(*path_parts), encoding="utf-8") as file:
        return file.read()


def read_tool_help(tool_command):
    """Return: the help of a command of the tool, or "" if there is no such command"""
    if tool_command not in helps:
        done = subprocess.run([os.path.join(BUILDDIR, "pagetorture"), tool_command, "--help"], capture_output=True,
                              text=True, check=False)
        helps[tool_command] = done.stdout if done.returncode == 0 else ""
    return helps[tool_command]


def list_nonblank_lines(text):
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


class Job:
    """What a job of either CI service runs, stores and sets."""

    def __init__(self, name, commands=(), stored_paths=(), environment_names=(), github_actions=()):
        self.name, self.commands, self.stored = name, list(commands), list(stored_paths)
        self.settings, self.actions = list(environment_names), list(github_actions)
        self.written, self.is_built = [], False

    # ---- commands ----

    def check_options(self, command, words):
        for word in words:
            if word.startswith("-"):
                add_problem_unless(re.search(rf"(?<![-a-z]){re.escape(word.split('=')[0])}\b", read_tool_help(command)),
                                   self.name, f"'{word}' to be an option of {command}")

    def check_make_command(self, words):
        add_problem_unless(words[:2] == ["-C", "build"], self.name, f"make -C build: {words}")
        for word in words[2:]:
            name, is_setting, value = word.partition("=")
            if is_setting:
                add_problem_unless(re.search(rf"^{name} =|\$\({name}\)", MAKEFILE, re.M), self.name,
                                   f"'{name}' to be known to make")
            else:
                add_problem_unless(re.search(rf"^[a-z -]*\b{re.escape(word)}\b[a-z -]*:", MAKEFILE, re.M), self.name,
                                   f"'{word}' to be a target of make")
                self.written += [WRITTEN_BY_MAKE[word]] if word in WRITTEN_BY_MAKE else []
            if name == "FUZZ_FLAGS":
                self.check_options("fuzz", shlex.split(value))

    def check_tool_command(self, words):
        command, *rest = words
        add_problem_unless(read_tool_help(command), self.name, f"'{command}' to be a command")
        self.check_options(command, rest)
        self.written += [value for option, value in zip(rest, rest[1:]) if option in ("--results", "-o")]
        if command == "triage":
            self.written.append(f"{rest[-1]}/triage")
        if command == "replay":
            add_problem_unless(os.path.isdir(os.path.join(SRCDIR, rest[-1])), self.name, f"'{rest[-1]}' in the tree")

    def check_export_command(self, words):
        """@words: FORMAT -o FILE RESULTS"""
        add_problem_unless(len(words) == 4 and words[0] in ("tap", "junit", "sarif") and words[1] == "-o", self.name,
                           f"'pagetorture-export FORMAT -o FILE RESULTS', got {' '.join(words)}")
        add_problem_unless(words[-1] in self.written, self.name, f"a command that writes '{words[-1]}'")
        self.written.append(words[2])

    def check_command(self, command_line):
        program, *words = shlex.split(command_line.split("||")[0])
        checks = {"make": self.check_make_command, "build/pagetorture": self.check_tool_command,
                  "build/pagetorture-export": self.check_export_command}
        if program in checks:
            add_problem_unless(self.is_built, self.name, "./bootstrap before other commands")
            checks[program](words)
        elif program == "./bootstrap":
            self.is_built = True
        elif program == "export":
            self.settings.append(words[0].split("=")[0])
        else:
            add_problem_unless(program in ("apt-get", "git"), self.name, f"a known command: {command_line}")

    # ---- stored files ----

    def is_written_by_commands(self, path):
        """Return: whether a command writes the file; in build/fuzz-ci only names that fuzz_ci.py contains."""
        parent = next((name for name in self.written if path == name or path.startswith(f"{name}/")), None)
        name = path[len(parent or "") + 1:].split("/")[0]
        return parent and (parent != "build/fuzz-ci" or f'"{name}"' in FUZZ_CI)

    def check_job(self):
        for line in self.commands:
            self.check_command(line)
        for path in self.stored:
            add_problem_unless(self.is_written_by_commands(path), self.name, f"a command that writes '{path}'")
        for name in self.settings:
            add_problem_unless(name in FUZZ_CI, self.name, f"'{name}' to be known to fuzz_ci.py")
        for action in self.actions:
            add_problem_unless(re.fullmatch(r"[a-z-]+/[a-z/-]+@v[0-9]+", action), self.name,
                               f"an action with its version: {action}")


# ---- CI services ----

def read_and_check_github_job(job_name, job_mapping):
    made = Job(job_name)
    for step in job_mapping["steps"]:
        values = step.get("with", {})
        add_problem_unless(("run" in step) != ("uses" in step), job_name, f"a command or an action: {step}")
        # Without its own category, a job closes the alerts of another job.
        add_problem_unless("sarif_file" not in values or values.get("category") == job_name, job_name, "its category")
        made.commands += list_nonblank_lines(step.get("run"))
        made.settings += step.get("env", {})
        made.actions += [step["uses"]] if "uses" in step else []
        made.stored += list_nonblank_lines(values.get("path")) + list_nonblank_lines(values.get("sarif_file"))
        made.stored += re.findall(r"hashFiles\('(.*?)'\)", step.get("if", ""))
    return made


def read_and_check_gitlab_job(job_name, job_mapping, pipeline):
    add_problem_unless(job_mapping.get("extends") in (None, *pipeline), job_name, "what it extends")
    add_problem_unless(job_mapping.get("stage") in pipeline["stages"], job_name, "a stage")
    stored = job_mapping.get("artifacts", {})
    return Job(job_name, [line for key in ("before_script", "script", "after_script")
                          for line in job_mapping.get(key, pipeline.get("default", {}).get(key, []))],
               stored.get("paths", []) + list(stored.get("reports", {}).values()) +
               job_mapping.get("cache", {}).get("paths", []), job_mapping.get("variables", {}))


def check_github_or_gitlab_pipeline(pipeline):
    if "jobs" in pipeline:
        jobs = [read_and_check_github_job(name, job) for name, job in pipeline["jobs"].items()]
    else:
        jobs = [read_and_check_gitlab_job(name, job, pipeline) for name, job in pipeline.items()
                if isinstance(job, dict) and "script" in job]
    for job in jobs:
        job.check_job()
    commands = " ".join(line for job in jobs for line in job.commands)
    for wanted in WANTED_COMMANDS:
        add_problem_unless(wanted in commands, "all jobs", f"one with '{wanted}'")
    add_problem_unless(any("build/campaign" in job.stored for job in jobs), "all jobs", "a corpus that is kept")


def check_clusterfuzzlite(workflow):
    """Each mode is a job that fetches the base image, builds and fuzzes."""
    project = yaml.safe_load(read_file(SRCDIR, ".clusterfuzzlite/project.yaml"))
    add_problem_unless(project["language"] == "c" and set(project["sanitizers"]) == {
        "address", "memory", "thread", "undefined"}, "project.yaml", "C and four sanitizers")
    add_problem_unless(set(workflow["jobs"]) == {"code-change", "batch", "prune", "coverage"}, "all jobs",
                       "one for each mode")
    for mode, job in workflow["jobs"].items():
        fetch, build, fuzz = job["steps"]
        action = "google/clusterfuzzlite/actions"
        add_problem_unless("docker tag" in fetch["run"], mode, "its base image")
        add_problem_unless(build["uses"].startswith(f"{action}/build_fuzzers@") and
                           fuzz["uses"].startswith(f"{action}/run_fuzzers@"), mode, "the actions of ClusterFuzzLite")
        add_problem_unless(fuzz["with"]["mode"] == mode, mode, "its mode")
        add_problem_unless(build["with"]["sanitizer"] == fuzz["with"]["sanitizer"], mode, "one sanitizer")


MAKEFILE = read_file(BUILDDIR, "Makefile")
FUZZ_CI = read_file(SRCDIR, "build-aux", "fuzz_ci.py")
try:
    whole = yaml.safe_load(read_file(PATH))
except yaml.YAMLError as problem:
    sys.exit(f"{PATH}: expected YAML: {' '.join(str(problem).split())}")
if os.path.basename(PATH) == "clusterfuzzlite.yml":
    check_clusterfuzzlite(whole)
else:
    check_github_or_gitlab_pipeline(whole)
sys.exit("\n".join(problems) if problems else 0)
