# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that the commands of an example pipeline exist and write the files that it stores.

    ci.py FILE SRCDIR BUILDDIR
"""
import os
import re
import shlex
import subprocess
import sys

import yaml

path, srcdir, builddir = sys.argv[1:]
troubles = []


def want(condition, job, what):
    if not condition:
        troubles.append(f"{os.path.basename(path)}: {job}: expected {what}")


def read(*name):
    with open(os.path.join(*name), encoding="utf-8") as file:
        return file.read()


makefile = read(builddir, "Makefile")
fuzz_ci = read(srcdir, "build-aux", "fuzz_ci.py")
helps = {}


def help_of(*command):
    """Return: the help of a command, or "" if there is no such command."""
    if command not in helps:
        said = subprocess.run([os.path.join(builddir, "pagetorture"), *command, "--help"],
                              capture_output=True, text=True, check=False)
        helps[command] = said.stdout if said.returncode == 0 else ""
    return helps[command]


# ---- jobs of both CI services ----

class Job:
    def __init__(self, name):
        self.name = name
        self.scripts, self.kept, self.settings, self.actions = [], [], {}, []


def lines(value):
    return [line.strip() for line in (value or "").splitlines() if line.strip()]


def github_job(name, job):
    made = Job(name)
    for step in job["steps"]:
        want(("run" in step) != ("uses" in step), name, f"a command or an action: {step}")
        made.scripts += lines(step.get("run"))
        made.settings |= step.get("env", {})
        made.actions += [step["uses"]] if "uses" in step else []
        given = step.get("with", {})
        made.kept += lines(given.get("path")) + lines(given.get("sarif_file"))
        # Without its own category, a job closes the alerts of another job.
        want("sarif_file" not in given or given.get("category") == name, name, "its category")
        made.kept += re.findall(r"hashFiles\('(.*?)'\)", step.get("if", ""))
    return made


def gitlab_job(name, job, whole):
    made = Job(name)
    for key in ("before_script", "script", "after_script"):
        made.scripts += job.get(key, whole.get("default", {}).get(key, []))
    made.settings = job.get("variables", {})
    keeps = job.get("artifacts", {})
    made.kept = keeps.get("paths", []) + list(keeps.get("reports", {}).values())
    made.kept += job.get("cache", {}).get("paths", [])
    want(job.get("extends") in (None, *whole), name, "what it extends")
    want(job.get("stage") in whole["stages"], name, "a stage")
    return made


def jobs_of(whole):
    if "jobs" in whole:
        return [github_job(name, job) for name, job in whole["jobs"].items()]
    return [gitlab_job(name, job, whole) for name, job in whole.items()
            if isinstance(job, dict) and "script" in job]


# ---- commands ----

def check_make(job, words):
    want(words[:2] == ["-C", "build"], job.name, f"make -C build: {words}")
    for word in words[2:]:
        name = word.split("=")[0]
        if "=" in word:
            want(re.search(rf"^{name} =|\$\({name}\)", makefile, re.M), job.name,
                 f"'{name}' to be known to make")
            if name == "FUZZ_FLAGS":
                check_options(job, "fuzz", shlex.split(word.split("=", 1)[1]))
        else:
            want(re.search(rf"^[a-z -]*\b{re.escape(word)}\b[a-z -]*:", makefile, re.M), job.name,
                 f"'{word}' to be a target of make")
            job.written += ["build/fuzz-ci"] if word == "fuzz-ci" else []
            job.written += ["build/check.logs"] if word == "check" else []
            job.written += ["build/campaign"] if word == "fuzz" else []


def check_options(job, command, words):
    for word in words:
        if word.startswith("-"):
            want(re.search(rf"(?<![-a-z]){re.escape(word.split('=')[0])}\b", help_of(command)),
                 job.name, f"'{word}' to be an option of {command}")


def check_tool(job, words):
    command, *rest = words
    want(help_of(command), job.name, f"'{command}' to be a command")
    check_options(job, command, rest)
    for option, value in zip(rest, rest[1:]):
        if option in ("--results", "-o"):
            job.written.append(value)
    if command == "triage":
        job.written += [rest[-1] + "/triage"]
    if command == "replay":
        want(os.path.isdir(os.path.join(srcdir, rest[-1])), job.name, f"'{rest[-1]}' in the tree")


def check_export(job, words):
    """FORMAT -o FILE RESULTS"""
    want(len(words) == 4 and words[0] in ("tap", "junit", "sarif") and words[1] == "-o", job.name,
         f"'pagetorture-export FORMAT -o FILE RESULTS', got {' '.join(words)}")
    want(words[-1] in job.written, job.name, f"a command that writes '{words[-1]}'")
    job.written.append(words[2])


def check_command(job, line):
    words = shlex.split(line.split("||")[0])
    if words[0] == "make":
        check_make(job, words[1:])
    elif words[0] == "build/pagetorture":
        check_tool(job, words[1:])
    elif words[0] == "build/pagetorture-export":
        check_export(job, words[1:])
    elif words[0] == "./bootstrap":
        want(os.access(os.path.join(srcdir, "bootstrap"), os.X_OK), job.name, "./bootstrap")
        job.built = True
    elif words[0] == "export":
        job.settings[words[1].split("=")[0]] = ""
    else:
        want(words[0] in ("apt-get", "git"), job.name, f"a known command: {line}")
    if words[0].startswith(("make", "build/")):
        want(job.built, job.name, "./bootstrap before other commands")


# ---- stored files ----

def is_written(job, kept):
    """Is the path a file that a command writes? Below fuzz-ci only the names in the script count."""
    for written in job.written:
        if kept == written or kept.startswith(written + "/"):
            rest = kept[len(written) + 1:].split("/")[0]
            return written != "build/fuzz-ci" or f'"{rest}"' in fuzz_ci
    return False


def check_job(job):
    job.written, job.built = [], False
    for line in job.scripts:
        check_command(job, line)
    for kept in job.kept:
        want(is_written(job, kept), job.name, f"a command that writes '{kept}'")
    for name in job.settings:
        want(name in fuzz_ci, job.name, f"'{name}' to be known to fuzz_ci.py")
    for action in job.actions:
        want(re.fullmatch(r"[a-z-]+/[a-z/-]+@v[0-9]+", action), job.name,
             f"an action with its version: {action}")


def main():
    try:
        whole = yaml.safe_load(read(path))
    except yaml.YAMLError as error:
        sys.exit(f"{path}: expected YAML: {' '.join(str(error).split())}")
    jobs = jobs_of(whole)
    for job in jobs:
        check_job(job)
    said = " ".join(line for job in jobs for line in job.scripts)
    for wanted in ("build check", "build replay", "export junit", "export sarif", "build race",
                   "build fuzz-ci", "build fuzz ", "pagetorture triage"):
        want(wanted in said, "all jobs", f"one with '{wanted}'")
    want(any("build/campaign" in job.kept for job in jobs), "all jobs", "a corpus that is kept")
    sys.exit("\n".join(troubles) if troubles else 0)


main()
