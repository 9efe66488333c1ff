// Mouse, touch and keys of the map, turned into a few words: pan, zoom, hover, pick, lasso.

const HOLD = 500; // ms a finger rests before it draws a lasso
const SLACK = 5; // pixels a press may wander and still be a click

export function listen(map, canvas) {
  const down = new Map();
  let mode = "", path = [], moved = false, timer = 0, pinch = null;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const begin = (kind, point) => { mode = kind; path = [point]; };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const point = at(event);
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, point);
    moved = false;
    if (down.size === 2) {
      clearTimeout(timer);
      mode = "pinch";
      pinch = spanOf(down);
      map.sketch([]);
    } else if (down.size === 1) {
      begin(event.shiftKey || map.lassoMode ? "lasso" : "pan", point);
      if (event.pointerType === "touch" && mode === "pan") {
        timer = setTimeout(() => { if (!moved) { begin("lasso", point); map.sketch(path); } }, HOLD);
      }
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    const point = at(event), before = down.get(event.pointerId);
    if (before === undefined) return void map.hover(point);
    down.set(event.pointerId, point);
    const far = Math.hypot(point[0] - path[0]?.[0], point[1] - path[0]?.[1]);
    if (far > SLACK) moved = true;
    if (mode === "pinch") {
      const now = spanOf(down);
      map.zoomAt(now.middle, now.far / pinch.far);
      map.pan(now.middle[0] - pinch.middle[0], now.middle[1] - pinch.middle[1]);
      pinch = now;
    } else if (mode === "lasso") {
      path.push(point);
      map.sketch(path);
    } else if (mode === "pan" && moved) {
      clearTimeout(timer);
      map.pan(point[0] - before[0], point[1] - before[1]);
    }
  });

  const end = (event) => {
    if (!down.delete(event.pointerId)) return;
    clearTimeout(timer);
    if (down.size > 0) return;
    if (mode === "lasso" && event.type === "pointerup") moved ? map.lassoDrawn(path) : map.sketch([]);
    else if (mode === "pan" && !moved && event.type === "pointerup") map.pick(at(event));
    else map.sketch([]);
    mode = "";
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => map.hover(null));
  canvas.addEventListener("dblclick", () => map.reset());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    map.zoomAt(at(event), Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
  }, { passive: false });

  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && event.shiftKey) map.pan(-40 * way[0], -40 * way[1]);
    else if (way) map.step(way);
    else if (event.key === "Enter") map.choose();
    else if (event.key === "Escape") map.clear();
    else if (event.key === "+" || event.key === "=") map.zoomAt(null, 1.4);
    else if (event.key === "-") map.zoomAt(null, 1 / 1.4);
    else if (event.key === "0") map.reset();
    else if (event.key === "f") map.fit();
    else return;
    event.preventDefault();
  });
}

function spanOf(down) {
  const [[ax, ay], [bx, by]] = down.values();
  return { far: Math.max(1, Math.hypot(bx - ax, by - ay)), middle: [(ax + bx) / 2, (ay + by) / 2] };
}
