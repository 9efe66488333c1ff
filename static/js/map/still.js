// What is shown where the map cannot be: why, and the server's picture.

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
