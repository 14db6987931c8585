// Moving a visit on the calendar by hand or by keys, and its lower edge for its length. Whatever is
// chosen leads to the page that asks whether that is right: nothing is changed from here.

const live = document.getElementById("live");
const language = document.documentElement.lang;
const say = (text) => { live.textContent = text; };
const words = document.querySelector("[data-calendar-words]")?.dataset ?? {};

const STEP = 15; // minutes
const LENGTH_STEP = 5;
const SHORTEST = 10;
const HOLD = 450; // milliseconds a finger rests before it takes a visit along
const SLACK = 6; // pixels a press may wander and still be a press
const EDGE = 48; // pixels from the edge at which the calendar scrolls along

let carry = null; // what is in hand: the box, where it was, where it would go

const number = (box, name) => Number(box.style.getPropertyValue(name));
const wall = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const time = (minutes) => new Intl.DateTimeFormat(language, {
  hour: "numeric", minute: "2-digit", timeZone: "UTC",
}).format(minutes * 60_000).toLowerCase();
const columns = (calendar) => [...calendar.querySelectorAll(".cal-col")];
const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);

// A day with a clock change is drawn as long as it lasts; there the server knows the times better.
const isPlain = (calendar) => calendar.dataset.plain !== undefined;

function take(box, way) {
  const calendar = box.closest("[data-calendar]");
  const was = document.createElement("li");
  was.className = "cal-was";
  was.ariaHidden = "true";
  const sign = document.createElement("i");
  sign.className = "cal-carry";
  sign.ariaHidden = "true";
  carry = {
    box, way, calendar, was, sign,
    home: box.parentElement, next: box.nextElementSibling,
    column: box.parentElement,
    at: number(box, "--at"), lasts: number(box, "--for"),
    wasAt: number(box, "--at"), wasLong: number(box, "--for"),
  };
  was.style.setProperty("--at", carry.at);
  was.style.setProperty("--for", carry.lasts);
  carry.home.append(was);
  box.querySelector("a").append(sign);
  box.classList.add("is-carried");
  calendar.classList.add("is-carrying");
  show();
}

function show() {
  const { box, column, at, lasts, sign } = carry;
  if (box.parentElement !== column) column.append(box);
  box.style.setProperty("--at", at);
  box.style.setProperty("--for", lasts);
  sign.textContent = `${time(at)} to ${time(at + lasts)}`;
}

function letGo() {
  const { box, home, next, was, sign, calendar, wasAt, wasLong } = carry;
  home.insertBefore(box, next);
  box.style.setProperty("--at", wasAt);
  box.style.setProperty("--for", wasLong);
  box.classList.remove("is-carried");
  calendar.classList.remove("is-carrying");
  was.remove();
  sign.remove();
  carry = null;
}

function drop() {
  const { box, calendar, column, home, at, lasts, wasAt, wasLong } = carry;
  const isLonger = lasts !== wasLong;
  const isElsewhere = at !== wasAt || column !== home;
  const { visit, version } = box.dataset;
  letGo();
  if (!isLonger && !isElsewhere) return false;
  const query = new URLSearchParams({ version });
  if (isLonger) {
    query.set("minutes", lasts);
  } else {
    query.set("day", column.dataset.day);
    query.set("time", wall(at));
    query.set("provider", column.dataset.person ?? box.dataset.person);
  }
  const page = isLonger ? calendar.dataset.resize : calendar.dataset.move;
  location.assign(`${page.replace("REFERENCE", visit)}?${query}`);
  return true;
}

// Where it may go: any day; another person only where the columns are people.
const mayGo = (column) => carry.home.dataset.person !== undefined
  || column.dataset.who === carry.home.dataset.who;

function moveTo(at, column) {
  const { opens, closes } = carry.calendar.dataset;
  carry.at = Math.min(Math.max(at, Number(opens)), Number(closes) - STEP); // it may end later
  if (column && mayGo(column)) carry.column = column;
  show();
}

function stretchTo(minutes) {
  carry.lasts = Math.max(SHORTEST, minutes);
  show();
}

// By mouse, or by a finger that rests on a visit for a moment
const scale = (calendar) => parseFloat(getComputedStyle(calendar).getPropertyValue("--min"));
const snap = (minutes, step) => Math.round(minutes / step) * step;

function follow({ clientX, clientY }) {
  const { calendar, box, way, grip } = carry;
  const perMinute = scale(calendar);
  if (way === "size") {
    const top = box.getBoundingClientRect().top;
    const change = snap((clientY - top - grip) / perMinute, LENGTH_STEP);
    stretchTo(carry.wasLong + change);
  } else {
    const under = document.elementsFromPoint(clientX, clientY)
      .map((element) => element.closest?.(".cal-col")).find(Boolean);
    const column = under ?? carry.column;
    const top = column.getBoundingClientRect().top;
    const opens = Number(calendar.dataset.opens);
    moveTo(opens + snap((clientY - top - grip) / perMinute, STEP), column);
  }
  scrollAlong(calendar, clientX, clientY);
}

function scrollAlong(calendar, x, y) {
  const frame = calendar.getBoundingClientRect();
  const pull = (place, start, end) => (place < start + EDGE ? -12 : place > end - EDGE ? 12 : 0);
  calendar.scrollBy(pull(x, frame.left + EDGE, frame.right), pull(y, frame.top + EDGE, frame.bottom));
}

function press(event) {
  if (carry || event.button !== 0) return;
  const box = event.target.closest("[data-visit]");
  if (!box || !isPlain(box.closest("[data-calendar]"))) return;
  const way = event.target.closest(".cal-grip") ? "size" : "move";
  if (way === "move" && box.dataset.canMove === undefined) return;
  const isTouch = event.pointerType !== "mouse";
  const from = { x: event.clientX, y: event.clientY };
  const grip = event.clientY - box.getBoundingClientRect().top;
  const watching = new AbortController();
  const over = () => { clearTimeout(resting); watching.abort(); };
  const begin = () => {
    take(box, way);
    carry.grip = grip;
    if (isTouch) navigator.vibrate?.(10);
  };
  const resting = isTouch && way === "move" ? setTimeout(begin, HOLD) : 0;
  const listen = (name, act) => addEventListener(name, act, { signal: watching.signal, passive: false });
  listen("pointermove", (moved) => {
    if (moved.pointerId !== event.pointerId) return;
    if (carry) {
      follow(moved);
      return;
    }
    if (Math.hypot(moved.clientX - from.x, moved.clientY - from.y) < SLACK) return;
    if (isTouch && way === "move") over(); // a finger that moves at once scrolls
    else begin();
  });
  listen("touchmove", (touch) => { if (carry) touch.preventDefault(); });
  listen("contextmenu", (menu) => { if (isTouch) menu.preventDefault(); });
  listen("pointerup", (up) => {
    if (up.pointerId !== event.pointerId) return;
    over();
    if (!carry) return;
    swallowClick(); // which would open the visit
    drop();
  });
  listen("pointercancel", () => { over(); if (carry) letGo(); });
}

function swallowClick() {
  const still = new AbortController();
  addEventListener("click", (click) => {
    click.preventDefault();
    click.stopPropagation();
  }, { capture: true, signal: still.signal });
  setTimeout(() => still.abort(), 50);
}

// By keys: M takes the visit that has focus
function announce() {
  const { column, at, lasts, wasLong } = carry;
  say(fill(lasts === wasLong ? words.stands : words.lasts, {
    column: column.ariaLabel, start: time(at), end: time(at + lasts), minutes: lasts,
  }));
}

function byKey(event) {
  const box = event.target.closest?.("[data-visit]");
  if (!carry) {
    const isM = event.key.toLowerCase() === "m" && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!box || !isM || !isPlain(box.closest("[data-calendar]"))) return;
    event.preventDefault();
    take(box, "keys");
    box.querySelector("a").focus({ preventScroll: true });
    say(fill(words.taken, { name: box.querySelector("b").textContent }));
    return;
  }
  if (carry.way !== "keys") {
    if (event.key === "Escape") letGo();
    return;
  }
  const all = columns(carry.calendar).filter(mayGo);
  const place = all.indexOf(carry.column);
  const [canMove, canResize] = ["canMove", "canResize"].map((can) => carry.box.dataset[can] !== undefined);
  const isMoved = carry.at !== carry.wasAt || carry.column !== carry.home;
  const isLonger = carry.lasts !== carry.wasLong;
  const byTime = (minutes) => { if (canMove && !isLonger) moveTo(carry.at + minutes, carry.column); };
  const byColumn = (step) => { if (canMove && !isLonger) moveTo(carry.at, all[place + step] ?? carry.column); };
  const byLength = (minutes) => { if (canResize && !isMoved) stretchTo(carry.lasts + minutes); };
  const acts = {
    ArrowUp: () => (event.shiftKey ? byLength(-LENGTH_STEP) : byTime(-STEP)),
    ArrowDown: () => (event.shiftKey ? byLength(LENGTH_STEP) : byTime(STEP)),
    ArrowLeft: () => byColumn(-1),
    ArrowRight: () => byColumn(1),
  };
  const { box: carried } = carry;
  const focus = () => carried.querySelector("a").focus({ preventScroll: true });
  if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
    focus();
    carried.scrollIntoView({ block: "nearest", inline: "nearest" });
    announce();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const isGone = drop();
    focus();
    if (!isGone) say(words.back);
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    letGo();
    focus();
    say(words.back);
  }
}

document.addEventListener("pointerdown", press);
document.addEventListener("keydown", byKey);
document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.("[data-visit]")) event.preventDefault(); // a link would be dragged
});
document.querySelectorAll("[data-calendar][data-plain] [data-can-resize] > a").forEach((link) => {
  const grip = document.createElement("i");
  grip.className = "cal-grip";
  grip.ariaHidden = "true";
  link.append(grip);
});

// Free time is booked from the quarter of an hour that is pressed
document.addEventListener("click", (event) => {
  const link = event.target.closest(".cal-free a");
  const calendar = link?.closest("[data-calendar]");
  if (!link || event.detail === 0 || !isPlain(calendar)) return; // by keys: from its beginning
  const box = link.parentElement;
  const below = (event.clientY - box.getBoundingClientRect().top) / scale(calendar);
  const address = new URL(link.href);
  address.searchParams.set("start", wall(number(box, "--at") + Math.floor(below / STEP) * STEP));
  link.href = address;
});

// What only works with a script shows itself
document.querySelectorAll("[data-needs-script]").forEach((part) => { part.hidden = false; });
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
document.querySelectorAll("[data-lanes]").forEach((form) => {
  form.querySelector("[data-lanes-press]").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
});

// The working day is in view, and now in the midst of it
document.querySelectorAll("[data-calendar]").forEach((calendar) => {
  const now = calendar.querySelector(".cal-now, .cal-nowline");
  if (!now) return;
  const [line, frame] = [now, calendar].map((element) => element.getBoundingClientRect());
  calendar.scrollTop += line.top - frame.top - frame.height / 2;
  const today = now.closest(".is-today");
  if (today) calendar.scrollLeft += today.getBoundingClientRect().left - frame.left - 80;
});
