// The day of the workspace: kept up to date while somebody looks, and honest without a connection.
// Without this script every press is a form of its own, and the page is reloaded by hand.
(() => {
  const EVERY = 60_000; // milliseconds
  const TOO_SOON = 700; // after a swap: a second tap of the same finger is no press of what came
  const day = () => document.getElementById("today");
  let refreshed = Date.now();
  let pressed = 0;
  let isAsking = false;

  // What lies over the page, one of a kind; words come from the server.
  function line(kind, words) {
    const toasts = document.querySelector(".toasts");
    toasts.querySelector(`[data-line=${kind}]`)?.remove();
    if (!words) return;
    const toast = document.createElement("p");
    toast.className = "toast-line";
    toast.dataset.line = kind;
    toast.setAttribute("role", kind === "unsaved" ? "alert" : "status");
    toast.textContent = words;
    toasts.prepend(toast);
  }

  // Never under a hand: not while a menu is open, nor while a field of the page has the focus.
  const isBusy = () => Boolean(
    day().querySelector("details[open]")
    || document.activeElement?.matches("input, select, textarea"),
  );

  async function refresh() {
    if (isAsking || document.hidden || !day() || isBusy()) return;
    isAsking = true;
    try {
      await htmx.ajax("GET", day().dataset.refresh, {
        source: "#presses", target: "#today", swap: "outerHTML show:none",
      });
    } catch {
      // said by `failed`
    } finally {
      isAsking = false;
    }
  }
  const isDue = () => Date.now() - refreshed >= EVERY;
  setInterval(() => { if (isDue()) refresh(); }, 5_000);

  // A tablet that slept, a page that was left and come back to, a connection that is here again.
  document.addEventListener("visibilitychange", refresh);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) refresh(); });
  addEventListener("online", refresh);

  const isRead = ({ requestConfig }) => requestConfig.verb === "get";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target !== day()) return;
    // Signed out meanwhile: the sign-in is a page, and no part of this one.
    if (!xhr.response.includes('id="today"')) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!detail.elt || !day()) return;
    refreshed = Date.now();
    if (detail.requestConfig.verb === "post") {
      pressed = Date.now();
      keepOneUndo(detail.requestConfig.path);
    }
    line("unsaved");
    line("stale");
    delete document.body.dataset.cutOff;
    const heading = document.querySelector("main h1");
    if (day().dataset.heading !== heading.textContent.trim()) location.reload(); // midnight came
  });

  // Of one visit there is one Undo, that of the last press; what had the focus and went gives it back.
  function keepOneUndo(path) {
    const visit = path.split("/press/")[0];
    const old = [...document.querySelectorAll(`.toasts form[action^="${visit}/press/"]`)];
    if (!path.includes("/take-back/")) old.pop();
    old.forEach((form) => form.closest(".toast-line").remove());
    if (document.activeElement !== document.body) return;
    const reference = visit.split("/").pop();
    const next = ["do", "more", "open"].map((kind) => document.getElementById(`${kind}-${reference}`));
    next.find(Boolean)?.focus({ preventScroll: true });
  }

  function failed(event, words) {
    if (isRead(event.detail)) {
      document.body.dataset.cutOff = "";
      line("stale", day().dataset.cutOff.replace("{time}", day().dataset.asOf));
      refreshed = Date.now() - EVERY + 15_000; // try again before long
    } else {
      line("unsaved", words());
    }
  }
  ["htmx:sendError", "htmx:timeout"].forEach((name) => {
    document.addEventListener(name, (event) => failed(event, () => day().dataset.notSaved));
  });
  document.addEventListener("htmx:responseError", (event) => {
    failed(event, () => day().dataset.failed);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#today button") && Date.now() - pressed < TOO_SOON) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, { capture: true });

  // Menus close by a press elsewhere and by Escape, which gives the focus back.
  const open = () => document.querySelector("details.menu[open]");
  document.addEventListener("click", ({ target }) => {
    const menu = open();
    if (menu && !menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    const menu = open();
    if (key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const here = document.querySelector("[data-here]");
  if (here && !location.hash && here.getBoundingClientRect().bottom > innerHeight) {
    here.scrollIntoView({ block: "center" });
  }
})();
