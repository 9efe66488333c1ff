// Tokens of a comparison: hover or step with the arrow keys to see one, click to keep it in the address.
// Listens on the document, because a page that watched the writing gets the finished comparison put into it.

const known = new Map();
let pinned = asked();
let shown = pinned;
let wait = 0;

function bench() {
  return document.getElementById("bench");
}

function tokens() {
  return Number(bench()?.dataset.tokens ?? 0);
}

function asked() {
  const place = new URLSearchParams(location.search).get("token");
  return place !== null && /^\d+$/.test(place) && Number(place) < tokens() ? Number(place) : null;
}

function covers(element, place) {
  const first = Number(element.dataset.token);
  return first <= place && place <= Number(element.dataset.last ?? first);
}

function mark(place) {
  for (const element of bench().querySelectorAll(".here")) element.classList.remove("here");
  if (place === null) return;
  for (const element of bench().querySelectorAll("[data-token]")) {
    if (covers(element, place)) element.classList.add("here");
  }
}

// The fragment of a token: what a page with ?token= shows, so that both are the same.
function fragment(place) {
  const query = new URLSearchParams(location.search);
  query.delete("token");
  const address = `/comparisons/${bench().dataset.comparison}/tokens/${place}?${query}`;
  if (!known.has(address)) {
    known.set(address, fetch(address).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status))));
    known.get(address).catch(() => known.delete(address));
  }
  return known.get(address);
}

async function show(place) {
  const inspector = document.getElementById("inspector");
  if (inspector === null) return;
  shown = place;
  mark(place);
  if (place === null) return;
  try {
    const html = await fragment(place);
    if (shown !== place) return;
    inspector.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  } catch {
    if (shown === place) inspector.textContent = "The numbers of this token could not be read. Try another, or reload.";
  }
}

function keep(address, place) {
  if (place === null) address.searchParams.delete("token");
  else address.searchParams.set("token", place);
  return address.pathname + address.search;
}

function pin(place) {
  pinned = place;
  history.replaceState(history.state, "", keep(new URL(location.href), place));
  for (const link of document.querySelectorAll("a[data-keep]")) link.href = keep(new URL(link.href), place);
  show(place);
}

function tokenAt(target) {
  const element = target instanceof Element ? target.closest("#bench [data-token]") : null;
  if (element === null || element.classList.contains("free")) return null;
  const place = Number(element.dataset.token);
  return place < tokens() ? place : null;
}

function onHover(event) {
  if (event.pointerType === "touch" || tokens() === 0) return;
  clearTimeout(wait);
  const place = tokenAt(event.target);
  if (place !== null) wait = setTimeout(() => show(place), 60);
  else if (pinned !== null && shown !== pinned && !bench().contains(event.target)) show(pinned);
}

function onClick(event) {
  if (!(event.target instanceof Element) || tokens() === 0) return;
  const step = event.target.closest("#inspector [data-step]");
  const goto = event.target.closest("#bench [data-goto]");
  const place = step ? shown + Number(step.dataset.step) : goto ? Number(goto.dataset.goto) : tokenAt(event.target);
  if (place === null || place < 0 || place >= tokens()) return;
  if (step || goto) event.preventDefault();
  pin(place);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
  const text = event.target.closest("#bench .output");
  if (text === null || tokens() === 0) return;
  const leftward = getComputedStyle(text).direction === "rtl";
  const [forward, back] = leftward ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
  const last = tokens() - 1;
  const now = shown ?? -1;
  const to = { Home: 0, End: last, [forward]: Math.min(now + 1, last), [back]: Math.max(now - 1, 0) };
  if (event.key in to) {
    event.preventDefault();
    show(to[event.key]);
    text.querySelector(".t.here")?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && shown !== null) pin(shown);
  else if (event.key === "Escape") {
    pin(null);
  }
}

document.addEventListener("pointerover", onHover);
document.addEventListener("click", onClick);
document.addEventListener("keydown", onKey);
if (pinned !== null) mark(pinned);
