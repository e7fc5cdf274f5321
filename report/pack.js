/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Unpack the programs and drawings that drawing.py packed. */

async function unpack(text) {
	const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));

	return new Response(stream).json();
}

/* A program next to its drawing; @command shows the same in a terminal. */
function programView(program, drawing, command) {
	const missing = "not drawn: the page was made without pagetorture";

	return el("div", { class: "two" },
		el("div", {}, el("h3", {}, "Program"), el("pre", { class: "program", tabindex: 0 }, program)),
		el("div", {}, el("h3", {}, "What happens"),
			el("pre", { class: "drawing", tabindex: 0 }, drawing || missing)),
		command && el("p", { class: "muted again" }, "Again: ", el("code", {}, command)));
}

function cannotUnpack(problem) {
	return el("p", { class: "is-warn" }, `This browser cannot unpack the program: ${problem.message}`);
}
