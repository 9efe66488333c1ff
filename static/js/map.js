// The map's page: keeps address, slider, legend, point and selection in step with <galaxy-map>.

import { read, written } from "./map/geometry.js";
import { GalaxyMap } from "./map/element.js";

const byId = (id) => document.getElementById(id);
let map, slider, tip, levels, playing = 0, hovering = 0;
const seen = new Map(); // fragments of points, by address

// --- the address ---------------------------------------------------------------------------------------------------

function address(changes, path = location.pathname) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) value === null ? query.delete(key) : query.set(key, value);
  const written = query.toString();
  return path + (written ? `?${written}` : "");
}

function go(changes, push = false) {
  history[push ? "pushState" : "replaceState"](null, "", address({ page: null, ...changes }));
  syncLinks();
}

// Links to files and other views carry what the page shows now; each keeps the keys that are its own business.
function syncLinks() {
  const now = new URLSearchParams(location.search);
  for (const link of document.querySelectorAll("a[data-keep]")) {
    const url = new URL(link.href);
    for (const key of ["level", "sel", "hl"]) {
      if (key === "hl" && url.searchParams.get("colour") !== now.get("colour")) continue;
      now.has(key) ? url.searchParams.set(key, now.get(key)) : url.searchParams.delete(key);
    }
    link.href = url;
  }
  for (const link of document.querySelectorAll("[data-level-link]")) link.href = link.dataset.levelLink.replace("{}", slider.value);
}

async function fragment(path, changes = {}) {
  const answer = await fetch(address({ page: null, ...changes }, `${map.base}/${path}`));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.ok) return [...page.body.childNodes];
  const said = document.createElement("p");
  said.className = "notice bad";
  said.textContent = page.querySelector("main p, main h1")?.textContent ?? `The server answered ${answer.status}.`;
  return [said];
}

// --- level -----------------------------------------------------------------------------------------------------------

const nearestLevel = (value) => levels.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best));
const levelWords = (level) => (level === 0 ? "embeddings" : `output of layer ${level - 1}`);

function sayLevel(level) {
  slider.value = level;
  byId("level-number").value = level;
  byId("level-words").textContent = levelWords(level);
  slider.setAttribute("aria-valuetext", `level ${level}, ${levelWords(level)}`);
  map.setAttribute("aria-label", map.getAttribute("aria-label")?.replace(/level \d+/, `level ${level}`) ?? "");
  for (const one of document.querySelectorAll("[data-values]")) {
    one.textContent = Number(one.dataset.values.split(" ")[level]).toPrecision(3).replace("-", "−");
  }
  for (const link of document.querySelectorAll("[data-step]")) {
    const next = levels.indexOf(level) + Number(link.dataset.step);
    const there = next >= 0 && next < levels.length;
    there ? link.setAttribute("href", address({ level: levels[next], page: null })) : link.removeAttribute("href");
    there ? link.removeAttribute("aria-disabled") : link.setAttribute("aria-disabled", "true");
  }
}

function drag(value) {
  const level = nearestLevel(Number(value));
  sayLevel(level);
  hideTip();
  if (!map.broken) map.show(level).catch((error) => toast(`Level ${level} could not be loaded: ${error.message}.`));
}

async function keepLevel() {
  go({ level: slider.value });
  if (map.broken) {
    const picture = map.querySelector("img");
    if (picture) picture.src = address({ page: null, point: null }, `${map.base}.png`);
  }
  byId("caption").replaceChildren(...(await fragment("caption")));
  if (map.focused >= 0 && new URLSearchParams(location.search).has("point")) showPoint(map.focused, false);
}

function stepLevel(by) {
  const next = levels[levels.indexOf(Number(slider.value)) + by];
  if (next === undefined) return false;
  drag(next);
  keepLevel();
  return true;
}

function play(on) {
  clearInterval(playing);
  playing = on ? setInterval(() => { if (!stepLevel(1)) play(false); }, 1000) : 0;
  const button = byId("play");
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? "❚❚ Pause" : "▶ Play";
}

// --- legend ----------------------------------------------------------------------------------------------------------

function toggle(item, alone) {
  const items = [...document.querySelectorAll("#legend [data-key]")];
  const lit = (one) => one.getAttribute("aria-pressed") === "true";
  const isAlone = lit(item) && items.every((one) => one === item || !lit(one));
  for (const one of items) {
    const on = alone ? isAlone || one === item : one === item ? !lit(one) : lit(one);
    one.dataset.next = String(on);
  }
  light(items.filter((one) => one.dataset.next === "true").map((one) => one.dataset.key));
}

function light(keys) {
  const items = [...document.querySelectorAll("#legend [data-key]")];
  for (const one of items) one.setAttribute("aria-pressed", String(keys === null || keys.includes(one.dataset.key)));
  const all = keys === null || keys.length === items.length;
  document.getElementById("all-entries").hidden = all;
  go({ hl: all ? null : keys.join(".") });
  map.recolour();
  if (map.lasso) showSelection();
}

// --- points and selection ----------------------------------------------------------------------------------------------

function hideTip() {
  clearTimeout(hovering);
  tip.hidden = true;
}

function onHover({ detail: { point, at } }) {
  hideTip();
  if (point < 0) return;
  hovering = setTimeout(async () => {
    const key = `${map.level}/${point}`;
    if (!seen.has(key)) seen.set(key, await fragment(`point/${point}`, { level: map.level, method: map.method, point: null }));
    if (seen.size > 500) seen.delete(seen.keys().next().value);
    tip.replaceChildren(...seen.get(key).map((node) => node.cloneNode(true)));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(map.camera.width - box.width - 4, at[0] + 14))}px`;
    tip.style.top = `${at[1] + 18 + box.height > map.camera.height ? Math.max(4, at[1] - box.height - 12) : at[1] + 18}px`;
  }, 60);
}

async function showPoint(point, push = true) {
  hideTip();
  if (push) go({ point }, true);
  map.focusOn(point);
  byId("point").replaceChildren(...(await fragment(`point/${point}`)));
}

async function showSelection(page = null) {
  const box = byId("selection");
  box.setAttribute("aria-busy", "true");
  box.replaceChildren(...(await fragment("selection", { page })));
  box.removeAttribute("aria-busy");
}

function setLasso(lasso, push = true) {
  if (push) go({ sel: lasso ? written(lasso) : null }, true);
  map.select(lasso);
  showSelection();
}

function clearAll() {
  hideTip();
  map.focusOn(-1);
  const query = new URLSearchParams(location.search);
  if (query.has("sel")) setLasso(null);
  if (query.has("point")) {
    go({ point: null }, true);
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "Choose a point to see its sentence, translations and neighbours.";
    byId("point").replaceChildren(empty);
  }
}

function toast(words) {
  const said = document.createElement("p");
  said.className = "notice bad";
  said.textContent = words;
  byId("toast").replaceChildren(said);
}

async function savePicture() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await map.picture());
  link.download = `map-${map.method}-level${map.level}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function lassoMode(on) {
  map.lassoMode = on;
  map.classList.toggle("lassoing", on);
  document.querySelector('[data-do="lasso"]').setAttribute("aria-pressed", String(on));
}

// --- wiring ------------------------------------------------------------------------------------------------------------

function onClick(event) {
  const link = event.target instanceof Element ? event.target.closest("a, button") : null;
  if (link === null || event.ctrlKey || event.metaKey || (event.shiftKey && link.href)) return;
  if (link.matches("#legend [data-key]")) toggle(link, event.altKey);
  else if (link.matches("#all-entries a")) light(null);
  else if (link.dataset.step) stepLevel(Number(link.dataset.step));
  else if (link.dataset.point && !map.broken) showPoint(Number(link.dataset.point));
  else if (link.dataset.page) { go({ page: link.dataset.page }, true); showSelection(link.dataset.page); }
  else if ("clear" in link.dataset && !map.broken) setLasso(null);
  else return;
  event.preventDefault();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=range]), textarea, select, dialog")) return;
  if (event.key === "[" || event.key === "]") stepLevel(event.key === "]" ? 1 : -1);
  else if (event.key === " " && event.target.matches?.("#legend [data-key]")) toggle(event.target, event.altKey);
  else return;
  event.preventDefault();
}

// Back and forward: what differs from the address is shown again.
function onPop() {
  const query = new URLSearchParams(location.search);
  if (["method", "colour", "hl", "overlay"].some((key) => query.get(key) !== began.get(key))) return void location.reload();
  const level = query.has("level") ? Number(query.get("level")) : Number(map.dataset.level);
  if (level !== Number(slider.value)) drag(level);
  setLasso(query.has("sel") ? read(query.get("sel")) : null, false);
  query.has("point") ? showPoint(Number(query.get("point")), false) : map.focusOn(-1);
}
const began = new URLSearchParams(location.search);

function start() {
  customElements.define("galaxy-map", GalaxyMap);
  map = byId("map");
  slider = byId("level");
  levels = map.dataset.levels.split(" ").map(Number);
  tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  const tools = { lasso: () => lassoMode(!map.lassoMode), in: () => map.zoomAt(null, 1.4), out: () => map.zoomAt(null, 1 / 1.4),
    fit: () => map.fit(), reset: () => map.reset(), png: savePicture };
  slider.addEventListener("input", () => drag(slider.value));
  slider.addEventListener("change", keepLevel);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  addEventListener("popstate", onPop);
  byId("overlay")?.addEventListener("change", ({ target: { value, selectedOptions: [one] } }) =>
    location.assign(address(value ? { overlay: value, method: one.dataset.method, page: null } : { overlay: null, page: null })));
  byId("play").hidden = false;
  byId("play").addEventListener("click", () => play(playing === 0));
  syncLinks();
  if (map.broken) return;
  map.append(tip);
  byId("map-tools").hidden = false;
  for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => tools[button.dataset.do]());
  map.addEventListener("map-hover", onHover);
  map.addEventListener("map-pick", ({ detail }) => showPoint(detail.point));
  map.addEventListener("map-lasso", ({ detail }) => { lassoMode(false); setLasso(detail.lasso); });
  map.addEventListener("map-clear", clearAll);
  map.addEventListener("map-failed", () => { byId("map-tools").hidden = true; });
  addEventListener("themechange", () => map.recolour());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.recolour());
  map.ready.then(() => {
    if (map.broken) return;
    if (map.dataset.sel) map.select(read(map.dataset.sel));
    if (map.dataset.point) map.focusOn(Number(map.dataset.point));
  });
}

start();
