// The live view in the browser: draws the graph once, then changes only what differs.
// Everything shown is data and enters the page as text.

/**
 * @typedef {{word: string, glyph: string, colour: string, settled: boolean, urgency: number}} Look
 * @typedef {{label: string, short: string, kind: string, group: boolean, members: number[],
 *  box: number[]}} Box
 * @typedef {{tail: number, head: number, path: string, label: string, at: number[]?}} Edge
 * @typedef {{id: number, width: number, height: number, nodes: string[], boxes: Box[],
 *  edges: Edge[]}} Structure
 * @typedef {{counts: Object<string, number>, line: string, elapsed: number, now: number,
 *  outcome: string, running: number[][], message: string, mode: string}} Facts
 */

const SVG = "http://www.w3.org/2000/svg";
const PARTS = ["svg", "g", "path", "rect", "circle", "text", "title", "defs", "marker"];
const TALLEST = 680;
const SMALLEST = 0.62;

/** Make an element; strings become text, functions listeners, classes are ours. */
function make(name, attributes = {}, ...children) {
	const node = PARTS.includes(name)
		? document.createElementNS(SVG, name) : document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === "function") node.addEventListener(key, value);
		else node.setAttribute(key, key === "class" ? value.replace(/\S+/g, "ckpt-$&") : value);
	}
	node.append(...children);
	return node;
}

function div(name, ...children) { return make("div", { class: name }, ...children); }

function button(name, click, more = {}) {
	const kind = more.class ?? "";
	return make("button", { type: "button", ...more, class: `button ${kind}`, click }, name);
}

/** A state's glyph in its colour. */
function mark(look) { return make("b", { "aria-hidden": "true" }, look.glyph); }

/** Say seconds as people do. */
function duration(s) {
	if (s < 59.95) return s < 0.095 ? `${Math.round(s * 1000)} ms` : `${s.toFixed(1)} s`;
	const m = Math.floor(Math.round(s) / 60);
	return m < 60 ? `${m} min ${Math.round(s) % 60} s` : `${Math.floor(m / 60)} h ${m % 60} min`;
}

class View {
	constructor(model, el) {
		this.model = model;
		this.name = `ckpt-${Math.random().toString(36).slice(2)}`;
		/** @type {Look[]} */
		this.legend = model.get("legend");
		this.order = this.legend.map((_, code) => code)
			.sort((a, b) => this.legend[a].urgency - this.legend[b].urgency);
		this.codes = new Uint8Array();
		this.selected = null;
		this.waiting = new Map();
		this.due = new Set();
		this.answer = "";
		this.asked = 0;
		this.skew = 0;
		this.build(el);
		this.listen();
		this.hearFacts();
		this.restructure();
		this.ping();
	}

	// -- the page

	build(el) {
		this.bar = make("div", { class: "bar", "aria-hidden": "true" });
		this.line = div("line");
		this.runStale = button("Run stale", () => this.ask("run-stale"), { class: "main" });
		this.cancel = button("Cancel", () => this.ask("cancel"));
		this.clearAll = button("Clear all", () => this.confirm());
		this.toggle = button("Graph", () => { this.open = !this.isOpen(); this.dress(); });
		this.sure = make("span", { class: "sure" });
		this.tools = div("tools",
			this.runStale, this.cancel, this.clearAll, this.sure, this.toggle);
		this.notice = make("div", { class: "notice", role: "status" });
		this.key = div("key");
		this.svg = make("svg", { class: "graph", role: "group", "aria-label": "Task graph" });
		const zoom = div("zoom",
			button("−", () => this.zoom(1 / 1.3), { "aria-label": "Zoom out" }),
			button("+", () => this.zoom(1.3), { "aria-label": "Zoom in" }),
			button("Fit", () => this.fit()));
		this.stage = div("stage", this.svg);
		this.panel = div("panel");
		this.body = div("body", div("row", this.key, zoom), this.stage, this.panel);
		// or Lab takes Enter for itself
		this.root = make("div", { class: "live", "data-lm-suppress-shortcuts": "true" },
			div("head", this.bar, this.line, this.tools),
			this.notice, this.body);
		this.root.addEventListener("keydown", (event) => {
			if (event.key === "Escape" && this.selected !== null) this.select(null);
			event.stopPropagation();
		});
		this.panZoom();
		el.append(this.root);
	}

	listen() {
		this.model.on("msg:custom", (message) => this.waiting.get(message?.id)?.(message));
		for (const name of ["structure", "states", "seconds", "facts"]) {
			this.model.on(`change:${name}`, () => {
				this.due.add(name);
				this.frame ??= requestAnimationFrame(() => this.update());
			});
		}
		this.ticker = setInterval(() => this.tick(), 250);
		this.sizes = new ResizeObserver(() => { if (!this.moved) this.fit(SMALLEST); });
		this.sizes.observe(this.stage);
	}

	close() { // anywidget takes the listeners off the model
		clearInterval(this.ticker);
		clearTimeout(this.timer);
		this.sizes.disconnect();
		cancelAnimationFrame(this.frame);
	}

	update() {
		const due = this.due;
		this.due = new Set();
		this.frame = undefined;
		if (due.has("facts")) this.hearFacts();
		if (due.has("structure")) this.restructure();
		else this.paint(due.has("seconds"));
		this.dress();
	}

	// -- the graph

	restructure() {
		/** @type {Structure} */
		const s = this.structure = this.model.get("structure");
		if (!s?.boxes) return this.dress();
		this.selected = null;
		this.panel.replaceChildren();
		this.owner = new Int32Array(s.nodes.length);
		s.boxes.forEach((box, at) => box.members.forEach((index) => { this.owner[index] = at; }));
		this.picture = make("g");
		const tip = `${this.name}-tip`;
		this.svg.replaceChildren(make("defs", {}, make("marker",
			{ id: tip, viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7,
				orient: "auto" }, make("path", { class: "tip", d: "M0 .5L8 4 0 7.5z" }))),
		this.picture);
		this.edges = s.edges.map(({ path }) =>
			make("path", { class: "edge", d: path, "marker-end": `url(#${tip})` }));
		this.picture.append(...this.edges);
		for (const { label, at } of s.edges) {
			if (at) this.picture.append(make("text",
				{ class: "variable", x: at[0], y: at[1] + 4 }, label));
		}
		this.shapes = s.boxes.map((box, at) => this.drawBox(box, at));
		this.codes = new Uint8Array();
		this.paint(true);
		this.fit(SMALLEST);
		this.dress();
	}

	/** @param {Box} box */
	drawBox(box, at) {
		const [x, y, w, h] = box.box;
		const cell = box.kind === "cell";
		const left = cell ? 26 : 22;
		const shape = {
			box,
			glyph: make("text", { class: "glyph", x: left, y: 28.5 }),
			word: make("text", { class: "word", x: left + 18, y: 37 }),
			label: make("text", { class: "label", x: left + 18, y: 21 },
				box.short + (box.group ? ` ×${box.members.length}` : "")),
			stack: make("g", { transform: `translate(${left + 18} 47)` }),
			width: w - left - 34,
		};
		shape.g = make("g", {
			class: `node ${cell ? "cell" : "function"}`, "data-node": box.label, tabindex: 0,
			role: "button", transform: `translate(${x} ${y})`,
			click: () => { if (!this.dragged) this.select(at); },
			keydown: (event) => {
				if (event.key !== "Enter" && event.key !== " ") return;
				event.preventDefault();
				this.select(at);
			},
		},
		make("title", {}, box.label),
		make("rect", { class: "box", width: w, height: h, rx: cell ? 3 : 12 }),
		...(cell ? [make("rect", { class: "edge-bar", width: 7, height: h })] : []),
		make("circle", { class: "dot", cx: left, cy: 24, r: 10 }),
		shape.glyph, shape.label, shape.word, ...(box.group ? [shape.stack] : []));
		this.picture.append(shape.g);
		return shape;
	}

	/** Change what differs between the states shown and those now. */
	paint(all = false) {
		const s = this.structure;
		const bytes = this.model.get("states");
		if (!s?.boxes || !bytes) return;
		const codes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		if (codes.length !== s.nodes.length) return;
		const touched = new Set();
		for (let i = 0; i < codes.length; i++) {
			if (all || codes[i] !== this.codes[i]) touched.add(this.owner[i]);
		}
		this.codes = codes.slice();
		const view = this.model.get("seconds");
		this.took = view?.byteLength === 4 * codes.length
			? Float32Array.from(codes, (_, i) => view.getFloat32(4 * i, true)) : null;
		for (const at of touched) this.paintBox(at);
		if (touched.size) this.flow();
		if (this.selected === null || !touched.has(this.selected)) return;
		if (this.member === null) this.dressChips();
		else this.details();
	}

	paintBox(at) {
		const box = this.structure.boxes[at];
		const shape = this.shapes[at];
		const counts = new Array(this.legend.length).fill(0);
		for (const index of box.members) counts[this.codes[index]]++;
		const look = this.legend[this.order.find((each) => counts[each])];
		if (shape.g.dataset.state !== look.word) {
			shape.g.dataset.state = look.word;
			shape.g.style.setProperty("--c", look.colour);
			shape.glyph.textContent = look.glyph;
		}
		let said = look.word;
		if (box.group) {
			const parts = this.order.filter((each) => counts[each])
				.map((each) => `${counts[each]} ${this.legend[each].word}`);
			while (parts.join(", ").length > 27 && parts.length > 1) parts.pop();
			said = parts.join(", ");
			this.stack(shape.stack, counts, shape.width);
		} else if (look.settled && this.took?.[box.members[0]]) {
			said += ` · ${duration(this.took[box.members[0]])}`;
		}
		shape.word.textContent = said;
		shape.g.setAttribute("aria-label", `${box.label}: ${box.group ? said : look.word}`);
	}

	/** A bar of one stripe for each state, the settled ones first. */
	stack(g, counts, width) {
		const total = counts.reduce((a, b) => a + b, 0);
		let x = 0;
		const stripes = [];
		for (const code of [...this.order].reverse()) {
			const w = width * counts[code] / total;
			const fill = this.legend[code].colour;
			if (w) stripes.push(make("rect", { x, width: w, height: 7, fill }));
			x += w;
		}
		g.replaceChildren(...stripes);
	}

	/** Arrows into what runs move; arrows at the selected box stand out. */
	flow() {
		this.structure.edges.forEach((edge, i) => {
			const classes = this.edges[i].classList;
			classes.toggle("ckpt-flow", this.shapes[edge.head].g.dataset.state === "running");
			classes.toggle("ckpt-near", this.selected === edge.tail || this.selected === edge.head);
		});
	}

	// -- counts, clock and buttons

	hearFacts() {
		/** @type {Facts} */
		const facts = this.model.get("facts");
		if (!facts?.counts) return;
		const before = this.facts?.outcome;
		this.facts = facts;
		// old facts, after a reload: the ping's answer sets the clock right
		this.skew += facts.now - this.now();
		if (facts.over && !this.open) this.ask("over");
		if (facts.outcome !== before) this.said = "";
		if (this.isRunning() && before && before !== "running") this.ping();
	}

	/** The kernel's time, in seconds. */
	now() { return performance.now() / 1000 + this.skew; }

	isOpen() { return this.open ?? this.facts?.mode !== "compact"; }

	busy() { return this.isRunning() ? "A run is under way" : ""; }

	isRunning() { return this.facts?.outcome === "running"; }

	tick() {
		if (!this.isRunning()) return;
		this.sayLine();
		for (const [index, started] of this.facts.running) {
			const shape = this.shapes?.[this.owner[index]];
			if (!shape || shape.box.group || shape.g.dataset.state !== "running") continue;
			shape.word.textContent = `running · ${duration(Math.max(0.1, this.now() - started))}`;
		}
	}

	sayLine() {
		const facts = this.facts;
		const since = this.isRunning() ? Math.max(0, this.now() - facts.now) : 0;
		const said = this.isOpen() ? facts.line.split(" · ")[0] : facts.line; // the key has the rest
		const took = facts.outcome && ` · ${duration(facts.elapsed + since)}`;
		this.line.textContent = said + took;
	}

	/** Bring what is round the graph up to date. */
	dress() {
		const facts = this.facts;
		if (!facts) return;
		const compact = facts.mode === "compact";
		const open = this.isOpen();
		const running = this.isRunning();
		const busy = this.busy();
		this.root.classList.toggle("ckpt-compact", compact && !open);
		this.body.hidden = !open;
		this.toggle.hidden = !compact;
		this.toggle.setAttribute("aria-expanded", String(open));
		this.runStale.hidden = this.clearAll.hidden = !open;
		this.sayLine();
		const looks = [...this.order].reverse().map((code) => this.legend[code])
			.filter((look) => facts.counts[look.word]);
		this.bar.replaceChildren(...looks.map((look) => make("i", {
			style: `flex:${facts.counts[look.word]};background:${look.colour}` })));
		this.key.replaceChildren(...looks.map((look) => make("span",
			{ class: "chip", style: `--c:${look.colour}` },
			mark(look), `${facts.counts[look.word]} ${look.word}`)));
		const left = looks.some((look) => !look.settled);
		this.allow(this.runStale, busy || (left ? "" : "Everything is fresh"));
		this.allow(this.cancel, running ? "" : "Nothing runs");
		this.allow(this.clearAll, busy || (this.settled() ? "" : "No results are stored"));
		if (this.clearAll.disabled) this.sure.replaceChildren();
		const deaf = running && this.deaf
			? "press ■: this front end cannot deliver clicks to a busy kernel"
			: "";
		this.notice.textContent = deaf || this.said || facts.message;
		this.notice.classList.toggle("ckpt-bad", !deaf && !this.said && !!facts.counts.failed);
		if (open && !this.scale) this.fit(SMALLEST);
		this.allowNode();
	}

	allow(button, why) {
		button.disabled = !!why;
		button.title = why;
	}

	/** How many results are there. */
	settled() {
		return this.legend.reduce((n, l) => n + (l.settled ? this.facts.counts[l.word] : 0), 0);
	}

	confirm() {
		const done = () => { this.sure.replaceChildren(); this.clearAll.focus(); };
		const yes = button(`Clear ${this.settled()} results`,
			() => { done(); this.ask("clear-all"); }, { class: "danger" });
		this.sure.replaceChildren(yes, button("Keep", done));
		yes.focus();
	}

	// -- asking the kernel

	ask(command, node = null, heard = null) {
		const id = `${this.name}-${++this.asked}`;
		this.waiting.set(id, heard ?? ((message) => {
			this.said = message.answer;
			this.dress();
		}));
		this.model.send({ id, command, node, structure: this.structure?.id });
	}

	ping() {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => { this.deaf = true; this.dress(); }, 1500);
		this.ask("ping", null, (message) => {
			clearTimeout(this.timer);
			this.deaf = false;
			this.skew += message.now - this.now();
			this.dress();
		});
	}

	// -- the selected node

	/** Select a box, or one node of a group. */
	select(at, member = null) {
		const old = this.shapes[this.selected]?.g;
		old?.classList.remove("ckpt-selected");
		this.selected = at;
		this.answer = "";
		if (at === null) {
			this.panel.replaceChildren();
			old?.focus();
		} else {
			const box = this.structure.boxes[at];
			this.shapes[at].g.classList.add("ckpt-selected");
			this.member = box.group ? member : box.members[0];
			if (this.member === null) this.showGroup();
			else this.details(true);
		}
		this.flow();
	}

	/** Ask for what the panel says; until it is there, say what is known. */
	details(fresh) {
		const { member } = this;
		if (fresh || this.deaf) {
			this.showNode({ label: this.structure.nodes[member],
				state: this.legend[this.codes[member]].word });
		}
		this.ask("details", member, ({ details }) => {
			if (details && this.selected !== null && member === this.member) this.showNode(details);
		});
	}

	showNode(d) {
		const look = this.legend.find((each) => each.word === d.state);
		const asks = (name, command) => button(name,
			() => this.ask(command, this.member, (message) => {
				this.answer = message.answer;
				this.told.replaceChildren(make("pre", {}, this.answer));
			}));
		const fact = (name, value) => value ? [make("dt", {}, name), make("dd", {}, value)] : [];
		this.nodeButtons = [asks("Run", "run"), asks("Clear", "clear"),
			asks("Clear with downstream", "clear-downstream"), asks("Why", "why")];
		this.told = make("div", { role: "status" }, this.answer ? make("pre", {}, this.answer) : "");
		const focus = this.panel.contains(document.activeElement)
			&& document.activeElement.textContent;
		this.panel.replaceChildren(
			this.title(d.label, make("span", { class: "chip", style: `--c:${look.colour}` },
				mark(look), look.word)),
			make("dl", {}, ...fact("reason", d.reason), ...fact("took", d.seconds && duration(d.seconds)),
				...fact("error", d.message)),
			...(d.traceback ? [make("pre", { tabindex: 0 }, d.traceback)] : []),
			div("tools", ...this.nodeButtons), this.told);
		this.allowNode();
		if (focus) this.nodeButtons.find((each) => each.textContent === focus)?.focus();
	}

	title(label, ...before) {
		return div("title", ...before, make("code", {}, label),
			button("×", () => this.select(null), { class: "close", "aria-label": "Close" }));
	}

	allowNode() {
		if (this.selected === null || this.member === null) return;
		const { word } = this.legend[this.codes[this.member]];
		const taken = ["running", "queued"].includes(word) ? `It is ${word}` : "";
		[this.busy(), taken, taken].forEach((why, i) => this.allow(this.nodeButtons[i], why));
	}

	showGroup() {
		const at = this.selected;
		const box = this.structure.boxes[at];
		const rank = (index) => this.legend[this.codes[index]].urgency;
		const first = [...box.members].sort((a, b) => rank(a) - rank(b)).slice(0, 60);
		const rest = box.members.length - first.length;
		this.chips = first.map((index) => [index, make("button",
			{ type: "button", class: "chip", click: () => this.select(at, index) })]);
		this.panel.replaceChildren(
			this.title(`${box.label} ×${box.members.length}`),
			div("members", ...this.chips.map(([, chip]) => chip), rest ? `and ${rest} more` : ""));
		this.dressChips();
	}

	dressChips() {
		for (const [index, chip] of this.chips) {
			const look = this.legend[this.codes[index]];
			chip.title = look.word;
			chip.style.setProperty("--c", look.colour);
			chip.replaceChildren(mark(look), this.structure.nodes[index]);
		}
	}

	// -- looking around

	/** Show all of it, or, where that would be too small to read, what is most urgent. */
	fit(least = 0) {
		const s = this.structure;
		const width = this.stage.clientWidth;
		if (!s?.boxes || !width) return;
		const pad = 14;
		const whole = Math.min(1, width / (s.width + 2 * pad), TALLEST / (s.height + 2 * pad));
		this.scale = Math.max(least, whole);
		this.height = Math.max(90, Math.min(TALLEST, (s.height + 2 * pad) * this.scale));
		this.svg.setAttribute("height", this.height);
		const first = this.order.map((code) => this.codes.indexOf(code)).find((at) => at >= 0);
		const [x, y, w, h] = s.boxes[this.owner[first]]?.box ?? [0, 0, 0, 0];
		const place = (all, seen, middle) => all + 2 * pad <= seen ? (all - seen) / 2
			: Math.max(-pad, Math.min(all + pad - seen, middle - seen / 2));
		this.x = place(s.width, width / this.scale, x + w / 2);
		this.y = place(s.height, this.height / this.scale, y + h / 2);
		this.moved = false;
		this.look();
	}

	look() {
		const w = this.stage.clientWidth / this.scale;
		this.svg.setAttribute("viewBox", `${this.x} ${this.y} ${w} ${this.height / this.scale}`);
	}

	zoom(by, atX = this.svg.clientWidth / 2, atY = this.height / 2) {
		const scale = Math.min(3, Math.max(0.05, this.scale * by));
		this.x += atX / this.scale - atX / scale;
		this.y += atY / this.scale - atY / scale;
		this.scale = scale;
		this.moved = true;
		this.look();
	}

	panZoom() {
		this.svg.addEventListener("wheel", (event) => {
			// the wheel scrolls the page until the graph has been clicked
			if (!event.ctrlKey && !event.metaKey && !this.stage.contains(document.activeElement)) return;
			event.preventDefault();
			const at = this.svg.getBoundingClientRect();
			this.zoom(Math.exp(-event.deltaY / 400), event.clientX - at.left, event.clientY - at.top);
		}, { passive: false });
		this.svg.addEventListener("pointerdown", (down) => {
			if (down.button) return;
			this.dragged = false;
			const { x, y } = this;
			const over = new AbortController();
			const on = (name, run) => window.addEventListener(name, run, { signal: over.signal });
			on("pointermove", (event) => {
				const [dx, dy] = [event.clientX - down.clientX, event.clientY - down.clientY];
				if (!this.dragged && Math.hypot(dx, dy) < 4) return;
				this.dragged = this.moved = true;
				this.x = x - dx / this.scale;
				this.y = y - dy / this.scale;
				this.look();
			});
			on("pointerup", () => over.abort());
			on("pointercancel", () => over.abort());
		});
	}
}

export default {
	render({ model, el }) {
		const view = new View(model, el);
		return () => view.close();
	},
};
