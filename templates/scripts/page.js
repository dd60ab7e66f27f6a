// The rest of the page: copying commands, light and dark, the map, where the reader is.
remembered();
buildControls();
buildReview();
explainKeys();
showDecisions();
showTarget();
addEventListener("hashchange", showTarget);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.setAttribute("aria-label", "copy the command");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1600);
  });
}

document.querySelector("#verdict > .tools").hidden = false;
document.getElementById("print").addEventListener("click", () => print());
const root = document.documentElement;
try { const kept = localStorage.getItem("auditor:theme"); if (kept) root.dataset.theme = kept; } catch { /* keeps nothing */ }
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("auditor:theme", root.dataset.theme); } catch { /* keeps nothing */ }
});

const map = document.getElementById("map-svg");
if (map) {
  document.getElementById("map-controls").hidden = false;
  for (const button of document.querySelectorAll("[data-map]")) button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-map]")) {
      const on = other === button;
      other.setAttribute("aria-pressed", String(on));
      map.classList.toggle(other.dataset.map, on);
      document.getElementById("legend-" + other.dataset.map).hidden = !on;
    }
  });
}

const entries = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.getAttribute("href").slice(1), link]));
const visibleParts = new Set();
const watcher = new IntersectionObserver((changes) => {
  for (const change of changes) change.isIntersecting ? visibleParts.add(change.target.id) : visibleParts.delete(change.target.id);
  const here = [...entries.keys()].find((id) => visibleParts.has(id));
  for (const [id, link] of entries) id === here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
}, { rootMargin: "-10% 0px -70% 0px" });
for (const id of entries.keys()) { const part = document.getElementById(id); if (part) watcher.observe(part); }

addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details:not([open], .pictures)")) { fold.dataset.folded = ""; fold.open = true; } });
addEventListener("afterprint", () => { for (const fold of document.querySelectorAll("details[data-folded]")) { fold.open = false; delete fold.dataset.folded; } });
