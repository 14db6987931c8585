// What the server cannot do. Every page works without it.
// No inline handlers anywhere: elements say what they want with data attributes.

const live = document.getElementById("live");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const language = document.documentElement.lang;

const say = (text) => { if (live) live.textContent = text; };

const each = (root, selector, act) => {
  if (root.matches?.(selector)) act(root);
  root.querySelectorAll(selector).forEach(act);
};

// Dialogs: data-open="id" opens, data-close closes, so does a press on the backdrop.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const sheet = opener && document.getElementById(opener.dataset.open);
  if (sheet) {
    event.preventDefault();
    sheet.showModal();
  } else if (event.target.closest("[data-close]")) {
    event.target.closest("dialog")?.close();
  } else if (event.target.matches("dialog[open]")) {
    event.target.close();
  }
});

// A form with data-once is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.ariaBusy === "true") event.preventDefault();
  form.ariaBusy = "true";
});
addEventListener("pageshow", () => {
  each(document, "[data-once]", (form) => { form.ariaBusy = null; });
});

// A form with data-keep="name" keeps what was typed until a page says data-forget="name".
const KEPT = "input:is([type=text], [type=email], [type=tel]), textarea";
function keep(form) {
  const typed = [...form.querySelectorAll(KEPT)].map((field) => [field.name, field.value]);
  sessionStorage.setItem(`kept:${form.dataset.keep}`, JSON.stringify(typed));
}
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-keep]");
  if (form) keep(form);
});
function giveBack(form) {
  const typed = sessionStorage.getItem(`kept:${form.dataset.keep}`);
  const values = new Map(JSON.parse(typed ?? "[]"));
  each(form, KEPT, (field) => { field.value ||= values.get(field.name) ?? ""; });
  keep(form); // with what was typed before this script had come
}

// A hold counts down, speaks at 5, 2 and 1 minutes and lets the server decide at zero.
function countDown(hold) {
  const clock = hold.querySelector(".clock");
  const bar = hold.querySelector("progress");
  const end = Date.now() + bar.value * 1000; // the server's seconds: clocks of phones are wrong
  let unspoken = [5, 2, 1];
  const tick = () => {
    if (!hold.isConnected) return;
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    bar.value = left;
    const mark = unspoken.find((minutes) => left <= minutes * 60 && left > minutes * 60 - 5);
    if (mark) {
      unspoken = unspoken.filter((minutes) => minutes < mark);
      say(hold.dataset[`say${mark}`]);
    }
    if (left > 0) setTimeout(tick, 1000);
    else htmx.trigger(hold, "hold:over");
  };
  tick();
}

// What can be taken back for a few minutes says how long; the server decides. No word is spoken.
function countQuietly(box) {
  const end = Date.now() + box.dataset.left * 1000;
  const clock = box.querySelector("[data-left-clock]");
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    clock.textContent = `(${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")})`;
    clock.hidden = false;
    if (left > 0) {
      setTimeout(tick, 1000);
      return;
    }
    const over = box.querySelector("[data-left-over]");
    const had = box.contains(document.activeElement);
    each(box, "form, [data-left-say]", (part) => { part.hidden = true; });
    over.hidden = false;
    over.tabIndex = -1;
    if (had) over.focus({ preventScroll: true });
  };
  tick();
}

// Times on the person's own clock, where it differs from the clinic's at that moment.
const wall = (at, timeZone) => new Intl.DateTimeFormat(language, {
  timeZone, weekday: "short", hour: "numeric", minute: "2-digit", hour12: true,
}).formatToParts(at);
const part = (parts, type) => parts.find((piece) => piece.type === type)?.value ?? "";
function ownTime(element) {
  const at = new Date(element.dataset.at);
  const here = wall(at, zone);
  const there = wall(at, element.dataset.place);
  const text = (parts) => parts.map((piece) => piece.value).join("");
  if (text(here) === text(there)) return;
  const day = part(here, "weekday") === part(there, "weekday") ? "" : `${part(here, "weekday")} `;
  const half = part(here, "dayPeriod").toLowerCase();
  const time = `${part(here, "hour")}:${part(here, "minute")}\u00a0${half}`;
  const name = part(new Intl.DateTimeFormat(language, {
    timeZone: zone, timeZoneName: "longGeneric",
  }).formatToParts(at), "timeZoneName");
  element.textContent = (element.dataset.say ?? "{time}")
    .replace("{time}", day + time)
    .replace("{zone}", name);
  element.hidden = false;
}

// form[data-opened] says that a person is at the page: once, by their first press, never by loading.
const opened = document.querySelector("form[data-opened]");
if (opened) {
  const listening = new AbortController();
  const tell = ({ isTrusted }) => {
    if (!isTrusted) return;
    listening.abort();
    fetch(opened.action, { method: "POST", body: new FormData(opened), keepalive: true })
      .catch(() => {}); // without a network there is nothing to tell
  };
  ["pointerdown", "touchstart", "keydown"].forEach((press) => {
    addEventListener(press, tell, { capture: true, passive: true, signal: listening.signal });
  });
}

// Good news goes after its seconds, but not from under somebody's hand.
function fade(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) fade(toast);
    else toast.remove();
  }, toast.dataset.fades * 1000);
}

// Offline: a line at the bottom, never a dialog.
function showConnection() {
  each(document, "[data-offline]", (line) => { line.hidden = navigator.onLine; });
}
addEventListener("online", showConnection);
addEventListener("offline", showConnection);

// What must happen whenever a piece of page arrives, by load or by htmx.
function wake(root) {
  // data-set="--at: 540" becomes style, which a strict content policy allows to scripts only.
  each(root, "[data-set]", (element) => element.dataset.set.split(";").forEach((pair) => {
    const [name, value] = pair.split(":");
    if (value) element.style.setProperty(name.trim(), value.trim());
  }));
  each(root, ".days, .people, .msg-list ul, .rail", (row) => {
    const chosen = row.querySelector("[aria-current]");
    if (!chosen) return;
    const [place, frame] = [chosen, row].map((element) => element.getBoundingClientRect());
    row.scrollLeft += place.left - frame.left - (frame.width - place.width) / 2;
  });
  each(root, "input[data-zone]", (field) => { field.value = zone; });
  each(root, "[data-at]", ownTime);
  each(root, "[data-forget]", (page) => sessionStorage.removeItem(`kept:${page.dataset.forget}`));
  each(root, "form[data-keep]", giveBack);
  each(root, "[data-hold-until]", countDown);
  each(root, "[data-left]", countQuietly);
  each(root, "[data-fades]", fade);
  const alert = root.querySelector("[role=alert][tabindex]");
  alert?.focus({ preventScroll: true });
  alert?.scrollIntoView({ block: "nearest" }); // whole, and clear of the bars: see scroll-padding
}

document.addEventListener("htmx:afterSettle", ({ target }) => {
  wake(target);
  if (!target.matches(".hold")) return;
  say(target.querySelector("p").textContent); // more time; its button may have gone with the last
  if (document.activeElement === document.body) target.focus({ preventScroll: true });
});
document.addEventListener("htmx:load", ({ target }) => { // came beside an answer: settles nowhere
  if (target.matches("[data-fades]")) fade(target);
});
showConnection();
wake(document);
