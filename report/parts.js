/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The body of each part, by its name: the content between its figures and its source. */

const MARKS = { ok: "good", good: "good", FAILED: "failed", failed: "failed", skipped: "skipped" };

function mark(result) {
	return badge(MARKS[result] || "unreadable", result);
}

/* ---- the rule table ---- */

const RULE_FLAVOURS = ["plain", "asan", "tsan", "msan"];

/* The observation on fibers; in words if it differs from the model but agrees. */
function seenText(row, backend, flavour) {
	const seen = row.seen[backend]?.[flavour];

	if (!seen)
		return "\u2013";
	return { differ: "\u2715 differs", beyond: "unseen" }[seen.result] || seen.fibers;
}

function ruleColumns(backends, open) {
	const columns = [
		{ title: "program", head: true, tight: true, get: (row) => el("button", { type: "button",
			class: "plain name", "data-program": row.name, on: { click: () => open(row) } }, row.name) },
		{ title: "model", tight: true, get: (row) => row.verdict.join(", ") || "clean" },
	];

	for (const backend of backends)
		for (const flavour of RULE_FLAVOURS)
			columns.push({ title: `${backend} ${flavour}`, tight: true, get: (row) => seenText(row, backend, flavour) });
	columns.push({ title: "agree", get: (row) => badge(row.agree ? "good" : "failed", row.agree ? "yes" : "no") });
	return columns;
}

/* For each rule: its programs, and the number of them in which a flavour detected it. */
function ruleSums(rows, backends) {
	const names = [...new Set(rows.flatMap((row) => row.verdict))].sort();

	return names.map((rule) => {
		const of = rows.filter((row) => row.verdict.includes(rule));
		const sums = { rule, programs: of.length };

		for (const backend of backends)
			for (const flavour of RULE_FLAVOURS)
				sums[`${backend} ${flavour}`] = of.filter((row) => seenText(row, backend, flavour).includes(rule)).length;
		return sums;
	});
}

function ruleSumColumns(backends) {
	const ways = backends.flatMap((backend) => RULE_FLAVOURS.map((flavour) => `${backend} ${flavour}`));

	return [
		{ title: "rule", head: true, tight: true, get: (r) => r.rule },
		{ title: "programs that break it", number: true, get: (r) => r.programs },
		...ways.map((way) => ({ title: way, number: true, get: (r) => r[way] || "\u2013" })),
	];
}

function rulesBody(data) {
	const backends = ["direct", "alias"].filter((b) => data.rows.some((row) => row.seen[b]));
	const box = el("div", { id: "rule-program" });
	const open = (row) => unpack(data.programs).then((texts) => {
		const [text, drawing] = texts[row.name] || ["", ""];

		box.replaceChildren(el("h3", {}, row.name), programView(text, drawing, `pagetorture run ${row.file}`));
		box.setAttribute("data-ready", row.name);
		box.scrollIntoView({ block: "nearest" });
	}).catch((problem) => box.replaceChildren(cannotUnpack(problem)));

	return [
		table("rules", ruleSumColumns(backends), ruleSums(data.rows, backends),
			{ caption: "Who saw a broken rule, on fibers: programs by way of mapping and flavour" }),
		folded(`All ${data.rows.length} programs`, searchable("Find",
			table("programs", ruleColumns(backends, open), data.rows, { high: true, key: (row) => row.name })), box),
	];
}

/* ---- the race matrix ---- */

const DETECTOR_COLUMNS = [
	{ title: "detector", head: true, tight: true, get: (d) => [el("code", {}, d.name),
		el("small", {}, d.skipped ? `skipped: ${d.skipped}` : `${d.what}; ${d.compiler}`)] },
	{ title: "cells", number: true, get: (d) => d.skipped ? "" : d.cells },
	{ title: "runs of each", number: true, get: (d) => d.skipped ? "" : d.repeat },
	{ title: "races", number: true, get: (d) => d.skipped ? "" : d.races },
	{ title: "caught", number: true, get: (d) => d.skipped ? "" : d.caught },
	{ title: "missed", number: true, get: (d) => d.skipped ? "" : d.missed },
	{ title: "runs that report", number: true, get: (d) => d.skipped ? "" : share(d.reported_runs, d.racing_runs) },
	{ title: "false alarms", number: true, get: (d) => d.skipped ? "" : d.false_alarms },
	{ title: "known limitations", number: true, get: (d) => d.skipped ? "" : d.limitations.reduce((n, l) => n + l.cells, 0) },
	{ title: "as predicted", get: (d) => d.skipped ? badge("skipped") : badge(d.as_predicted ? "good" : "failed", d.as_predicted ? "yes" : "no") },
];

const LIMITATION_COLUMNS = [
	{ title: "detector", head: true, tight: true, get: (l) => el("code", {}, l.detector) },
	{ title: "limitation", tight: true, get: (l) => l.name },
	{ title: "effect", tight: true, get: (l) => l.effect },
	{ title: "cells", number: true, get: (l) => l.cells },
	{ title: "of them reported", number: true, get: (l) => l.reported },
	{ title: "why", wide: true, get: (l) => l.text },
];

const LEFT_OUT_COLUMNS = [
	{ title: "combinations", number: true, get: (l) => l.count },
	{ title: "why they are no cell", wide: true, get: (l) => l.text },
];

function raceBody(data) {
	const m = data.matrix;
	const limitations = data.detectors.flatMap((d) => (d.limitations || []).map((l) => ({ detector: d.name, ...l })));

	readMatrix(m);
	return [
		table("detectors", DETECTOR_COLUMNS, data.detectors, { key: (d) => d.name }),
		el("h3", {}, "Cell by cell"),
		el("p", { class: "muted" }, "What one thread does to a page, and then another. Choose a pair, then a cell: its program, and what each detector said."),
		matrixView(m, new Map(limitations.map((l) => [`${l.detector} ${l.name}`, l.text]))),
		limitations.length ? folded("Known limitations of detectors", table("limitations", LIMITATION_COLUMNS, limitations)) : null,
		data.left_out.length ? folded(`${number(data.combinations)} combinations, and why some are no cells`,
			table("left out", LEFT_OUT_COLUMNS, data.left_out)) : null,
	];
}

/* ---- stress ---- */

/* One row for each program, one column for each flavour and backend; a cell is a run. */
function stressBody(data) {
	const key = (row) => `${row.flavour} ${row.backend}`;
	const ways = [...new Set(data.rows.map(key))];
	const names = [...new Set(data.rows.map((row) => row.program))];
	const at = new Map(data.rows.map((row) => [`${row.program} ${key(row)}`, row]));
	const run = (row) => row.result === "ok" ? `${short(row.rate)}/s` : mark(row.result);
	const failed = data.rows.filter((row) => row.result === "FAILED");
	const details = ["program", "flavour", "backend", "result", "operations", "rate", "max_min", "refused", "races", "kib", "seed", "why"];

	return [
		table("operations a second", [
			{ title: "program", head: true, tight: true, get: (name) => el("code", {}, name) },
			...ways.map((way) => ({ title: way, number: true, get: (name) => {
				const row = at.get(`${name} ${way}`);

				return row ? run(row) : "\u2013";
			} })),
		], names, { caption: "Operations a second of all threads; a run that failed says so" }),
		failed.map((row) => el("p", { class: "is-bad" }, `${row.program}, ${row.flavour}, ${row.backend}: ${row.why}`)),
		folded("All runs", searchable("Find", table("runs", details.map((name) => ({ title: name.replace("_", "/"),
			head: name === "program", tight: name !== "why", wide: name === "why",
			number: typeof data.rows.find((row) => row[name] !== "")?.[name] === "number", get: (row) => row[name] })),
		data.rows, { high: true }))),
	];
}

const LONG_COLUMNS = [
	{ title: "program", head: true, tight: true, get: (r) => el("code", {}, r.program) },
	{ title: "flavour", get: (r) => r.flavour },
	{ title: "mapping", get: (r) => r.backend },
	{ title: "runs", number: true, get: (r) => r.runs },
	{ title: "for", number: true, get: (r) => duration(r.seconds) },
	{ title: "operations", number: true, get: (r) => r.operations },
	{ title: "most KiB", number: true, get: (r) => r.kib },
	{ title: "most descriptors", number: true, get: (r) => r.descriptors },
	{ title: "failed", number: true, get: (r) => r.failed ? el("span", { class: "is-bad" }, `\u2715 ${r.failed}`) : 0 },
];

function stressLongBody(data) {
	return [
		el("p", { class: "muted" }, "Programs, threads, delays and pressure as a seed chooses; its log is in ", el("code", {}, data.logs)),
		data.failures.map((f) => el("p", { class: "is-bad" }, `\u2715 run ${f.run}, status ${f.status}: `, el("code", {}, f.command))),
		folded("All programs", searchable("Find", table("long runs", LONG_COLUMNS, data.rows, { high: true }))),
	];
}

/* ---- fuzzing ---- */

/*
 * Executions per second, each averaged over a twentieth of the time, because engines report
 * rarely and targets run in turns.
 */
function rates(points) {
	const least = Math.max(1, (points.at(-1)?.[0] || 0) / 20);
	const made = [];
	let last = points[0];

	for (const point of points.slice(1)) {
		const passed = point[0] - last[0];

		if (passed < least)
			continue;
		made.push([last[0], Math.max(0, point[1] - last[1]) / passed]);
		last = point;
	}
	if (made.length)
		made.push([last[0], made.at(-1)[1]]);
	return made;
}

function targetPlots(target) {
	const column = (index) => target.points.map((p) => [p[0], p[index]]);
	const [seconds, executions] = target.points.at(-1) || [0, 0];
	const mean = seconds ? `${number(Math.round(executions / seconds))} executions/s, all in all` : "";

	return el("div", {}, el("h3", {}, el("code", {}, target.name)), el("div", { class: "plots" },
		plot("Coverage", "edges", column(2), true), plot("Speed", "executions/s", rates(target.points), true, mean),
		plot("Corpus", "entries", column(3), true)));
}

function engines(target) {
	return target.engines.map((e) => e.skipped ? `${e.name} (skipped: ${e.skipped})` : e.name).join(", ");
}

const TARGET_COLUMNS = [
	{ title: "target", head: true, tight: true, get: (t) => el("code", {}, t.name) },
	{ title: "flavour", get: (t) => t.flavour },
	{ title: "engines", wide: true, get: engines },
	{ title: "executions", number: true, get: (t) => t.executions + t.executions_before },
	{ title: "edges", number: true, get: (t) => t.coverage },
	{ title: "corpus", number: true, get: (t) => t.corpus },
	{ title: "new", number: true, get: (t) => t.corpus_new },
	{ title: "findings", number: true, get: (t) => t.findings },
];

function targetsBody(targets) {
	return targets.length ? [table("targets", TARGET_COLUMNS, targets, { key: (t) => t.name }), targets.map(targetPlots)] : [];
}

function fuzzBody(data) {
	return [
		el("p", { class: "muted" }, `Seed ${data.seed}, ${plural(data.jobs, "job")}, ${data.time ? duration(data.time) : "until stopped"}, in `, el("code", {}, data.dir)),
		targetsBody(data.targets),
	];
}

const CASE_COLUMNS = [
	{ title: "result", get: (r) => mark(r.result) },
	{ title: "group", get: (r) => r.group },
	{ title: "case", head: true, tight: true, get: (r) => r.name },
	{ title: "why", wide: true, get: (r) => r.why },
];

function fuzzCiBody(data) {
	return [table("cases", CASE_COLUMNS, data.rows), targetsBody(data.targets)];
}

/* ---- findings ---- */

const SHOWN = [["minimised.page", "The program, minimised"],
	["minimised.calls", "The calls, minimised"], ["minimised.txt", "The text, minimised"], ["explanation.txt", "What happens"],
	["report.txt", "What detectors say"], ["reproduce.c", "As one file of C"], ["replay.sh", "Again"]];

function failureView(failure) {
	return el("details", { class: "failure", "data-failure": failure.name },
		el("summary", {}, failure.name),
		el("p", {}, failure.summary.signature || ""),
		el("p", { class: "muted" }, `failed ${failure.summary.failed || "?"}; calls: ${failure.summary.calls || "?"}`),
		SHOWN.filter(([name]) => failure.files[name]).map(([name, title]) => [
			el("h3", {}, title), el("pre", { "data-file": name, tabindex: 0 }, failure.files[name])]));
}

function findingsBody(data) {
	const raw = Object.entries(data.found);

	return [
		data.failures.length || raw.length ? null : el("p", { class: "muted" }, "No input broke a target."),
		data.failures.map(failureView),
		raw.map(([where, names]) => folded(`${where}: ${plural(names.length, "file")} that broke it`,
			el("pre", { tabindex: 0 }, names.join("\n")))),
		raw.length && !data.failures.length ? el("p", {}, "They are sorted and minimised by ", el("code", {}, "pagetorture triage"), ".") : null,
	];
}

/* ---- coverage ---- */

function bar(part, whole) {
	return el("span", { class: "bar", role: "presentation" }, el("i", { style: `width: ${whole ? 100 * part / whole : 0}%` }));
}

function covered(title, figure, kind) {
	return { title, number: true, get: (file) => {
		const sum = file[figure]?.[kind];

		return sum ? `${number(sum.covered)} of ${number(sum.count)}` : "\u2013";
	} };
}

function coverageBody(data) {
	const link = (figure, text) => el("a", { href: `coverage/${figure}/index.html` }, text);

	return [
		table("files", [
			{ title: "file", head: true, tight: true, get: (f) => el("code", {}, f.name) },
			covered("lines, corpus", "replay", "lines"),
			covered("lines, all", "all", "lines"),
			{ title: "", get: (f) => f.all ? bar(f.all.lines.covered, f.all.lines.count) : "" },
			covered("branches, corpus", "replay", "branches"),
			covered("branches, all", "all", "branches"),
			covered("functions, all", "all", "functions"),
		], data.files, { caption: "corpus: its replay alone; all: with the library's unit tests", key: (f) => f.name }),
		el("p", { class: "muted" }, "Counted by llvm-cov. tests/coverage_excluded lists unreachable code with the reason; the run fails if the list is wrong."),
		data.html ? el("p", {}, "Line by line: ", link("replay", "by the corpus"), ", ", link("all", "with the unit tests"), ".") :
			el("p", { class: "muted" }, "Line by line: not there."),
	];
}

/* ---- seeded bugs ---- */

function bugCell(cell) {
	if (!cell)
		return "\u2013";
	if (cell.failed)
		return el("span", { class: "is-bad" }, "\u2715 failed");
	if (cell.skipped)
		return el("span", { class: "muted" }, "\u2013");
	const node = el("span", { class: cell.killed ? "is-good" : "is-warn" }, `${cell.killed ? "\u2713" : "\u25cb"} ${cell.text}`);

	return cell.why ? withTip(node, () => cell.why) : node;
}

function bugSums(data) {
	return data.columns.map((column) => {
		const cells = data.subjects.filter((s) => !s.clean).map((s) => s.cells[column]).filter((c) => c && c.trials);

		return { column, looked: cells.length, killed: cells.filter((c) => c.killed).length };
	});
}

function bugsBody(data) {
	const columns = data.columns.map((name) => ({ title: name, tight: true, get: (subject) => bugCell(subject.cells[name]) }));
	const bugs = data.subjects.filter((s) => !s.clean), clean = data.subjects.filter((s) => s.clean);

	return [
		data.wrong.map((line) => el("p", { class: "is-bad" }, `\u2715 ${line}`)),
		table("columns", [
			{ title: "who looks", head: true, get: (c) => c.column },
			{ title: "killed", number: true, get: (c) => c.killed },
			{ title: "of bugs it can look at", number: true, get: (c) => c.looked },
			{ title: "", get: (c) => bar(c.killed, c.looked) },
		], bugSums(data), { caption: `Trials where chance matters: ${data.trials} of ${data.time} s` }),
		folded(`The kill table: ${plural(bugs.length, "bug")}`, searchable("Find", table("the kill table", [
			{ title: "bug", head: true, tight: true, get: (s) => s.name },
			{ title: "kind", tight: true, get: (s) => s.kind },
			{ title: "rule", get: (s) => s.rule },
			{ title: "meant to see it", tight: true, get: (s) => `${s.detector}, ${s.flavour}, ${s.backend}` },
			...columns,
			{ title: "what is broken", wide: true, get: (s) => s.what },
		], bugs, { high: true, key: (s) => s.name }))),
		clean.length ? folded("The unchanged library", table("clean", [
			{ title: "library", head: true, tight: true, get: (s) => s.name }, ...columns], clean)) : null,
	];
}

/* ---- mutants ---- */

function mutantColumns(title) {
	const figure = (name, key) => ({ title: name, number: true, get: ([, t]) => t[key] });

	return [
		{ title, head: true, tight: true, get: ([name]) => el("code", {}, name) },
		figure("mutants", "mutants"), figure("killed", "killed"), figure("survived", "survived"),
		figure("equivalent", "equivalent"), figure("same code", "same_code"), figure("invalid", "invalid"),
		{ title: "", get: ([, t]) => bar(t.killed, t.killed + t.survived) },
	];
}

const SURVIVOR_COLUMNS = [
	{ title: "mutant", head: true, tight: true, get: (m) => el("code", {}, m.id) },
	{ title: "where", tight: true, get: (m) => `${m.file}:${m.line} ${m.function}` },
	{ title: "what it changes", wide: true, get: (m) => el("code", {}, `${m.was} \u21d2 ${m.becomes}`) },
	{ title: "reason", wide: true, get: (m) => m.why || "\u2013" },
];

function mutantsBody(data) {
	return [
		data.wrong.map((line) => el("p", { class: "is-bad" }, `\u2715 tests/mutants/surviving: ${line}`)),
		table("mutants by file", mutantColumns("file"), Object.entries(data.files), { key: ([name]) => name }),
		folded("By what was changed", table("mutants by operator", mutantColumns("operator"), Object.entries(data.operators))),
		data.survivors.length ? folded(plural(data.survivors.length, "survivor"), searchable("Find",
			table("survivors", SURVIVOR_COLUMNS, data.survivors, { high: true, key: (m) => m.id }))) : null,
		folded("Who killed them first", table("killers", [{ title: "who", head: true, get: ([name]) => name },
			{ title: "mutants", number: true, get: ([, n]) => n }], data.killers)),
	];
}

/* ---- replay, smoke test, speed ---- */

function replayBody(data) {
	const columns = [
		{ title: "mapping", head: true, get: (r) => r.backend },
		{ title: "order", tight: true, get: (r) => r.orders ? "sorted, then backwards" : "as it comes" },
		{ title: "flavour", get: (r) => r.flavour },
		...["inputs", "good", "failed", "unseen", "not-run"].map((name) => ({ title: name, number: true, get: (r) => r[name] })),
		{ title: "seconds", number: true, get: (r) => +r.seconds.toFixed(2) },
	];

	return [
		data.failures.map((f) => el("p", { class: "is-bad" }, `\u2715 ${f.input}: ${f.flavour}: ${f.result}: ${f.why} `, el("code", {}, f.replay || ""))),
		table("replay", columns, data.rows),
	];
}

function smokeBody(data) {
	return [
		data.failures.map((f) => el("p", { class: "is-bad" }, `\u2715 ${f.name}: `, el("code", {}, f.replay), ` (log: ${f.log})`)),
		table("stages", [
			{ title: "result", get: (r) => mark(r.result) },
			{ title: "stage", head: true, tight: true, get: (r) => r.name },
			{ title: "figures", wide: true, get: (r) => r.figures },
			{ title: "ended at", number: true, get: (r) => duration(r.at) },
		], data.rows),
	];
}

/* A missed threshold is shown, but is no failure. */
function metText(row) {
	if (row.met === null || row.met === undefined)
		return "";
	return el("span", { class: row.met ? "is-good" : "is-bad" }, row.met ? "\u2713 met" : "\u2715 missed");
}

/* Four significant digits; large numbers as integers. */
function figure(value) {
	if (typeof value !== "number")
		return String(value ?? "");
	return Math.abs(value) >= 1000 ? number(Math.round(value)) : String(+value.toPrecision(4));
}

function sayList(style, word, list) {
	return list.map((e) => el("p", { class: style }, `${word}: ${typeof e === "string" ? e : [e.name, e.why].filter(Boolean).join(": ")}`));
}

function benchBody(data) {
	const value = (name) => ({ title: name, number: true, get: (r) => figure(r[name]) });

	return [
		sayList("is-bad", "\u2715 failed", data.failed),
		searchable("Find", table("figures", [
			{ title: "figure", head: true, wide: true, get: (r) => String(r.name ?? "") },
			value("median"), value("low"), value("high"), value("n"),
			{ title: "unit", tight: true, get: (r) => String(r.unit ?? "") },
			{ title: "aim", tight: true, get: (r) => String(r.aim ?? "") },
			{ title: "", tight: true, get: metText },
			{ title: "command", tight: true, get: (r) => el("code", {}, String(r.command ?? "")) },
		], data.rows, { high: data.rows.length > 20 })),
		sayList("muted", "skipped", data.skipped),
	];
}

const BODIES = { rules: rulesBody, race: raceBody, stress: stressBody,
	"stress-long": stressLongBody, mutants: mutantsBody, fuzz: fuzzBody, "fuzz-ci": fuzzCiBody,
	findings: findingsBody, coverage: coverageBody, bugs: bugsBody, replay: replayBody, smoke: smokeBody, bench: benchBody };
