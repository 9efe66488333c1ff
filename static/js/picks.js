// Ticked neurons of the table: kept in the address, over sorting, filters and further rows.

const form = document.getElementById("picks");
const count = document.getElementById("picks-count");
const elsewhere = document.getElementById("picks-elsewhere");
const MOST = 1000; // as many as an address may hold
let chosen = inAddress();

function inAddress() {
  return new Set(new URLSearchParams(location.search).getAll("neurons"));
}

function boxes() {
  return document.querySelectorAll('#table input[form="picks"]');
}

function hidden(key) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "neurons", value: key });
  return field;
}

function withChosen(address) {
  const url = new URL(address, location.href);
  url.searchParams.delete("neurons");
  for (const key of chosen) url.searchParams.append("neurons", key);
  return url;
}

// Only the table's own pages carry the choice; files and neurons do not.
function isTable(url) {
  return url.origin === location.origin && (url.pathname === location.pathname || url.pathname === `${location.pathname}/rows`);
}

function show() {
  const here = new Set();
  for (const box of boxes()) {
    box.checked = chosen.has(box.value);
    here.add(box.value);
  }
  elsewhere.replaceChildren(...[...chosen].filter((key) => !here.has(key)).map(hidden));
  count.textContent = `${chosen.size.toLocaleString("en").replaceAll(",", "\u202f")} ${chosen.size === 1 ? "neuron" : "neurons"} chosen:`;
  form.hidden = chosen.size === 0;
}

function keep() {
  history.replaceState(history.state, "", withChosen(location.href));
  show();
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.getAttribute("form") !== "picks") return;
  if (box.checked && chosen.size < MOST) chosen.add(box.value);
  else chosen.delete(box.value);
  keep();
});
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("main a[href]") : null;
  if (link === null) return;
  if (link.id === "picks-clear") {
    event.preventDefault();
    chosen.clear();
    keep();
  } else if (isTable(new URL(link.href))) link.href = withChosen(link.href);
}, true);
document.addEventListener("submit", (event) => {
  if (!(event.target instanceof HTMLFormElement) || !event.target.matches(".filters")) return;
  for (const field of event.target.querySelectorAll('input[name="neurons"]')) field.remove();
  event.target.append(...[...chosen].map(hidden));
}, true);
document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  const url = new URL(request.action, location.href);
  if (isTable(url)) request.action = withChosen(url).href;
});
document.addEventListener("htmx:after:swap", show);
addEventListener("popstate", () => {
  chosen = inAddress();
  show();
});
show();
