/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tables. A column has a title and get(row), which returns a text, a number or nodes. `number`
 * aligns to the right, `head` names the row, `wide` and `tight` control line breaks.
 */

function cellOf(column, row) {
	const value = column.get(row);
	const style = [column.number && "number", column.wide && "wide", column.tight && "tight"]
		.filter(Boolean).join(" ") || null;
	const attributes = column.head ? { scope: "row", class: style } : { class: style };

	return el(column.head ? "th" : "td", attributes,
		typeof value === "number" ? number(value) : value);
}

function scrollBox(label, table, high) {
	return el("div", { class: high ? "scroll high" : "scroll", role: "region", tabindex: 0,
		"aria-label": label }, table);
}

function table(label, columns, rows, options = {}) {
	const body = el("tbody", {}, rows.map((row) => el("tr", { "data-row": options.key?.(row) },
		columns.map((column) => cellOf(column, row)))));
	const head = el("tr", {}, columns.map((column) => el("th", { scope: "col",
		class: column.number ? "number" : null }, column.title)));

	return scrollBox(label, el("table", {},
		options.caption && el("caption", {}, options.caption), el("thead", {}, head), body),
	options.high);
}

/* A text field that filters rows by words. */
function searchable(label, box) {
	const rows = [...box.querySelectorAll("tbody tr")];
	const words = rows.map((row) => row.textContent.toLowerCase());
	const left = el("span", { class: "muted", "aria-live": "polite" });
	const field = el("input", { type: "search", placeholder: "any word", on: { input: () => {
		const wanted = field.value.toLowerCase().split(/\s+/);
		let shown = 0;

		rows.forEach((row, i) => {
			row.hidden = !wanted.every((word) => words[i].includes(word));
			shown += !row.hidden;
		});
		left.textContent = field.value ? plural(shown, "row") : "";
	} } });

	return el("div", {}, el("div", { class: "tools" }, el("label", {}, label, field), left), box);
}

function folded(title, ...content) {
	return el("details", {}, el("summary", {}, title), content);
}

/* Arrow keys move between the buttons of a grid; Tab enters and leaves the grid. */
function walkable(grid) {
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
