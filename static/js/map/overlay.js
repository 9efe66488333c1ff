// What lies over the points: names at the centroids, the lasso, lines to translations and to hollow points, the ring of
// the focused point.

import { overlapping } from "./geometry.js";

export function drawOverlay(context, scene) {
  const { width, height, ratio, ink, paper, place } = scene;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (scene.lasso.length > 1) lasso(context, scene.lasso, ink, scene.closed);
  ways(context, scene.ways.thin, scene.ways.colour, 0.4);
  ways(context, scene.ways.strong, ink, 0.9);
  for (const [, [x, y]] of scene.ways.strong) ring(context, x, y, 9, ink, 1.5);
  if (scene.links.length) links(context, scene, ink);
  names(context, scene, paper);
  if (scene.focus >= 0) {
    const [x, y] = place(scene.focus);
    ring(context, x, y, 8, paper, 4);
    ring(context, x, y, 8, ink, 2);
  }
}

function ring(context, x, y, radius, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

// Lines from points to where they went.
function ways(context, ends, colour, opacity) {
  context.beginPath();
  for (const [from, to] of ends) {
    context.moveTo(...from);
    context.lineTo(...to);
  }
  context.strokeStyle = colour;
  context.globalAlpha = opacity;
  context.lineWidth = 1;
  context.stroke();
  context.globalAlpha = 1;
}

function lasso(context, corners, ink, closed) {
  context.beginPath();
  corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
  context.fillStyle = ink;
  context.globalAlpha = 0.05;
  context.fill();
  context.globalAlpha = 1;
  context.setLineDash([4, 3]);
  context.strokeStyle = ink;
  context.lineWidth = 1;
  context.stroke();
  context.setLineDash([]);
}

function links(context, { links: to, focus, place, colourOf }, ink) {
  const [x, y] = place(focus);
  for (const point of to) {
    const [px, py] = place(point);
    context.strokeStyle = ink;
    context.globalAlpha = 0.55;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(px, py);
    context.stroke();
    context.globalAlpha = 1;
    ring(context, px, py, 5, colourOf(point), 2);
  }
}

// Each name at the median of its points; names that would overlap stand beside the cloud, with lines to it.
function names(context, { names: all, font, width, height }, paper) {
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.font = `600 12.5px ${font}`;
  const shown = all.filter((one) => one.x > 0 && one.x < width && one.y > 0 && one.y < height);
  for (const one of shown) one.half = context.measureText(one.name).width / 2 + 4;
  const placed = [];
  for (const group of overlapping(shown, 18)) {
    if (group.length === 1) {
      const [one] = group;
      const y = one.right - one.left < 3 * one.half ? one.top - 12 : one.y; // a name wider than its cloud stands above it
      placed.push({ one, x: Math.min(Math.max(one.x, one.half), width - one.half), y: Math.min(Math.max(y, 10), height - 10), align: "center" });
    } else placed.push(...column(group, width, height));
  }
  settle(placed);
  for (const { one, x, y, align } of placed.filter((name) => name.align !== "center")) {
    context.strokeStyle = one.colour;
    context.lineWidth = 0.75;
    context.beginPath();
    context.moveTo(one.x, one.y);
    context.lineTo(align === "left" ? x - 4 : x + 4, y);
    context.stroke();
  }
  for (const { one, x, y, align } of placed) write(context, one, x, y, align, paper);
}

// A group's names one under the other beside its points.
function column(group, width, height) {
  const widest = 2 * Math.max(...group.map((one) => one.half));
  const right = Math.max(...group.map((one) => one.right)) + 18;
  const fits = right + widest < width;
  const x = fits ? right : Math.max(Math.min(...group.map((one) => one.left)) - 18, widest);
  const middle = group.reduce((sum, one) => sum + one.y, 0) / group.length;
  const top = Math.min(Math.max(middle - 8.5 * (group.length - 1), 12), height - 17 * group.length);
  group.sort((a, b) => a.y - b.y);
  return group.map((one, row) => ({ one, x, y: top + 17 * row, align: fits ? "left" : "right" }));
}

// Push names of different groups apart, downwards.
function settle(placed) {
  const middle = ({ one, x, align }) => x + { left: one.half, center: 0, right: -one.half }[align];
  placed.sort((a, b) => a.y - b.y);
  placed.forEach((name, i) => {
    for (const other of placed.slice(0, i)) {
      const aside = Math.abs(middle(name) - middle(other)) < name.one.half + other.one.half;
      if (aside && Math.abs(name.y - other.y) < 16) name.y = other.y + 16;
    }
  });
}

function write(context, { name, colour }, x, y, align, paper) {
  context.textAlign = align;
  context.strokeStyle = paper;
  context.lineWidth = 4;
  context.strokeText(name, x, y);
  context.fillStyle = colour;
  context.fillText(name, x, y);
}
