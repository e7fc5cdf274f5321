/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What elements of the page do. */

/* ---- the tooltip of the element under the pointer, or in focus ---- */

const tip = document.getElementById("tip");

function hideTip() {
	tip.hidden = true;
}

function showTip(event) {
	const target = event.target.closest?.("[data-tip]");

	tip.hidden = !target;
	if (!target)
		return;
	tip.textContent = target.dataset.tip;
	const at = target.getBoundingClientRect(), size = tip.getBoundingClientRect();
	const above = at.top - size.height - 6;
	const left = Math.min(at.left, document.documentElement.clientWidth - size.width - 6);

	tip.style.left = `${Math.max(6, left)}px`;
	tip.style.top = `${above > 4 ? above : at.bottom + 6}px`;
}

document.addEventListener("pointerover", showTip);
document.addEventListener("focusin", showTip);
document.addEventListener("scroll", hideTip, { passive: true, capture: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());

/* ---- tables: a text field filters rows by words ---- */

function filterRows(box) {
	const rows = [...box.querySelectorAll("tbody tr")];
	const words = rows.map((row) => row.textContent.toLowerCase());
	const field = box.querySelector("input"), left = box.querySelector(".tools span");

	field.addEventListener("input", () => {
		const wanted = field.value.toLowerCase().split(/\s+/);
		let shown = 0;

		rows.forEach((row, i) => {
			row.hidden = !wanted.every((word) => words[i].includes(word));
			shown += !row.hidden;
		});
		left.textContent = field.value ? plural(shown, "row") : "";
	});
}

/* ---- a program of the rule table ---- */

function openRuleProgram(event) {
	const { program, file } = event.target.dataset, box = document.getElementById("rule-program");

	box.replaceChildren(el("h3", {}, program));
	showProgram(box, program, data.rules, program, `pagetorture run ${file}`)
		.then(() => box.scrollIntoView({ block: "nearest" }));
}

/* ---- the whole page ---- */

/* Unfold everything for printing, and fold it again afterwards. */
let opened = [];

addEventListener("beforeprint", () => {
	opened = [...document.querySelectorAll("details:not([open])")];
	opened.forEach((d) => { d.open = true; });
});
addEventListener("afterprint", () => opened.forEach((d) => { d.open = false; }));

const data = JSON.parse(document.getElementById("data").textContent);

document.querySelectorAll(".searchable").forEach(filterRows);
document.querySelectorAll("[data-program]").forEach((button) => button.addEventListener("click", openRuleProgram));

const raceBox = document.getElementById("race-matrix");

Promise.resolve(raceBox && showMatrix(data.race).catch(unpackFailure(raceBox)))
	.finally(() => document.documentElement.setAttribute("data-ready", ""));
