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
# The files that targets of make write, if a pipeline stores them.
WRITTEN_BY_MAKE = {"check": "build/check.logs", "fuzz": "build/campaign", "fuzz-ci": "build/fuzz-ci"}
problems = []
helps = {}


def require(is_good, job_name, expected):
    if not is_good:
        problems.append(f"{os.path.basename(PATH)}: {job_name}: expected {expected}")


def read_file(*name):
    with open(os.path.join(*name), encoding="utf-8") as file:
        return file.read()


def read_help(command):
    """Return: the help of a command of the tool, or "" if there is no such command"""
    if command not in helps:
        done = subprocess.run([os.path.join(BUILDDIR, "pagetorture"), command, "--help"], capture_output=True,
                              text=True, check=False)
        helps[command] = done.stdout if done.returncode == 0 else ""
    return helps[command]


def split_lines(text):
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


class Job:
    """What a job of either CI service runs, stores and sets."""

    def __init__(self, name, commands=(), stored=(), settings=(), actions=()):
        self.name, self.commands, self.stored = name, list(commands), list(stored)
        self.settings, self.actions = list(settings), list(actions)
        self.written, self.is_built = [], False

    # ---- commands ----

    def check_options(self, command, words):
        for word in words:
            if word.startswith("-"):
                require(re.search(rf"(?<![-a-z]){re.escape(word.split('=')[0])}\b", read_help(command)),
                        self.name, f"'{word}' to be an option of {command}")

    def check_make(self, words):
        require(words[:2] == ["-C", "build"], self.name, f"make -C build: {words}")
        for word in words[2:]:
            name, is_setting, value = word.partition("=")
            if is_setting:
                require(re.search(rf"^{name} =|\$\({name}\)", MAKEFILE, re.M), self.name,
                        f"'{name}' to be known to make")
            else:
                require(re.search(rf"^[a-z -]*\b{re.escape(word)}\b[a-z -]*:", MAKEFILE, re.M), self.name,
                        f"'{word}' to be a target of make")
                self.written += [WRITTEN_BY_MAKE[word]] if word in WRITTEN_BY_MAKE else []
            if name == "FUZZ_FLAGS":
                self.check_options("fuzz", shlex.split(value))

    def check_tool(self, words):
        command, *rest = words
        require(read_help(command), self.name, f"'{command}' to be a command")
        self.check_options(command, rest)
        self.written += [value for option, value in zip(rest, rest[1:]) if option in ("--results", "-o")]
        if command == "triage":
            self.written.append(f"{rest[-1]}/triage")
        if command == "replay":
            require(os.path.isdir(os.path.join(SRCDIR, rest[-1])), self.name, f"'{rest[-1]}' in the tree")

    def check_export(self, words):
        """@words: FORMAT -o FILE RESULTS"""
        require(len(words) == 4 and words[0] in ("tap", "junit", "sarif") and words[1] == "-o", self.name,
                f"'pagetorture-export FORMAT -o FILE RESULTS', got {' '.join(words)}")
        require(words[-1] in self.written, self.name, f"a command that writes '{words[-1]}'")
        self.written.append(words[2])

    def check_command(self, line):
        program, *words = shlex.split(line.split("||")[0])
        checks = {"make": self.check_make, "build/pagetorture": self.check_tool,
                  "build/pagetorture-export": self.check_export}
        if program in checks:
            require(self.is_built, self.name, "./bootstrap before other commands")
            checks[program](words)
        elif program == "./bootstrap":
            self.is_built = True
        elif program == "export":
            self.settings.append(words[0].split("=")[0])
        else:
            require(program in ("apt-get", "git"), self.name, f"a known command: {line}")

    # ---- stored files ----

    def is_written(self, path):
        """Does a command write the file? In build/fuzz-ci only names that fuzz_ci.py contains are written."""
        parent = next((name for name in self.written if path == name or path.startswith(f"{name}/")), None)
        name = path[len(parent or "") + 1:].split("/")[0]
        return parent and (parent != "build/fuzz-ci" or f'"{name}"' in FUZZ_CI)

    def check_job(self):
        for line in self.commands:
            self.check_command(line)
        for path in self.stored:
            require(self.is_written(path), self.name, f"a command that writes '{path}'")
        for name in self.settings:
            require(name in FUZZ_CI, self.name, f"'{name}' to be known to fuzz_ci.py")
        for action in self.actions:
            require(re.fullmatch(r"[a-z-]+/[a-z/-]+@v[0-9]+", action), self.name,
                    f"an action with its version: {action}")


# ---- CI services ----

def read_github_job(name, job):
    made = Job(name)
    for step in job["steps"]:
        values = step.get("with", {})
        require(("run" in step) != ("uses" in step), name, f"a command or an action: {step}")
        # Without its own category, a job closes the alerts of another job.
        require("sarif_file" not in values or values.get("category") == name, name, "its category")
        made.commands += split_lines(step.get("run"))
        made.settings += step.get("env", {})
        made.actions += [step["uses"]] if "uses" in step else []
        made.stored += split_lines(values.get("path")) + split_lines(values.get("sarif_file"))
        made.stored += re.findall(r"hashFiles\('(.*?)'\)", step.get("if", ""))
    return made


def read_gitlab_job(name, job, pipeline):
    require(job.get("extends") in (None, *pipeline), name, "what it extends")
    require(job.get("stage") in pipeline["stages"], name, "a stage")
    stored = job.get("artifacts", {})
    return Job(name, [line for key in ("before_script", "script", "after_script")
                      for line in job.get(key, pipeline.get("default", {}).get(key, []))],
               stored.get("paths", []) + list(stored.get("reports", {}).values()) +
               job.get("cache", {}).get("paths", []), job.get("variables", {}))


def check_pipeline(pipeline):
    if "jobs" in pipeline:
        jobs = [read_github_job(name, job) for name, job in pipeline["jobs"].items()]
    else:
        jobs = [read_gitlab_job(name, job, pipeline) for name, job in pipeline.items()
                if isinstance(job, dict) and "script" in job]
    for job in jobs:
        job.check_job()
    commands = " ".join(line for job in jobs for line in job.commands)
    for wanted in WANTED_COMMANDS:
        require(wanted in commands, "all jobs", f"one with '{wanted}'")
    require(any("build/campaign" in job.stored for job in jobs), "all jobs", "a corpus that is kept")


def check_clusterfuzzlite(workflow):
    """Each mode is a job that fetches the base image, builds and fuzzes."""
    project = yaml.safe_load(read_file(SRCDIR, ".clusterfuzzlite/project.yaml"))
    require(project["language"] == "c" and set(project["sanitizers"]) == {
        "address", "memory", "thread", "undefined"}, "project.yaml", "C and four sanitizers")
    require(set(workflow["jobs"]) == {"code-change", "batch", "prune", "coverage"}, "all jobs", "one for each mode")
    for mode, job in workflow["jobs"].items():
        fetch, build, fuzz = job["steps"]
        action = "google/clusterfuzzlite/actions"
        require("docker tag" in fetch["run"], mode, "its base image")
        require(build["uses"].startswith(f"{action}/build_fuzzers@") and
                fuzz["uses"].startswith(f"{action}/run_fuzzers@"), mode, "the actions of ClusterFuzzLite")
        require(fuzz["with"]["mode"] == mode, mode, "its mode")
        require(build["with"]["sanitizer"] == fuzz["with"]["sanitizer"], mode, "one sanitizer")


MAKEFILE = read_file(BUILDDIR, "Makefile")
FUZZ_CI = read_file(SRCDIR, "build-aux", "fuzz_ci.py")
try:
    whole = yaml.safe_load(read_file(PATH))
except yaml.YAMLError as problem:
    sys.exit(f"{PATH}: expected YAML: {' '.join(str(problem).split())}")
if os.path.basename(PATH) == "clusterfuzzlite.yml":
    check_clusterfuzzlite(whole)
else:
    check_pipeline(whole)
sys.exit("\n".join(problems) if problems else 0)
