#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What ClusterFuzzLite reads can be read, and says what it is to say. No container engine
# runs here; test_oss_fuzz.sh runs its build.sh.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99

read_yaml() {
	python3 - "$@" <<-'END'
		import sys, yaml

		project = yaml.safe_load(open(sys.argv[1]))
		assert project["language"] == "c", "language"
		assert set(project["sanitizers"]) == {"address", "memory", "thread", "undefined"}, "sanitizers"
		jobs = yaml.safe_load(open(sys.argv[2]))["jobs"]
		assert set(jobs) == {"code-change", "batch", "prune", "coverage"}, "modes"
		for mode, job in jobs.items():
		    fetch, build, fuzz = job["steps"]
		    assert "docker tag" in fetch["run"], "base image"
		    assert build["uses"].startswith("google/clusterfuzzlite/actions/build_fuzzers@"), mode
		    assert fuzz["uses"].startswith("google/clusterfuzzlite/actions/run_fuzzers@"), mode
		    assert fuzz["with"]["mode"] == mode, mode
		    assert build["with"]["sanitizer"] == fuzz["with"]["sanitizer"], mode
	END
}
project=.clusterfuzzlite/project.yaml
workflow=.github/workflows/clusterfuzzlite.yml
if python3 -c 'import yaml' 2>/dev/null; then
	read_yaml $project $workflow 2>"$scratch/err"
	ok $? "ClusterFuzzLite's files can be read, each mode is a job" "$scratch/err"
	sed 's/mode: prune/mode: batch/' $workflow >"$scratch/workflow.yml"
	run_to 1 read_yaml $project "$scratch/workflow.yml" && grep -q 'AssertionError: prune' "$scratch/err"
	ok $? "a job in another mode is seen" "$scratch/err"
else
	skip "ClusterFuzzLite's files: no python3-yaml"
	skip "ClusterFuzzLite's files: no python3-yaml"
fi
for file in .clusterfuzzlite/* .github/workflows/*; do
	grep -nHE '[a-z0-9-]+\.(io|com|org|dev)/' "$file"
done >"$scratch/hosts"
[ ! -s "$scratch/hosts" ]
ok $? "they name no registry" "$scratch/hosts"

done_testing
