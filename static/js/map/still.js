// Still pictures of the map: what it shows now as a PNG, and the server's where there is no map.

// Canvases over each other on paper, as a PNG.
export function flattened(canvases, paper) {
  const out = document.createElement("canvas");
  out.width = canvases[0].width;
  out.height = canvases[0].height;
  const context = out.getContext("2d");
  context.fillStyle = paper;
  context.fillRect(0, 0, out.width, out.height);
  for (const canvas of canvases) context.drawImage(canvas, 0, 0);
  return new Promise((done) => out.toBlob(done, "image/png"));
}

// Why the map cannot be shown, and the server's picture.
export function stillPicture(reason, address, label) {
  const said = document.createElement("p");
  said.setAttribute("role", "alert");
  said.className = "notice warn";
  said.textContent = `${reason} Shown instead: a still picture, drawn by the server. The level slider still works.`;
  const picture = document.createElement("img");
  picture.src = address;
  picture.alt = label;
  return [said, picture];
}
