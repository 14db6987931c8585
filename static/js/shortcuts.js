// Single keys, for those who switched them on; nobody else loads this.
// A key presses the first thing on the page that asks for it with data-key; / and ? are the frame's.

const FIELDS = "input, textarea, select, [contenteditable]";
const find = document.getElementById("find");
const keys = document.getElementById("keys");

const asksFor = (key) => [...document.querySelectorAll("[data-key]")]
  .find((element) => element.dataset.key === key);

function press(key) {
  if (key === "/") {
    find.focus();
    find.select();
    return true;
  }
  if (key === "?") {
    keys.showModal();
    return true;
  }
  const pressed = asksFor(key);
  pressed?.click();
  return Boolean(pressed);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.isComposing) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest(FIELDS) || document.querySelector("dialog[open]")) return;
  if (press(event.key)) event.preventDefault();
});
