// Filters, sorting and the keyboard of the list of findings.
const list = document.getElementById("finding-list");
const cards = [...list.querySelectorAll(":scope > .finding")];
const chosen = { severity: "", code: "", class: "", split: "", text: "", sort: "worst" };
const words = new Map(cards.map((card) => [card, card.textContent.replaceAll("\u00a0", " ").toLowerCase()]));
const values = (card, name) => JSON.parse(card.dataset[name]);

function fits(card) {
  return (!chosen.severity || card.dataset.severity === chosen.severity)
    && (!chosen.code || card.dataset.code === chosen.code)
    && (!chosen.class || values(card, "classes").includes(chosen.class))
    && (!chosen.split || values(card, "splits").includes(chosen.split))
    && (!chosen.text || words.get(card).includes(chosen.text));
}

const orders = {
  worst: () => 0,
  images: (a, b) => b.dataset.affected - a.dataset.affected,
  check: (a, b) => a.dataset.code.localeCompare(b.dataset.code),
};

function filter() {
  let shown = 0;
  for (const card of cards) {
    card.hidden = !fits(card);
    shown += !card.hidden;
  }
  for (const card of [...cards].sort(orders[chosen.sort])) list.append(card);
  const all = shown === cards.length;
  document.getElementById("found").textContent = all ? `${shown} findings` : `${shown} of ${cards.length} findings`;
  for (const chip of document.querySelectorAll("[data-severity-chip]")) chip.setAttribute("aria-pressed", String(chip.dataset.severityChip === chosen.severity));
}

function choice(name, label, options, all) {
  const select = make("select", { id: "filter-" + name });
  if (all) select.append(make("option", { value: "" }, all));
  for (const [value, text] of options) select.append(make("option", { value }, text));
  select.addEventListener("change", () => { chosen[name] = select.value; filter(); });
  const whole = make("label", { for: "filter-" + name }, label + " ");
  whole.append(select);
  return whole;
}

function chip(value, text) {
  const button = make("button", { type: "button", class: "button chip", "data-severity-chip": value, "aria-pressed": String(!value) }, text);
  button.addEventListener("click", () => { chosen.severity = value; filter(); });
  return button;
}

function distinct(read) {
  return [...new Set(cards.flatMap(read))].sort((a, b) => a.localeCompare(b));
}

const shortText = (text) => (text.length > 40 ? text.slice(0, 39) + "…" : text).replace(/[\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "␦");

function buildControls() {
  const controls = document.getElementById("controls");
  if (cards.length < 2) return;
  controls.append(chip("", `all ${cards.length}`));
  for (const level of ["error", "warning", "undecided", "info"]) {
    const n = cards.filter((card) => card.dataset.severity === level).length;
    if (n) controls.append(chip(level, `${level} ${n}`));
  }
  const named = (names) => names.map((name) => [name, shortText(name)]);
  const codes = distinct((card) => [card.dataset.code]), classes = distinct((card) => values(card, "classes")), splits = distinct((card) => values(card, "splits"));
  if (codes.length > 1) controls.append(choice("code", "Check", named(codes), "all"));
  if (classes.length > 1) controls.append(choice("class", "Class", named(classes.slice(0, 500)), "all"));
  if (splits.length > 1) controls.append(choice("split", "Split", named(splits), "all"));
  controls.append(choice("sort", "Sort", [["worst", "worst first"], ["images", "most images"], ["check", "by check"]]));
  const search = make("input", { type: "search", id: "filter-text", "aria-label": "Search the findings", placeholder: "search" });
  search.addEventListener("input", () => { chosen.text = search.value.trim().toLowerCase(); filter(); });
  controls.append(search);
  controls.hidden = false;
  document.getElementById("found").hidden = false;
  filter();
}

function showTarget() { // a link must not lead to something that a filter hides or a fold covers
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.closest("[hidden]")) {
    Object.assign(chosen, { severity: "", code: "", class: "", split: "", text: "" });
    for (const control of document.querySelectorAll("#controls select:not(#filter-sort), #filter-text")) control.value = "";
    filter();
  }
  const own = target.querySelector(":scope > details");
  if (own && !target.closest("details")) own.open = true;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
}

list.addEventListener("keydown", (event) => { // n and p go to the next and previous finding, while one has the focus
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const step = { n: 1, p: -1 }[event.key];
  const shown = [...list.children].filter((card) => !card.hidden && card.matches(".finding"));
  const next = step && shown[shown.indexOf(event.target.closest(".finding")) + step];
  if (next) { next.querySelector("summary").focus(); event.preventDefault(); }
});
