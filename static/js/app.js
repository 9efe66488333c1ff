// What every page can do: change theme, show the keyboard help, move by keys, retry a stream that never began.

const root = document.documentElement;
const help = document.getElementById("help");

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch { /* the choice then lasts as long as the page */ }
  dispatchEvent(new CustomEvent("themechange"));
}

const GO = { h: "/", r: "/runs", m: "/models", c: "/corpora", s: "/sets", e: "/experiments", j: "/jobs" };
let leader = 0;

function typing(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], [role=application]") !== null;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "?" && !help.open) help.showModal();
  else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search === null) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "g") leader = event.timeStamp;
  else if (event.timeStamp - leader < 1200 && event.key in GO) location.assign(GO[event.key]);
}

const STREAM = "[hx-sse\\:connect]";
const PATIENCE = 10_000; // milliseconds a stream may take to begin
const begun = new WeakSet();

function offerReload(stream) {
  const retry = stream?.querySelector("[data-retry]");
  if (retry) retry.hidden = false;
}

// A stream whose very first connection fails is not tried again by the extension.
function onRequestError(event) {
  offerReload(event.target instanceof Element ? event.target.closest(STREAM) : null);
}

// Nor does one begin whose script did not arrive.
function onPatienceOver() {
  for (const stream of document.querySelectorAll(STREAM)) if (!begun.has(stream)) offerReload(stream);
}

// What somebody unfolded stays so when the page is renewed around it.
let unfolded = [];

function rememberUnfolded() {
  unfolded = [...document.querySelectorAll("details[id][open]")].map((details) => details.id);
}

function unfoldAgain() {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
}

for (const [id, action] of [["theme", toggleTheme], ["help-open", () => help.showModal()]]) {
  const button = document.getElementById(id);
  button.hidden = false;
  button.addEventListener("click", action);
}
document.addEventListener("keydown", onKey);
document.addEventListener("htmx:error", onRequestError);
document.addEventListener("htmx:response:error", onRequestError); // it was answered, but not by a stream
document.addEventListener("htmx:before:swap", rememberUnfolded);
document.addEventListener("htmx:after:swap", unfoldAgain);
document.addEventListener("htmx:sse:after:connection", (event) => begun.add(event.target));
setTimeout(onPatienceOver, PATIENCE);
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-retry]")) location.reload();
});
