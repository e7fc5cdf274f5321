/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The race matrix. The grid shows pairs of accesses. A click on a pair shows its cells. A click on
 * a cell shows its program, its drawing and the result of each detector. A grid shows the results
 * of one detector, or the expected results if no detector is selected.
 */

/* Results of a detector: a glyph and its meaning. */
const VERDICTS = {
	caught: ["\u25cf", "a race, reported"],
	quiet: ["\u00b7", "no race, none reported"],
	missed: ["\u25cb", "a race, not reported"],
	"miss allowed": ["\u25cb", "a race that the detector's memory need not hold"],
	known: ["\u25d0", "within a known limitation of the detector, and as predicted by it"],
	"false alarm": ["\u25b2", "no race, but one reported"],
	outdated: ["\u25b2", "reported, although a known limitation predicts a miss"],
	differs: ["\u2715", "wrong results, or no answer"],
	"not run": ["\u2013", "not run"],
};

/* Explanations of the names in matrix.def. */
const WORDS = {
	none: "nothing orders them", mutex: "both hold a mutex", post: "the first posts, the second waits",
	main: "main joins between them", reverse: "an order that is no use: the second posts before",
	third: "by way of a third thread", drop: "both drop a reference",
	same: "both use the page's own address", aliases: "each maps the page for itself",
	identical: "the same bytes", nested: "the second inside of the first", around: "the first inside of the second",
	overlap: "they share one byte", pair: "neighbours in two bytes", granule: "neighbours in 8 bytes",
	line: "neighbours in a cache line", apart: "far from each other", empty: "one of them touches nothing",
	page: "the whole page, both",
};

function named(attributes, text) {
	const th = el("th", attributes, text);

	return WORDS[text] ? withTip(th, () => `${text}: ${WORDS[text]}`) : th;
}

/* Convert lists of numbers to cells, grouped by pair. */
function readMatrix(m) {
	const size = [m.kinds, m.kinds, m.relations, m.orders, m.mappings].map((list) => list.length);
	const wrong = new Set(m.wrong), races = new Set(m.races);
	const pairs = new Map();

	m.cells = m.places.map((place, number) => {
		const at = [];

		for (let axis = 4; axis >= 0; axis--) {
			at[axis] = place % size[axis];
			place = Math.floor(place / size[axis]);
		}
		return { number, at, race: races.has(number), wrong: wrong.has(number) };
	});
	for (const cell of m.cells) {
		const key = cell.at[0] * size[1] + cell.at[1];

		if (!pairs.has(key))
			pairs.set(key, { first: cell.at[0], second: cell.at[1], cells: [] });
		pairs.get(key).cells.push(cell);
	}
	m.pairs = pairs;
	m.detectors = Object.keys(m.columns);
	m.answer = (cell, detector) => {
		const [verdict, limitation, reported, runs, why] = m.answers[m.columns[detector][cell.number]];

		return { verdict, limitation, reported, runs, why };
	};
}

function cellName(m, cell) {
	const [first, second, relation, order, mapping] = cell.at;

	return [m.kinds[first], m.kinds[second], m.relations[relation], m.orders[order],
		m.mappings[mapping]].join("/");
}

/* Count the results of a detector for the cells of a pair. */
function pairFigures(m, pair, detector) {
	const figures = { cells: pair.cells.length, races: 0, caught: 0, alarms: 0, known: 0, wrong: 0 };

	for (const cell of pair.cells) {
		figures.races += cell.race;
		figures.wrong += cell.wrong;
		if (!detector)
			continue;
		const answer = m.answer(cell, detector);

		figures.caught += cell.race && answer.reported > 0;
		figures.alarms += !cell.race && answer.reported > 0;
		figures.known += answer.verdict === "known";
	}
	return figures;
}

function heat(button, part, most) {
	if (!part) {
		button.classList.add("quiet");
		return;
	}
	const share = 0.14 + 0.86 * part / most;

	button.classList.add("hot");
	button.classList.toggle("hottest", share > 0.55);
	button.style.setProperty("--share", share.toFixed(2));
}

function pairWords(m, pair, f, detector) {
	const lines = [`${m.kinds[pair.first]} then ${m.kinds[pair.second]}`,
		`${plural(f.cells, "cell")}, ${f.races} race`];

	if (detector)
		lines.push(`${detector}: ${f.caught} of ${f.races} races reported`,
			`${plural(f.alarms, "report")} without a race`,
			`${plural(f.known, "cell")} within known limitations`);
	lines.push(f.wrong ? `${f.wrong} not as predicted` : "all as predicted");
	return lines.join("\n");
}

function pairButton(m, view, pair, most) {
	const f = pairFigures(m, pair, view.detector);
	const shown = view.detector ? f.caught : f.races;
	const small = view.detector ? `of ${f.races}` : `of ${f.cells}`;
	const button = el("button", { type: "button", class: "cell", "data-pair": `${m.kinds[pair.first]}/${m.kinds[pair.second]}`,
		"aria-pressed": String(view.pair === pair), "aria-label": pairWords(m, pair, f, view.detector),
		on: { click: () => view.openPair(pair) } },
	`${f.wrong ? "\u2715 " : ""}${shown}`, el("small", {}, small));

	heat(button, shown, most);
	button.classList.toggle("wrong", f.wrong > 0);
	button.classList.toggle("known", f.known > 0 && !f.wrong);
	return withTip(button, () => pairWords(m, pair, f, view.detector));
}

function pairGrid(m, view) {
	const races = [...m.pairs.values()].map((pair) => pair.cells.filter((c) => c.race).length);
	const most = Math.max(1, ...races);
	const head = el("tr", {}, el("td", { class: "corner" }, "first access \u2193 second \u2192"),
		m.kinds.map((kind) => el("th", { scope: "col", class: "up" }, el("span", {}, kind))));
	const rows = m.kinds.map((kind, first) => el("tr", {}, el("th", { scope: "row" }, kind),
		m.kinds.map((_, second) => {
			const pair = m.pairs.get(first * m.kinds.length + second);

			return el("td", {}, pair ? pairButton(m, view, pair, most) :
				el("span", { class: "cell none", title: "no program can do this" }));
		})));

	return walkable(el("table", { class: "grid", id: "matrix" }, el("thead", {}, head), el("tbody", {}, rows)));
}

/* ---- the cells of a pair ---- */

/* The number of detectors that reported a race, of those that ran. */
function votes(m, cell) {
	const said = m.detectors.map((d) => m.answer(cell, d)).filter((a) => a.verdict !== "not run");

	return [said.filter((a) => a.reported > 0).length, said.length];
}

function cellWords(m, cell, detector) {
	const lines = [cellName(m, cell), cell.race ? "expected: a data race" : "expected: no race"];
	const [reported, ran] = votes(m, cell);

	if (detector)
		lines.push(`${detector}: ${VERDICTS[m.answer(cell, detector).verdict]?.[1]}`);
	else
		lines.push(`${reported} of ${ran} detectors reported one`);
	if (cell.wrong)
		lines.push("not as predicted");
	return lines.join("\n");
}

function cellButton(m, view, cell) {
	const [reported, ran] = votes(m, cell);
	const verdict = view.detector && m.answer(cell, view.detector).verdict;
	const text = verdict ? VERDICTS[verdict]?.[0] || "?" : `${reported}/${ran}`;
	const button = el("button", { type: "button", class: "cell", "data-cell": cellName(m, cell),
		"aria-pressed": String(view.cell === cell), "aria-label": cellWords(m, cell, view.detector),
		on: { click: () => view.openCell(cell) } }, cell.wrong ? "\u2715" : text);

	heat(button, cell.race ? (verdict ? verdict === "caught" : Math.max(reported, 0.5)) : 0, verdict ? 1 : ran || 1);
	button.classList.toggle("wrong", cell.wrong);
	button.classList.toggle("known", verdict === "known" && !cell.wrong);
	return withTip(button, () => cellWords(m, cell, view.detector));
}

function orderGrid(m, view, pair) {
	const at = new Map(pair.cells.map((cell) => [cell.at.slice(2).join(), cell]));
	const tops = m.orders.map((order) => named({ scope: "colgroup", colspan: m.mappings.length, class: "turn" }, order));
	const subs = m.orders.flatMap(() => m.mappings.map((mapping, p) => named({ scope: "col", class: p ? null : "turn" }, mapping)));
	const rows = m.relations.map((relation, r) => el("tr", {}, named({ scope: "row" }, relation),
		m.orders.flatMap((_, o) => m.mappings.map((_, p) => {
			const cell = at.get([r, o, p].join());

			return el("td", { class: p ? null : "turn" },
				cell ? cellButton(m, view, cell) : el("span", { class: "cell none" }));
		}))));

	return walkable(el("table", { class: "grid pair" }, el("thead", {},
		el("tr", {}, el("td", { class: "corner" }, "ordered by"), tops),
		el("tr", {}, el("td", { class: "corner" }, "where \u2193 mapped \u2192"), subs)), el("tbody", {}, rows)));
}

function pairView(m, view) {
	const pair = view.pair;
	const f = pairFigures(m, pair, view.detector);
	const said = view.detector ? `what ${view.detector} said` : "how many detectors reported a race, of those that ran";

	return el("div", { class: "detail", id: "pair" },
		el("h3", {}, el("code", {}, m.kinds[pair.first]), " then ", el("code", {}, m.kinds[pair.second])),
		el("p", { class: "muted" }, `${plural(f.cells, "cell")}, ${f.races} of them race. A cell says ${said}; tinted cells race.`),
		scrollBox("cells of the pair", orderGrid(m, view, pair)));
}

/* ---- one cell ---- */

function detectorRows(m, cell, limitations) {
	return m.detectors.map((name) => {
		const answer = m.answer(cell, name);

		return { name, ...answer, words: answer.why || limitations.get(`${name} ${answer.limitation}`) || VERDICTS[answer.verdict]?.[1] };
	});
}

const ANSWER_COLUMNS = [
	{ title: "detector", head: true, tight: true, get: (r) => el("code", {}, r.name) },
	{ title: "said", tight: true, get: (r) => `${VERDICTS[r.verdict]?.[0] || "?"} ${r.verdict}` },
	{ title: "runs that report", number: true, get: (r) => `${number(r.reported)} of ${number(r.runs)}` },
	{ title: "that is", wide: true, get: (r) => r.words },
];

function cellView(m, view, limitations) {
	const cell = view.cell, name = cellName(m, cell);
	const [from, to, from2, to2] = m.ranges[m.where[cell.number]];
	const bytes = (a, b) => a === b ? `no byte, at ${a}` : `bytes ${a} .. ${b - 1}`;
	const program = el("div", { class: "program-box" }, "\u2026");
	const box = el("div", { class: "detail", id: "cell" },
		el("h3", {}, el("code", {}, name)),
		el("p", {}, badge(cell.wrong ? "failed" : "good", cell.wrong ? "not as predicted" : "as predicted"),
			` ${cell.race ? "A data race" : "No race"} is expected. First ${bytes(from, to)}, second ${bytes(from2, to2)}.`),
		table("what each detector said", ANSWER_COLUMNS, detectorRows(m, cell, limitations), { key: (r) => r.name }),
		program);

	unpack(m.programs[`${m.kinds[cell.at[0]]}/${m.kinds[cell.at[1]]}`]).then((texts) => {
		const [text, drawing] = texts[`${m.relations[cell.at[2]]}/${m.orders[cell.at[3]]}`];

		program.replaceChildren(programView(text, drawing, `pagetorture-dev race --cell ${name}`));
		box.setAttribute("data-ready", name);
	}).catch((problem) => program.replaceChildren(cannotUnpack(problem)));
	return box;
}

/* ---- all ---- */

function legend(detector) {
	const sample = (style, text, share) => el("span", { class: `cell ${style}`, style: share && `--share: ${share}` }, text);
	const entries = detector ? [
		[sample("hot", "9", .4), "races that it reported, of those that there are"],
		[sample("quiet", "0"), "none"],
		[sample("known", ""), "some are within a known limitation"],
	] : [
		[sample("hot", "9", .4), "cells that race, of all cells of the pair"],
		[sample("quiet", "0"), "none races"],
	];

	entries.push([sample("wrong", "\u2715"), "not as predicted"], [sample("none", ""), "no program can do this"]);
	return el("ul", { class: "legend" }, entries.map((entry) => el("li", {}, entry)));
}

/* Buttons for unpredicted cells, at most a hundred. */
function wrongCells(m, view) {
	const shown = m.wrong.slice(0, 100).map((number) => m.cells[number]);
	const more = m.wrong.length - shown.length;

	return shown.length ? el("div", { id: "wrong" },
		el("h3", { class: "is-bad" }, `\u2715 Not as predicted: ${plural(m.wrong.length, "cell")}`),
		el("p", {}, shown.map((cell) => [el("button", { type: "button", class: "plain", on: { click: () => view.openCell(cell) } },
			cellName(m, cell)), " "]), more ? `and ${number(more)} more` : "")) : null;
}

function findCell(m, name) {
	return m.cells.find((cell) => cellName(m, cell) === name);
}

function matrixView(m, limitations) {
	const view = { detector: "", pair: null, cell: null };
	const box = el("div"), pairBox = el("div"), cellBox = el("div"), note = el("div");
	const select = el("select", { id: "detector", on: { change: () => {
		view.detector = select.value;
		view.draw();
	} } }, el("option", { value: "" }, "what is expected"),
	m.detectors.map((name) => el("option", { value: name }, name)));

	view.draw = () => {
		hideTip();
		box.replaceChildren(scrollBox("the race matrix", pairGrid(m, view)));
		note.replaceChildren(legend(view.detector));
		pairBox.replaceChildren(...(view.pair ? [pairView(m, view)] : []));
		cellBox.replaceChildren(...(view.cell ? [cellView(m, view, limitations)] : []));
	};
	const redraw = (focus) => {
		const boxes = [...document.querySelectorAll("#part-race .scroll")].map((b) => [b.getAttribute("aria-label"), b.scrollLeft]);

		view.draw();
		for (const [label, left] of boxes) {
			const again = document.querySelector(`#part-race .scroll[aria-label="${label}"]`);

			if (again)
				again.scrollLeft = left;
		}
		document.querySelector(focus)?.focus({ preventScroll: true });
	};

	view.openPair = (pair) => {
		view.pair = pair;
		view.cell = null;
		redraw(`[data-pair="${m.kinds[pair.first]}/${m.kinds[pair.second]}"]`);
		document.getElementById("pair")?.scrollIntoView({ block: "nearest" });
	};
	view.openCell = (cell) => {
		view.cell = cell;
		view.pair = m.pairs.get(cell.at[0] * m.kinds.length + cell.at[1]);
		history.replaceState(null, "", `#race/${cellName(m, cell)}`);
		redraw(`[data-cell="${cellName(m, cell)}"]`);
		document.getElementById("cell")?.scrollIntoView({ block: "nearest" });
	};
	view.draw();
	/* Open the cell that the address of the page names. */
	const asked = decodeURIComponent(location.hash).match(/^#race\/(.+)$/);
	const cell = asked && findCell(m, asked[1]);

	if (cell)
		setTimeout(() => view.openCell(cell));
	return el("div", {}, wrongCells(m, view), el("div", { class: "tools" }, el("label", {}, "Show", select)), box, note, pairBox, cellBox);
}
