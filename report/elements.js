/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Create elements, and format values. Text from data only becomes text nodes. */

function el(name, attributes, ...children) {
	const node = document.createElement(name);

	for (const [name, value] of Object.entries(attributes || {})) {
		if (name === "on")
			for (const [event, listener] of Object.entries(value))
				node.addEventListener(event, listener);
		else if (value !== null && value !== undefined)
			node.setAttribute(name, value);
	}
	node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
	return node;
}

function number(value) {
	return value.toLocaleString("en-US");
}

function plural(count, word) {
	return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}

/* Unpack the programs and drawings that drawing.py packed. */
async function unpack(text) {
	const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));

	return new Response(stream).json();
}

function unpackFailure(box) {
	return (problem) => box.append(el("p", { class: "is-warn" }, `This browser cannot unpack it: ${problem.message}`));
}

/*
 * Shows a packed program next to its drawing in @box, which then has data-ready=@name.
 * @key: of the program in @packed; @command: shows the same in a terminal
 */
function showProgram(box, name, packed, key, command) {
	return unpack(packed).then((texts) => {
		const [program, drawing] = texts[key] || ["", ""];
		const missing = "not drawn: the page was made without pagetorture";

		box.append(el("div", { class: "two" },
			el("div", {}, el("h3", {}, "Program"), el("pre", { class: "program", tabindex: 0 }, program)),
			el("div", {}, el("h3", {}, "What happens"),
				el("pre", { class: "drawing", tabindex: 0 }, drawing || missing)),
			el("p", { class: "muted again" }, "Again: ", el("code", {}, command))));
		box.setAttribute("data-ready", name);
	}).catch(unpackFailure(box));
}
