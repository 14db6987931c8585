// The list under the search box: Down goes into it, Escape and leaving close it.

const head = document.querySelector(".desk-head");
const field = document.getElementById("find");
const found = document.getElementById("found");

const close = () => found.replaceChildren();

head.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && found.childElementCount) {
    event.preventDefault(); // the text stays; a second Escape is the field's
    close();
    field.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const links = [field, ...found.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const next = links[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }
});
document.addEventListener("pointerdown", ({ target }) => {
  if (target !== field && !found.contains(target)) close();
});
document.addEventListener("focusin", ({ target }) => {
  if (target !== field && !found.contains(target)) close();
});
