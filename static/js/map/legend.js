// The legend on the page as the map reads it: names, colours, shapes, which entries are lit, where their names stand.

const SHAPES = ["circle", "triangle", "square", "diamond", "cross", "star"];
const SAMPLE = 50000; // points that say where a name stands

// The entries of the legend, and the entry of each language by its number.
export function readLegend() {
  const entries = [], languages = [];
  for (const item of document.querySelectorAll("#legend [data-languages]")) {
    const colour = getComputedStyle(item.querySelector("svg")).color;
    const entry = { name: item.dataset.name, css: colour, colour: rgb(colour), shape: SHAPES.indexOf(item.dataset.shape),
      lit: item.getAttribute("aria-pressed") === "true" };
    entries.push(entry);
    for (const k of item.dataset.languages.split(" ")) languages[Number(k)] = entry;
  }
  return { entries, languages };
}

// For each entry the median of its points and what most of them span; null for one without points.
export function centresOf({ entries, languages }, language, points) {
  const step = Math.max(1, Math.floor(language.length / SAMPLE));
  return entries.map((entry) => {
    const xs = [], ys = [];
    for (let i = 0; i < language.length; i += step) {
      if (languages[language[i]] !== entry) continue;
      xs.push(points[2 * i]);
      ys.push(points[2 * i + 1]);
    }
    if (xs.length === 0) return null;
    xs.sort((a, b) => a - b);
    ys.sort((a, b) => a - b);
    const part = (all, share) => all[Math.min(all.length - 1, Math.floor(all.length * share))];
    return { x: part(xs, 0.5), y: part(ys, 0.5), left: part(xs, 0.05), right: part(xs, 0.95), top: part(ys, 0.97) };
  });
}

// The names of the lit entries with their places in pixels.
export function namesAt(entries, centres, camera) {
  return entries.flatMap((entry, k) => {
    const centre = centres[k];
    if (!entry.lit || !centre) return [];
    const [x, y] = camera.pixel(centre.x, centre.y);
    const [left, top] = camera.pixel(centre.left, centre.top), [right] = camera.pixel(centre.right, 0);
    return [{ name: entry.name, colour: entry.css, x, y, left, right, top }];
  });
}

// Any CSS colour as [r, g, b] in 0..1, resolved by painting one pixel.
export function rgb(colour) {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((part) => part / 255);
}

// A custom property may hold light-dark(), which a canvas does not know: let the element resolve it.
export function solid(colour, element) {
  const probe = document.createElement("i");
  probe.className = "paper-probe";
  element.append(probe);
  const found = getComputedStyle(probe).backgroundColor || colour;
  probe.remove();
  return found;
}
