/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The page: the verdict, the table of parts, each part, the list of runs. */

const VERDICT = {
	sound: ["\u2713", "Sound", "is-good"],
	failed: ["\u2715", "Failed", "is-bad"],
	incomplete: ["\u25cb", "Incomplete", "is-warn"],
};

function verdictView(report) {
	const [glyph, word, style] = VERDICT[report.verdict.state];
	const about = report.about;

	return el("div", { class: `verdict ${style}`, "data-state": report.verdict.state },
		el("span", { class: "glyph", "aria-hidden": "true" }, glyph),
		el("div", {}, el("h1", {}, word), el("p", { id: "verdict-line" }, report.verdict.line),
			el("p", { class: "muted" }, [about.by, `page made ${moment(about.at)}`].filter(Boolean).join(" \u00b7 "))));
}

function when(part) {
	return part.head.begun ? moment(part.head.begun).replace(/:\d\d UTC$/, " UTC") : "";
}

function overview(parts) {
	const row = (part) => el("tr", { "data-part": part.name },
		el("td", {}, badge(part.state)),
		el("th", { scope: "row" }, el("a", { href: `#part-${part.name}` }, part.title)),
		el("td", { class: "said" }, part.line), el("td", { class: "muted tight when" }, when(part)));
	const head = ["state", "part", "in a line", "begun"].map((title) => el("th", { scope: "col" }, title));

	return el("div", { class: "overview", id: "overview" }, el("table", {},
		el("thead", {}, el("tr", {}, head)), el("tbody", {}, parts.map(row))));
}

function figures(part) {
	return part.figures.length ? el("dl", { class: "figures" }, part.figures.map(([name, label, value]) =>
		el("div", {}, el("dt", {}, label), el("dd", { "data-figure": `${part.name}-${name}` }, number(value))))) : null;
}

function machine(on) {
	return on ? [on.model, [on.system, on.release, on.machine].filter(Boolean).join(" "), on.cpus && plural(on.cpus, "CPU"), on.compiler]
		.filter(Boolean).join(", ") : "";
}

function source(part) {
	const head = part.head;

	return head.begun ? el("p", { class: "source" }, el("code", {}, part.command),
		` \u00b7 begun ${moment(head.begun)} \u00b7 took ${duration(head.seconds)}`) : null;
}

function partView(part) {
	const body = part.data ? BODIES[part.name](part.data) : [];

	return el("section", { class: "part", id: `part-${part.name}`, "data-state": part.state, "aria-labelledby": `title-${part.name}` },
		el("div", { class: "top" }, el("h2", { id: `title-${part.name}` }, part.title), badge(part.state)),
		el("p", { class: "line" }, part.line), figures(part), body, source(part));
}

/* If a part throws an error, show the error there; the other parts still work. */
function partOrTrouble(part) {
	try {
		return partView(part);
	} catch (problem) {
		console.error(problem);
		return el("section", { class: "part", id: `part-${part.name}`, "data-state": "unreadable" },
			el("h2", {}, part.title), el("p", { class: "is-bad" }, `This part cannot be shown: ${problem.message}`));
	}
}

const RUN_COLUMNS = [
	{ title: "part", head: true, tight: true, get: (p) => p.title },
	{ title: "version", get: (p) => p.head.version },
	{ title: "begun", tight: true, get: (p) => moment(p.head.begun) },
	{ title: "took", number: true, get: (p) => duration(p.head.seconds) },
	{ title: "seed", number: true, get: (p) => String(p.head.seed ?? "") },
	{ title: "command", wide: true, get: (p) => el("code", {}, p.head.command) },
	{ title: "on", wide: true, get: (p) => machine(p.head.on) },
];

function runsView(report) {
	const ran = report.parts.filter((part) => part.head.begun);
	const about = report.about;

	return el("section", { class: "part", id: "part-runs" }, el("h2", {}, "What was run"),
		ran.length ? table("runs", RUN_COLUMNS, ran) : el("p", { class: "muted" }, "Nothing."),
		el("p", { class: "source" }, `This page: ${[about.by, about.system, plural(about.cpus, "CPU"), moment(about.at)].filter(Boolean).join(", ")}`));
}

/* Unfold everything for printing, and fold it again afterwards. */
function unfoldForPrint() {
	let opened = [];

	addEventListener("beforeprint", () => {
		opened = [...document.querySelectorAll("details:not([open])")];
		opened.forEach((d) => { d.open = true; });
	});
	addEventListener("afterprint", () => opened.forEach((d) => { d.open = false; }));
}

const report = JSON.parse(document.getElementById("data").textContent);

watchTips();
unfoldForPrint();
document.getElementById("verdict").replaceChildren(verdictView(report));
document.getElementById("main").replaceChildren(overview(report.parts), ...report.parts.map(partOrTrouble), runsView(report));
document.documentElement.setAttribute("data-ready", "");
