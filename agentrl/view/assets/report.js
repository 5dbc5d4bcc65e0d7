"use strict";
// Everything that agents and worlds said reaches the page through textContent alone.

const CHUNK = 200; // rows made at a time: a table of thousands would take seconds to lay out
const LONG = 2000; // characters of a text from which on it is shown folded
const LINES = 24;
const NOTHING = "–";

const byId = (id) => document.getElementById(id);
const index = JSON.parse(byId("index").textContent);
index.forEach((row, number) => { row.number = number; });

function make(tag, props = {}, ...children) {
  const { dataset, aria, style, ...rest } = props;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [key, value] of Object.entries(aria || {})) element.setAttribute("aria-" + key, value);
  for (const [key, value] of Object.entries(style || {})) element.style.setProperty(key, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

// ---- numbers as the rest of the report writes them

const isNumber = (value) => typeof value === "number";
const trimmed = (value, digits) => String(Number(value.toFixed(digits))).replace("-", "−");
const number = (value, digits = 3) => (isNumber(value) ? trimmed(value, digits) : NOTHING);
const usd = (value) => (value ? "$" + value.toFixed(value >= 1 ? 2 : 4) : "$0");
const seconds = (value) => value.toFixed(value < 10 ? 2 : 1) + " s";

function result(row) {
  if (!isNumber(row.success)) return make("span", { className: "none" }, NOTHING);
  if (row.success >= 1) return make("span", { className: "yes" }, "✓ yes");
  if (row.success <= 0) return make("span", { className: "no" }, "✗ no");
  return make("span", { className: "part" }, number(row.success, 2));
}

const status = (row) => make("span", { className: "status " + row.status }, row.status.replace("_", " "));

// ---- the list

function taskCell(row) {
  const link = make("a", { href: "#episode-" + row.number }, row.task);
  const below = [row.group, row.error].filter(Boolean).join(" · ");
  return below ? [link, make("small", {}, below)] : [link];
}

const COLUMNS = [
  { key: "number", name: "#", cell: (row) => [String(row.number + 1)] },
  { key: "task", name: "task", text: true, cell: taskCell },
  { key: "attempt", name: "attempt", cell: (row) => [String(row.attempt + 1)] },
  { key: "status", name: "status", text: true, cell: (row) => [status(row)] },
  { key: "success", name: "success", text: true, cell: (row) => [result(row)] },
  { key: "reward", name: "reward", cell: (row) => [number(row.reward, 2)] },
  { key: "turns", name: "turns", cell: (row) => [String(row.turns)] },
  { key: "cost", name: "cost", cell: (row) => [usd(row.cost)] },
].filter(({ key }) => !["attempt", "cost"].includes(key) || index.some((row) => row[key] > 0));

const order = { key: "number", down: false };
let shown = index;
let made = 0;
let open = null;

function makeHead() {
  const head = document.querySelector("#episodes thead tr");
  for (const column of COLUMNS) {
    const button = make("button", { type: "button" }, column.name);
    button.addEventListener("click", () => {
      order.down = order.key === column.key && !order.down;
      order.key = column.key;
      refresh();
    });
    const cell = make("th", { scope: "col", className: column.text ? "text" : "" }, button);
    cell.dataset.key = column.key;
    head.append(cell);
  }
}

function markOrder() {
  for (const cell of document.querySelectorAll("#episodes th")) {
    const column = COLUMNS.find(({ key }) => key === cell.dataset.key);
    const sorted = cell.dataset.key === order.key;
    cell.firstChild.textContent = column.name + (sorted ? (order.down ? " ↓" : " ↑") : "");
    if (sorted) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

const compareText = new Intl.Collator(undefined, { numeric: true }).compare;

function compare(a, b) {
  const x = a[order.key], y = b[order.key];
  const lacks = (x === null) - (y === null); // what has no value stands last either way
  if (lacks || x === null) return lacks || a.number - b.number;
  const difference = typeof x === "string" ? compareText(x, y) : x - y;
  return (order.down ? -difference : difference) || a.number - b.number;
}

function matches(row, words, wanted, success) {
  if (wanted && row.status !== wanted) return false;
  const scored = isNumber(row.success);
  if (success === "none" && scored) return false;
  if (success === "yes" && !(scored && row.success >= 0.5)) return false;
  if (success === "no" && !(scored && row.success < 0.5)) return false;
  const text = [row.task, row.group, row.id, row.status, row.stop, row.error].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function refresh() {
  const words = byId("filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = byId("filter-status").value, success = byId("filter-success").value;
  shown = index.filter((row) => matches(row, words, wanted, success)).sort(compare);
  byId("shown").textContent = shown.length === index.length ? "" : `${shown.length} of ${index.length}`;
  document.querySelector("#episodes tbody").replaceChildren();
  made = 0;
  makeRows();
  markOrder();
}

function makeRows() {
  const body = document.querySelector("#episodes tbody");
  for (const row of shown.slice(made, made + CHUNK)) {
    const cells = COLUMNS.map((column) =>
      make("td", { className: (column.text ? "text " : "") + "col-" + column.key }, ...column.cell(row)));
    const line = make("tr", row.number === open ? { aria: { current: true } } : {}, ...cells);
    line.dataset.number = row.number;
    line.addEventListener("click", (event) => {
      event.preventDefault();
      location.hash = "episode-" + row.number;
    });
    body.append(line);
  }
  made = Math.min(made + CHUNK, shown.length);
  const left = shown.length - made;
  byId("more").hidden = left === 0;
  byId("more").textContent = `Show ${Math.min(CHUNK, left)} of ${left} more`;
}

function markOpen() {
  while (shown.findIndex((row) => row.number === open) >= made) makeRows();
  for (const line of document.querySelectorAll("#episodes tbody tr")) {
    line.removeAttribute("aria-current");
    if (Number(line.dataset.number) !== open) continue;
    line.setAttribute("aria-current", true);
    line.scrollIntoView({ block: "nearest" });
  }
}

// ---- one episode

function longText(text, className) {
  const block = make("pre", { className });
  block.textContent = text === "" ? "(empty)" : text;
  const lines = text.split("\n").length;
  if (text.length <= LONG && lines <= LINES) return [block];
  block.classList.add("folded");
  const unfold = make("button", { type: "button", className: "unfold", aria: { expanded: false } },
    `Show all ${lines} lines`);
  unfold.addEventListener("click", () => {
    const folded = block.classList.toggle("folded");
    unfold.setAttribute("aria-expanded", !folded);
    unfold.textContent = folded ? `Show all ${lines} lines` : "Fold";
  });
  return [block, unfold];
}

const partName = (name, note = "") =>
  make("div", { className: "part-name" }, name, note && make("span", {}, note));

function chip(key, value, className) {
  return make("li", { className }, make("span", { className: "key" }, key + " "), number(value));
}

function chips(turn) {
  const list = make("ul", { className: "chips", aria: { label: "Signals and rewards" } });
  for (const [key, value] of Object.entries(turn.signals)) {
    list.append(chip(key, value, key === "format_ok" && value < 1 ? "fault" : ""));
  }
  for (const [key, value] of Object.entries(turn.terms)) {
    list.append(chip("reward " + key, value, value > 0 ? "gain" : value < 0 ? "fault" : ""));
  }
  if (turn.env_reward) list.append(chip("environment's reward", turn.env_reward, ""));
  return list.children.length ? [list] : [];
}

function tokenStrip(answer) {
  if (!answer.logprobs || !answer.logprobs.length) return [];
  const strip = make("div", { className: "tokens", role: "img", aria: {
    label: "Probability of each sampled token; a darker cell was less likely" } });
  answer.logprobs.forEach((logprob, at) => {
    const chance = Math.exp(logprob);
    const choices = answer.allowed && answer.allowed[at];
    const title = `token ${answer.token_ids ? answer.token_ids[at] : at}: probability ` +
      `${(100 * chance).toFixed(1)}%, logprob ${number(logprob)}` +
      (choices ? `, of ${choices} allowed` : "");
    strip.append(make("i", { title, style: { "--doubt": (1 - chance).toFixed(3) } }));
  });
  return [strip];
}

function answerParts(answer, turn) {
  const [prompt, completion, cached] = answer.tokens;
  const note = [`${prompt} prompt${cached ? ` (${cached} cached)` : ""} + ${completion} tokens`,
    answer.finish === "stop" ? "" : `ended by ${answer.finish}`, seconds(answer.seconds),
    answer.cost ? usd(answer.cost) : ""].filter(Boolean).join(" · ");
  const repeats = turn.answers.length === 1 && answer.text === turn.action;
  const text = repeats ? [] : longText(answer.text, "answer");
  return [partName(`answer of ${answer.model}` + (repeats ? ", taken whole as the action" : ""), note),
    ...text, ...tokenStrip(answer)];
}

const reward = (turn) => Object.values(turn.terms).reduce((sum, value) => sum + value, 0);

function turnCard(turn, at) {
  const gained = Object.keys(turn.terms).length ? `reward ${number(reward(turn))} · ` : "";
  return make("section", { className: "turn", id: "turn-" + at, tabIndex: -1 },
    make("h2", {}, `Turn ${at + 1}`, make("small", {}, gained + seconds(turn.seconds))),
    partName("observation"), ...longText(turn.observation, "observation"),
    ...turn.answers.flatMap((answer) => answerParts(answer, turn)),
    partName("action"), ...longText(turn.action, "action"), ...chips(turn));
}

// ---- where the reward of an episode came from

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 8;
const terms = JSON.parse(byId("terms").textContent); // of all episodes, so that colours stay
const colour = (name) => terms.indexOf(name) % COLOURS;

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const titled = (element, text) => { element.prepend(draw("title", {}, text)); return element; };
const sign = (value) => (value > 0 ? "+" : "") + number(value);

// One column a turn: what is above zero stands on the axis, what is below hangs from it.
function stacks(turns) {
  return turns.map((turn) => {
    let above = 0, below = 0;
    const parts = terms.filter((name) => turn.terms[name]).map((name) => {
      const value = turn.terms[name], from = value > 0 ? above : below;
      if (value > 0) above += value; else below += value;
      return { name, value, low: Math.min(from, from + value), high: Math.max(from, from + value) };
    });
    return { parts, above, below };
  });
}

function rewardPlot(turns) {
  const columns = stacks(turns), height = 180, left = 48, top = 8, bottom = height - 22;
  const width = Math.max(460, left + 8 + 7 * turns.length);
  const high = Math.max(0, ...columns.map((c) => c.above)), low = Math.min(0, ...columns.map((c) => c.below));
  const span = high - low || 1;
  const y = (value) => top + (bottom - top) * (high - value) / span;
  const step = Math.min((width - left - 8) / turns.length, 40);
  const parts = [...new Set([high, 0, low])].flatMap((value) => [
    draw("line", { class: value === 0 ? "zero" : "grid", x1: left, x2: width - 8, y1: y(value), y2: y(value) }),
    draw("text", { class: "tick end", x: left - 6, y: y(value) + 4 }, number(value))]);
  const every = Math.ceil(turns.length / 20);
  columns.forEach((column, at) => {
    const x = left + at * step;
    for (const part of column.parts) {
      parts.push(titled(draw("rect", { class: "t" + colour(part.name), x: x + step * 0.1, y: y(part.high),
        width: step * 0.8, height: Math.max(y(part.low) - y(part.high), 0.5) }),
      `turn ${at + 1}, ${part.name}: ${sign(part.value)}`));
    }
    if (at % every === 0) parts.push(draw("text", { class: "tick", x: x + step / 2, y: height - 6 }, String(at + 1)));
  });
  const said = terms.filter((name) => turns.some((turn) => name in turn.terms))
    .map((name) => `${name} ${sign(turns.reduce((sum, turn) => sum + (turn.terms[name] || 0), 0))}`);
  const plot = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Reward by turn, stacked by term. In all: ${said.join(", ")}` }, ...parts);
  if (width > 460) plot.style.minWidth = width + "px";
  return plot;
}

function rewardTable(turns, names) {
  const cells = (tag, values) => values.map((value) => make(tag, tag === "th" ? { scope: "col" } : {}, value));
  const rows = turns.map((turn, at) => [turn, at]).filter(([turn]) => Object.keys(turn.terms).length)
    .map(([turn, at]) => make("tr", {}, ...cells("td", [String(at + 1),
      ...names.map((name) => (name in turn.terms ? number(turn.terms[name]) : NOTHING)), number(reward(turn))])));
  const sums = names.map((name) => number(turns.reduce((sum, turn) => sum + (turn.terms[name] || 0), 0)));
  const all = number(turns.reduce((sum, turn) => sum + reward(turn), 0));
  return make("details", {}, make("summary", {}, "Numbers"), make("div", { className: "scroll", tabIndex: 0 },
    make("table", { className: "stages" },
      make("thead", {}, make("tr", {}, ...cells("th", ["turn", ...names, "reward"]))),
      make("tbody", {}, ...rows, make("tr", { className: "all" }, ...cells("td", ["all", ...sums, all]))))));
}

function rewardFigure(turns) {
  const names = terms.filter((name) => turns.some((turn) => name in turn.terms));
  if (!names.length) return [];
  const keys = names.map((name) => make("li", { className: "k" + colour(name) }, name));
  return [make("figure", { className: "rewards" },
    make("figcaption", {}, "Reward by turn", make("ul", { className: "legend" }, ...keys)),
    make("div", { className: "canvas" }, rewardPlot(turns)), rewardTable(turns, names))];
}

function gateList(gates) {
  if (!gates.length) return [];
  return [make("ul", { className: "gates", aria: { label: "Gates of the reward" } }, ...gates.map(([name, isOpen, why]) =>
    make("li", {}, make("span", { className: "mark " + (isOpen ? "yes" : "no") }, isOpen ? "✓ open" : "✗ closed"),
      make("b", {}, name), make("span", { className: "why" }, why))))];
}

function strip(turns) {
  const links = turns.map((turn, at) => {
    const kind = reward(turn) > 0 ? "gain" : turn.signals.format_ok === 0 ? "fault" : "";
    const link = make("a", { className: kind, href: "#", title: kind === "gain" ? "earned a reward"
      : kind === "fault" ? "not understood" : "" }, String(at + 1));
    link.addEventListener("click", (event) => {
      event.preventDefault();
      byId("turn-" + at).scrollIntoView();
      byId("turn-" + at).focus({ preventScroll: true });
    });
    return link;
  });
  return make("nav", { className: "turns-strip", aria: { label: "Turns" } }, ...links);
}

function facts(row, episode) {
  const pairs = [["success", row.success], ["score", row.score], ["reward", row.reward]];
  for (const [key, value] of Object.entries(episode ? episode.outcome : {})) {
    if (key !== "success" && key !== "score") pairs.push([key, value]);
  }
  const texts = pairs.filter(([, value]) => isNumber(value)).map(([key, value]) => [key, number(value)]);
  texts.push(["turns", row.turns], ["time", seconds(row.seconds)]);
  if (row.tokens) texts.push(["tokens", row.tokens], ["cost", usd(row.cost)]);
  texts.push(["stopped by", row.stop.replaceAll("_", " ")]);
  if (episode) {
    texts.push(["seed", episode.seed]);
    if (episode.tries > 1) texts.push(["begun", `${episode.tries} times`]);
    if (episode.weights) texts.push(["weights version", episode.weights]);
  }
  return make("ul", { className: "facts" }, ...texts.map(([key, value]) =>
    make("li", {}, key + " ", make("b", {}, String(value)))));
}

function stepButton(name, step) {
  const button = make("button", { type: "button", disabled: neighbour(step) === null }, name);
  button.addEventListener("click", () => go(step));
  return button;
}

function head(row) {
  const name = row.task + (index.some(({ attempt }) => attempt > 0) ? `, attempt ${row.attempt + 1}` : "");
  return make("div", { className: "episode-head" }, make("h1", {}, name), status(row), result(row),
    stepButton("← previous", -1), stepButton("next →", 1));
}

function show(at) {
  const row = index[at], block = byId("episode-" + at);
  const episode = block && JSON.parse(block.textContent);
  open = at;
  const parts = [head(row), facts(row, episode)];
  if (!episode) {
    parts.push(make("p", { className: "hint" },
      `The turns of this episode are not in this page, which would become too large to open. They are in episodes.jsonl, in the line that holds the id ${row.id}.`));
  } else {
    if (episode.error) parts.push(make("div", { className: "error" }, make("b", {}, episode.error[0] + ": "), episode.error[1]));
    parts.push(...gateList(episode.gates), ...rewardFigure(episode.turns));
    if (episode.turns.length > 1) parts.push(strip(episode.turns));
    parts.push(...episode.turns.map(turnCard));
    if (episode.final) parts.push(make("section", { className: "turn" },
      make("h2", {}, "Final observation"), ...longText(episode.final, "observation")));
  }
  byId("episode").replaceChildren(...parts);
  byId("episode").scrollTop = 0;
  markOpen();
}

function neighbour(step) {
  const at = shown.findIndex((row) => row.number === open);
  const next = shown[at < 0 ? 0 : at + step];
  return next ? next.number : null;
}

function go(step) {
  const next = neighbour(step);
  if (next !== null) location.hash = "episode-" + next;
}

// ---- the views

function route() {
  const target = decodeURIComponent(location.hash.slice(1)) || "overview";
  const episode = /^episode-(\d+)$/.exec(target);
  const view = episode ? "episodes" : ["episodes", "suite"].includes(target) ? target : "overview";
  for (const name of ["overview", "episodes", "suite"]) byId("view-" + name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (episode && index[Number(episode[1])]) show(Number(episode[1]));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (byId("view-episodes").hidden) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "/") { event.preventDefault(); byId("filter-text").focus(); }
});

for (const name of [...new Set(index.map((row) => row.status))]) {
  byId("filter-status").append(make("option", { value: name }, name.replace("_", " ")));
}
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".filters").addEventListener("input", refresh);
byId("more").addEventListener("click", makeRows);
window.addEventListener("hashchange", route);
makeHead();
refresh();
route();
