// Keep, drop or relabel each picture; the file that `auditor apply` reads.
const KEYS = { k: "keep", d: "drop", r: "relabel", t: "cannot-tell" };
const figures = [...document.querySelectorAll("figure[data-item]")];
const item = (figure) => audit.items[Number(figure.dataset.item)];

function buildReview() {
  for (const figure of figures) {
    const [path, label, split] = item(figure);
    figure.tabIndex = 0;
    figure.setAttribute("aria-label", `${shortText(path)}${label ? ", class " + shortText(label) : ""}${split ? ", " + split : ""}`);
    figure.setAttribute("aria-keyshortcuts", "K D R T");
    const buttons = make("div", { class: "decide" });
    for (const [key, decision] of Object.entries(KEYS)) {
      buttons.append(make("button", { type: "button", tabindex: "-1", "data-decision": decision, "aria-pressed": "false", "aria-label": `${key.toUpperCase()}: ${decision} ${shortText(path)}`, title: `${decision} (${key})` }, key.toUpperCase()));
    }
    figure.append(buttons);
  }
  for (const group of document.querySelectorAll(".set, .shown[data-suggested], .finding")) {
    const inside = [...group.querySelectorAll("figure[data-item]")];
    if (group.matches(".finding") && group.querySelector(".set, .shown[data-suggested]")) continue; // they have their own
    if (!inside.length || (group.matches(".shown") && inside.length < 2)) continue;
    const isSet = group.matches(".set");
    const bar = make("div", { class: "tools" });
    const offer = (text, changes) => {
      const button = make("button", { type: "button", class: "button" }, text);
      button.addEventListener("click", () => decide(changes()));
      bar.append(button);
    };
    const all = (decision) => () => [...new Set(inside.map((f) => item(f)[0]))].map((path) => [path, { decision }]);
    const looksLike = group.dataset.suggested ? JSON.parse(group.dataset.suggested) : "";
    if (looksLike) {
      offer("relabel all as " + shortText(looksLike), () => all("relabel")().map(([path, d]) => [path, { ...d, new_label: looksLike }]));
      offer("keep all", all("keep"));
    } else if (isSet) {
      offer("keep first, drop others", () => inside.map((f, i) => [item(f)[0], { decision: i ? "drop" : "keep" }]));
      offer("keep all", all("keep"));
    } else {
      offer("keep all shown", all("keep"));
      offer("drop all shown", all("drop"));
    }
    const holder = group.querySelector(":scope > .inside") || group;
    holder.insertBefore(bar, isSet ? null : holder.querySelector(":scope > .thresholds"));
  }
}

function explainKeys() {
  if (!figures.length) return;
  const text = make("p", { class: "soft small keys" });
  for (const [key, what] of [["K", "keep"], ["D", "drop"], ["R", "relabel"], ["T", "cannot tell"], ["U", "take back"], ["N", "next finding"], ["P", "previous finding"]]) text.append(make("kbd", {}, key), ` ${what}  `);
  text.append("– on the picture or finding that has the focus. What you decide stays in this browser until you save it for auditor apply.");
  list.before(text);
}

function choose(figure, decision) {
  const [path, label] = item(figure);
  const now = decisions.get(path);
  if (decision === "relabel") askLabel(figure, path, label);
  else decide([[path, now && now.decision === decision ? null : { decision }]]);
}

function askLabel(figure, path, label) {
  const dialog = make("dialog", { "aria-labelledby": "relabel-title" });
  const form = make("form", { method: "dialog" });
  const suggested = figure.closest("[data-suggested]");
  const input = make("input", { list: "relabel-classes", required: "", autocomplete: "off" });
  input.value = (decisions.get(path) || {}).new_label || (suggested ? JSON.parse(suggested.dataset.suggested) : "");
  const options = make("datalist", { id: "relabel-classes" });
  for (const name of audit.classes) options.append(make("option", { value: name }));
  const field = make("label", {}, `New class (now ${shortText(label) || "none"})`);
  field.append(input);
  const cancel = make("button", { type: "button", class: "button" }, "Cancel");
  cancel.addEventListener("click", () => dialog.close());
  form.append(make("h3", { id: "relabel-title" }, "Relabel " + shortText(path)), field, options, make("button", { class: "button", value: "ok" }, "Relabel"), " ", cancel);
  form.addEventListener("submit", () => { if (input.value) decide([[path, { decision: "relabel", new_label: input.value }]]); });
  dialog.append(form);
  dialog.addEventListener("close", () => { dialog.remove(); figure.focus(); });
  document.body.append(dialog);
  dialog.showModal();
  input.select();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".decide button");
  if (button) choose(button.closest("figure"), button.dataset.decision);
});

document.addEventListener("keydown", (event) => { // single keys act on the picture that has the focus, and on nothing else
  if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches("figure[data-item]")) return;
  if (KEYS[event.key.toLowerCase()]) { choose(event.target, KEYS[event.key.toLowerCase()]); event.preventDefault(); }
  if (event.key.toLowerCase() === "u") { undo(); event.preventDefault(); }
});

function showDecisions() {
  for (const figure of figures) {
    const now = decisions.get(item(figure)[0]);
    if (now) figure.dataset.decided = now.decision; else delete figure.dataset.decided;
    for (const button of figure.querySelectorAll(".decide button")) button.setAttribute("aria-pressed", String(Boolean(now) && button.dataset.decision === now.decision));
    let note = figure.querySelector(".decided");
    if (!now || now.decision !== "relabel") { if (note) note.remove(); continue; }
    if (!note) figure.querySelector("figcaption, .decide").after(note = make("div", { class: "decided" }));
    note.textContent = "→ " + shortText(now.new_label);
  }
  showBar();
}

function showBar() {
  let bar = document.querySelector(".review");
  if (!decisions.size && !undone.length) { if (bar) bar.remove(); return; }
  if (!bar) {
    bar = make("div", { class: "review", role: "region", "aria-label": "Your decisions" });
    bar.append(make("output", {}));
    for (const [text, act] of [["undo", undo], ["clear", () => decide([...decisions.keys()].map((path) => [path, null]))], ["save decisions.json", saveJson], ["save as CSV", saveCsv]]) {
      const button = make("button", { type: "button", class: "button" }, text);
      button.addEventListener("click", act);
      bar.append(button);
    }
    document.body.append(bar);
  }
  const counts = ["keep", "drop", "relabel", "cannot-tell"].map((d) => [d, [...decisions.values()].filter((x) => x.decision === d).length]).filter(([, n]) => n);
  bar.querySelector("output").textContent = counts.map(([d, n]) => (d === "cannot-tell" ? `${n} cannot tell` : `${n} to ${d}`)).join(", ") || "nothing decided";
}

function rows() {
  const facts = new Map(audit.items.map(([path, label, split]) => [path, { label, split }]));
  return [...decisions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, d]) => ({ path, ...(facts.get(path) || { label: "", split: "" }), decision: d.decision, new_label: d.new_label || "" }));
}

function saveJson() {
  const content = { schema: 1, kind: "auditor-decisions", fingerprint: audit.fingerprint, dataset: audit.name, auditor: audit.auditor, decisions: rows() };
  save("decisions.json", "application/json", JSON.stringify(content, null, 2) + "\n");
}

function saveCsv() {
  const guard = (text) => (/^'*[=+\-@\t\r]/.test(text) ? "'" + text : text);
  const cell = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  const table = [["path", "label", "split", "decision", "new_label", "fingerprint"], ...rows().map((r) => [r.path, r.label, r.split, r.decision, r.new_label, audit.fingerprint].map(guard))];
  save("decisions.csv", "text/csv", table.map((row) => row.map(cell).join(",")).join("\n") + "\n");
}

function save(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
