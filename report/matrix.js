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

/* The data of drawing.py, and what is shown: an empty detector is what is expected. */
let matrix = null, cells = [];
const pairs = new Map(), shown = { detector: "", pair: null, cell: null };

function distinct(key) {
	return [...new Set(cells.map((cell) => cell[key]))];
}

/* Group cells by pair. @rows: lists as drawing.py makes them */
function readMatrix(data, rows) {
	cells = rows.map(([first, second, relation, order, mapping, race, wrong, ranges, results]) => ({ first, second, relation,
		order, mapping, race, wrong, ranges, results, pairName: `${first}/${second}`,
		name: [first, second, relation, order, mapping].join("/") }));
	for (const cell of cells) {
		if (!pairs.has(cell.pairName))
			pairs.set(cell.pairName, { name: cell.pairName, title: cell.pairName.replace("/", " then "), cells: [] });
		pairs.get(cell.pairName).cells.push(cell);
	}
	matrix = { ...data, kinds: [...new Set([...distinct("first"), ...distinct("second")])], relations: distinct("relation"),
		orders: distinct("order"), mappings: distinct("mapping") };
}

function findAnswer(cell, detector) {
	const [verdict, limitation, reported, runs, why] = matrix.results[cell.results[matrix.detectors.indexOf(detector)]];
	const words = why || matrix.limitations[`${detector} ${limitation}`] || VERDICTS[verdict]?.[1];

	return { verdict, reported, runs, words, glyph: VERDICTS[verdict]?.[0] || "?" };
}

/* Count the results of the detector for the cells of a pair. */
function countPairResults(pair) {
	const answers = shown.detector ? pair.cells.map((cell) => findAnswer(cell, shown.detector)) : [];
	const reports = (race) => answers.filter((a, i) => pair.cells[i].race === race && a.reported > 0).length;

	return { cells: pair.cells.length, races: pair.cells.filter((c) => c.race).length,
		wrong: pair.cells.filter((c) => c.wrong).length, caught: reports(1), alarms: reports(0),
		known: answers.filter((a) => a.verdict === "known").length };
}

/* ---- grids of buttons ---- */

function scrollBox(label, table) {
	return el("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": label }, table);
}

/* Arrow keys move between the buttons of a grid; Tab enters and leaves the grid. */
function addArrowKeys(grid) {
	const buttons = [...grid.querySelectorAll("button.cell")];

	buttons.forEach((button, i) => { button.tabIndex = i ? -1 : 0; });
	grid.addEventListener("focusin", (event) => {
		buttons.forEach((button) => { button.tabIndex = button === event.target ? 0 : -1; });
	});
	grid.addEventListener("keydown", (event) => {
		const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
		const step = steps[event.key], from = event.target.closest("td");

		if (!step || !from)
			return;
		event.preventDefault();
		let row = from.parentNode.rowIndex, column = from.cellIndex, next;

		do {
			row += step[0];
			column += step[1];
			const cell = grid.rows[row]?.cells[column];

			if (!cell || cell.tagName !== "TD")
				return;
			next = cell.querySelector("button.cell");
		} while (!next);
		next.focus();
	});
	return grid;
}

/*
 * @words: the tooltip; @attribute: names it, data-pair or data-cell; @heat: from 0 to 1
 * @state: wrong, known or empty
 */
function gridButton(content, words, [attribute, name], isOpen, heat, state, open) {
	const share = 0.14 + 0.86 * heat;
	const style = heat ? `hot ${share > 0.55 ? "hottest" : ""}` : "quiet";

	return el("button", { type: "button", class: `cell ${style} ${state}`, [attribute]: name, "aria-pressed": String(isOpen),
		"aria-label": words, "data-tip": words, style: heat ? `--share: ${share.toFixed(2)}` : null,
		on: { click: open } }, content);
}

function pairButton(pair, most) {
	const f = countPairResults(pair), { detector } = shown, value = detector ? f.caught : f.races;
	const words = [pair.title, `${plural(f.cells, "cell")}, ${f.races} race`,
		...(detector ? [`${detector}: ${f.caught} of ${f.races} races reported`, `${plural(f.alarms, "report")} without a race`,
			`${plural(f.known, "cell")} within known limitations`] : []),
		f.wrong ? `${f.wrong} not as predicted` : "all as predicted"].join("\n");

	return gridButton([`${f.wrong ? "\u2715 " : ""}${value}`, el("small", {}, `of ${detector ? f.races : f.cells}`)], words,
		["data-pair", pair.name], shown.pair === pair, value / most, f.wrong ? "wrong" : f.known ? "known" : "",
		() => openPair(pair));
}

function pairGrid() {
	const most = Math.max(1, ...[...pairs.values()].map((pair) => pair.cells.filter((c) => c.race).length));
	const head = el("tr", {}, el("td", { class: "corner" }, "first access \u2193 second \u2192"),
		matrix.kinds.map((kind) => el("th", { scope: "col", class: "up" }, el("span", {}, kind))));
	const rows = matrix.kinds.map((first) => el("tr", {}, el("th", { scope: "row" }, first),
		matrix.kinds.map((second) => {
			const pair = pairs.get(`${first}/${second}`);

			return el("td", {}, pair ? pairButton(pair, most) :
				el("span", { class: "cell none", title: "no program can do this" }));
		})));

	return addArrowKeys(el("table", { class: "grid", id: "matrix" }, el("thead", {}, head), el("tbody", {}, rows)));
}

/* ---- the cells of a pair ---- */

function cellButton(cell) {
	const answers = matrix.detectors.map((name) => findAnswer(cell, name)).filter((a) => a.verdict !== "not run");
	const reported = answers.filter((a) => a.reported > 0).length, ran = answers.length;
	const answer = shown.detector && findAnswer(cell, shown.detector);
	const words = [cell.name, cell.race ? "expected: a data race" : "expected: no race",
		answer ? `${shown.detector}: ${VERDICTS[answer.verdict]?.[1]}` : `${reported} of ${ran} detectors reported one`,
		...(cell.wrong ? ["not as predicted"] : [])].join("\n");
	const heat = !cell.race ? 0 : answer ? answer.verdict === "caught" : Math.max(reported, 0.5) / (ran || 1);

	return gridButton(cell.wrong ? "\u2715" : answer ? answer.glyph : `${reported}/${ran}`, words, ["data-cell", cell.name],
		shown.cell === cell, +heat, cell.wrong ? "wrong" : answer.verdict === "known" ? "known" : "", () => openCell(cell));
}

function makeHeading(attributes, name) {
	return el("th", { ...attributes, "data-tip": WORDS[name] && `${name}: ${WORDS[name]}` }, name);
}

function orderGrid(pair) {
	const { relations, orders, mappings } = matrix;
	const at = new Map(pair.cells.map((cell) => [cell.name, cell]));
	const turn = (mapping) => mapping ? null : "turn";
	const tops = orders.map((order) => makeHeading({ scope: "colgroup", colspan: mappings.length, class: "turn" }, order));
	const subs = orders.flatMap(() => mappings.map((mapping, p) => makeHeading({ scope: "col", class: turn(p) }, mapping)));
	const rows = relations.map((relation) => el("tr", {}, makeHeading({ scope: "row" }, relation),
		orders.flatMap((order) => mappings.map((mapping, p) => {
			const cell = at.get([pair.name, relation, order, mapping].join("/"));

			return el("td", { class: turn(p) }, cell ? cellButton(cell) : el("span", { class: "cell none" }));
		}))));

	return addArrowKeys(el("table", { class: "grid pair" }, el("thead", {},
		el("tr", {}, el("td", { class: "corner" }, "ordered by"), tops),
		el("tr", {}, el("td", { class: "corner" }, "where \u2193 mapped \u2192"), subs)), el("tbody", {}, rows)));
}

function pairView(pair) {
	const f = countPairResults(pair), [first, second] = pair.name.split("/");
	const said = shown.detector ? `what ${shown.detector} said` : "how many detectors reported a race, of those that ran";

	return el("div", { class: "detail", id: "pair" },
		el("h3", {}, el("code", {}, first), " then ", el("code", {}, second)),
		el("p", { class: "muted" }, `${plural(f.cells, "cell")}, ${f.races} of them race. A cell says ${said}; tinted cells race.`),
		scrollBox("cells of the pair", orderGrid(pair)));
}

/* ---- one cell ---- */

function answerTable(cell) {
	const row = (name) => {
		const a = findAnswer(cell, name);

		return el("tr", { "data-row": name }, el("th", { scope: "row", class: "tight" }, el("code", {}, name)),
			el("td", { class: "tight" }, `${a.glyph} ${a.verdict}`),
			el("td", { class: "number" }, `${number(a.reported)} of ${number(a.runs)}`), el("td", { class: "wide" }, a.words));
	};
	const head = ["detector", "said", "runs that report", "that is"].map((title) => el("th", { scope: "col" }, title));

	return scrollBox("what each detector said", el("table", {}, el("thead", {}, el("tr", {}, head)),
		el("tbody", {}, matrix.detectors.map(row))));
}

function cellView(cell) {
	const [from, to, from2, to2] = cell.ranges;
	const bytes = (a, b) => a === b ? `no byte, at ${a}` : `bytes ${a} .. ${b - 1}`;
	const [badge, style] = cell.wrong ? ["\u2715 not as predicted", "is-bad"] : ["\u2713 as predicted", "is-good"];
	const box = el("div", { class: "detail", id: "cell" }, el("h3", {}, el("code", {}, cell.name)),
		el("p", {}, el("span", { class: `badge ${style}` }, badge),
			` ${cell.race ? "A data race" : "No race"} is expected. First ${bytes(from, to)}, second ${bytes(from2, to2)}.`),
		answerTable(cell));

	showProgram(box, cell.name, matrix.programs[cell.pairName], `${cell.relation}/${cell.order}`,
		`pagetorture-dev race --cell ${cell.name}`);
	return box;
}

/* ---- all ---- */

/* Draw the matrix again, without a change of the scroll positions. */
function drawMatrix(focus) {
	const scrolled = [...document.querySelectorAll("#part-race .scroll")].map((b) => [b.getAttribute("aria-label"), b.scrollLeft]);

	hideTip();
	document.getElementById("race-matrix").classList.toggle("shows-detector", Boolean(shown.detector));
	document.getElementById("pairs").replaceChildren(scrollBox("the race matrix", pairGrid()));
	document.getElementById("pair-view").replaceChildren(...(shown.pair ? [pairView(shown.pair)] : []));
	document.getElementById("cell-view").replaceChildren(...(shown.cell ? [cellView(shown.cell)] : []));
	for (const [label, left] of scrolled) {
		const again = document.querySelector(`#part-race .scroll[aria-label="${label}"]`);

		if (again)
			again.scrollLeft = left;
	}
	document.querySelector(focus)?.focus({ preventScroll: true });
}

function openPair(pair) {
	shown.pair = pair;
	shown.cell = null;
	drawMatrix(`[data-pair="${pair.name}"]`);
	document.getElementById("pair").scrollIntoView({ block: "nearest" });
}

function openCell(cell) {
	shown.cell = cell;
	shown.pair = pairs.get(cell.pairName);
	history.replaceState(null, "", `#race/${cell.name}`);
	drawMatrix(`[data-cell="${cell.name}"]`);
	document.getElementById("cell").scrollIntoView({ block: "nearest" });
}

/* race.html has the boxes and the menu of detectors. */
async function showMatrix(data) {
	readMatrix(data, await unpack(data.cells));
	const select = document.getElementById("detector");

	select.addEventListener("change", () => {
		shown.detector = select.value;
		drawMatrix("#detector");
	});
	for (const button of document.querySelectorAll("[data-unpredicted]"))
		button.addEventListener("click", () => openCell(cells.find((cell) => cell.name === button.dataset.unpredicted)));
	drawMatrix();
	/* Open the cell that the address of the page names. */
	const asked = decodeURIComponent(location.hash).match(/^#race\/(.+)$/);
	const cell = asked && cells.find((c) => c.name === asked[1]);

	if (cell)
		openCell(cell);
}
