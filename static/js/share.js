// Share links that follow the address as scripts change it, and buttons that copy a field.

function onClick(event) {
  if (!(event.target instanceof Element)) return;
  const share = event.target.closest("[data-share]");
  if (share) share.href = `/shares/new?of=${encodeURIComponent(location.pathname + location.search)}`;
  const copy = event.target.closest("[data-copy]");
  if (copy) copyField(copy);
}

async function copyField(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C"; // without https the browser leaves copying to the user
  }
}

document.addEventListener("click", onClick);
document.addEventListener("focusin", (event) => {
  if (event.target instanceof HTMLInputElement && "select" in event.target.dataset) event.target.select();
});
for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
