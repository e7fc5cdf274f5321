/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Create elements, and format values. Text from data only becomes text nodes. */

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name === "on")
			for (const [event, listener] of Object.entries(value))
				node.addEventListener(event, listener);
		else if (value === true)
			node.setAttribute(name, "");
		else if (value !== false && value !== null && value !== undefined)
			node.setAttribute(name, value);
	}
	node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
	return node;
}

function el(name, attributes, ...children) {
	return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
	return fill(document.createElementNS(SVG, name), attributes, children);
}

/* ---- values ---- */

function number(value) {
	return typeof value === "number" ? value.toLocaleString("en-US") : String(value ?? "");
}

function short(value) {
	for (const [limit, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
		if (Math.abs(value) >= limit)
			return `${+(value / limit).toPrecision(3)}${unit}`;
	return String(+(+value).toPrecision(3));
}

function plural(count, word) {
	return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}

/* Truncate instead of rounding: 99.99 % must not look like 100 %, nor 0.01 % like 0 %. */
function share(part, whole) {
	return whole ? `${(Math.floor(1e4 * part / whole) / 100).toFixed(2)} %` : "";
}

function duration(seconds) {
	if (seconds < 120)
		return `${+(+seconds).toFixed(1)} s`;
	if (seconds < 7200)
		return `${+(seconds / 60).toFixed(1)} min`;
	return `${+(seconds / 3600).toFixed(1)} h`;
}

function moment(text) {
	return String(text || "").replace("T", " ").replace(/Z$/, " UTC");
}

/* ---- states: a glyph, a word, a colour ---- */

const STATES = {
	good: ["\u2713", "good", "is-good"],
	failed: ["\u2715", "failed", "is-bad"],
	unreadable: ["?", "cannot be read", "is-warn"],
	stopped: ["\u25a0", "stopped", "is-warn"],
	running: ["\u25b6", "running", "is-warn"],
	old: ["\u21ba", "out of date", "is-warn"],
	partly: ["\u25d1", "in part", "is-warn"],
	missing: ["\u25cb", "not run", "is-none"],
	skipped: ["\u2013", "skipped", "is-none"],
};

function badge(state, word) {
	const [glyph, name, style] = STATES[state] || STATES.unreadable;

	return el("span", { class: `badge ${style}` }, `${glyph} ${word || name}`);
}

/* ---- the tooltip of the element under the pointer, or in focus ---- */

const tips = new WeakMap();

function showTip(event) {
	const target = event.target.closest?.("[data-tip]");
	const tip = document.getElementById("tip");

	if (!target || !tips.has(target)) {
		tip.hidden = true;
		return;
	}
	tip.textContent = tips.get(target)();
	tip.hidden = false;
	const at = target.getBoundingClientRect(), size = tip.getBoundingClientRect();
	const above = at.top - size.height - 6;
	const left = Math.min(at.left, document.documentElement.clientWidth - size.width - 6);

	tip.style.left = `${Math.max(6, left)}px`;
	tip.style.top = `${above > 4 ? above : at.bottom + 6}px`;
}

function withTip(node, text) {
	node.setAttribute("data-tip", "");
	tips.set(node, text);
	return node;
}

function hideTip() {
	document.getElementById("tip").hidden = true;
}

function watchTips() {
	document.addEventListener("pointerover", showTip);
	document.addEventListener("focusin", showTip);
	document.addEventListener("scroll", hideTip, { passive: true, capture: true });
	document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
}
