/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Curves over time. */

const PLOT = { width: 380, height: 170, left: 44, right: 8, top: 8, bottom: 22 };

/* A few round numbers up to the maximum. */
function ticks(most, count) {
	const rough = (most || 1) / count, power = 10 ** Math.floor(Math.log10(rough));
	const step = power * [1, 2, 5, 10].find((n) => n * power >= rough);
	const list = [];

	do
		list.push(+(step * list.length).toPrecision(10));
	while (list.at(-1) < most);
	return list;
}

function timeUnit(most) {
	return most < 180 ? [1, "s"] : most < 10800 ? [60, "min"] : [3600, "h"];
}

function timeText(seconds) {
	const unit = timeUnit(seconds);

	return `${+(seconds / unit[0]).toFixed(1)} ${unit[1]}`;
}

function timeTicks(most) {
	const unit = timeUnit(most);

	return ticks(most / unit[0], 5).filter((t) => t * unit[0] <= most * 1.001)
		.map((t) => [t * unit[0], `${t} ${unit[1]}`]);
}

function scales(points) {
	const x = Math.max(1, points.at(-1)[0]);
	const marks = ticks(Math.max(...points.map((p) => p[1])), 4);
	const y = marks.at(-1) || 1;
	const { width, height, left, right, top, bottom } = PLOT;

	return { marks, most: x,
		x: (value) => left + (width - left - right) * value / x,
		y: (value) => height - bottom - (height - top - bottom) * value / y };
}

function axes(scale) {
	const { width, height, left, right, bottom } = PLOT;

	/* Labels at the right end are aligned to the right, so that they are not cut off. */
	const anchor = (value) => !value ? "start" : scale.x(value) > width - 3 * right ? "end" : "middle";

	return [
		...scale.marks.map((mark) => svg("g", {},
			svg("line", { class: "axis", x1: left, x2: width - right, y1: scale.y(mark), y2: scale.y(mark) }),
			svg("text", { x: left - 6, y: scale.y(mark) + 3.5, "text-anchor": "end" }, short(mark)))),
		...timeTicks(scale.most).map(([value, text]) => svg("text", { x: scale.x(value),
			y: height - bottom + 14, "text-anchor": anchor(value) }, text)),
	];
}

/* A value holds until the next. */
function path(points, scale) {
	return points.map(([x, y], i) => {
		const at = `${scale.x(x).toFixed(1)}`, high = scale.y(y).toFixed(1);

		return i ? `H${at}V${high}` : `M${at} ${high}`;
	}).join("");
}

/* Show the point below the pointer above the plot. */
function follow(drawing, points, scale, show, still) {
	const cross = svg("line", { class: "cross", y1: PLOT.top, y2: PLOT.height - PLOT.bottom, visibility: "hidden" });
	const dot = svg("circle", { class: "dot", r: 3.2, visibility: "hidden" });

	drawing.append(cross, dot);
	drawing.addEventListener("pointermove", (event) => {
		const box = drawing.getBoundingClientRect();
		const x = (event.clientX - box.left) * PLOT.width / box.width;
		const near = points.reduce((a, b) => Math.abs(scale.x(b[0]) - x) < Math.abs(scale.x(a[0]) - x) ? b : a);

		fill(cross, { x1: scale.x(near[0]), x2: scale.x(near[0]), visibility: "visible" }, []);
		fill(dot, { cx: scale.x(near[0]), cy: scale.y(near[1]), visibility: "visible" }, []);
		show(near);
	});
	drawing.addEventListener("pointerleave", () => {
		cross.setAttribute("visibility", "hidden");
		dot.setAttribute("visibility", "hidden");
		still();
	});
}

/* Draws into @figure: its data-plot has title, unit, points [seconds, value] and the text for no point. */
function drawPlot(figure) {
	const { title, unit, points, text } = JSON.parse(figure.dataset.plot);
	const said = el("span", {}, points.length < 2 ? ": too short for a plot" : "");

	figure.append(el("figcaption", {}, el("b", {}, title), said));
	if (points.length < 2)
		return;
	const scale = scales(points), base = PLOT.height - PLOT.bottom;
	const line = path(points, scale);
	const area = `${line}V${base}H${scale.x(points[0][0]).toFixed(1)}Z`;
	const show = ([x, y]) => { said.textContent = `: ${number(Math.round(y))} ${unit} after ${timeText(x)}`; };
	const still = () => text ? said.textContent = `: ${text}` : show(points.at(-1));
	const drawing = svg("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img",
		"aria-label": `${title}, from ${number(Math.round(points[0][1]))} to ${number(Math.round(points.at(-1)[1]))} ${unit}` },
	axes(scale), svg("path", { class: "under", d: area }), svg("path", { class: "curve", d: line }));

	follow(drawing, points, scale, show, still);
	still();
	figure.append(drawing);
}
