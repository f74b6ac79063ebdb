// What a page does by itself: keep still while it sends, show errors, count down, say when it is cut off.
import { isCatching, pageArrived } from "./carried.js";

const offline = document.getElementById("offline");
const ends = new WeakMap();
let sending = false;

const isForm = (element) => element instanceof HTMLFormElement;
const isWatcher = (element) => element.classList.contains("watcher");

const nowSending = (is) => {
  sending = is;
  document.documentElement.classList.toggle("is-sending", is);
};

// One answer at a time: while a form is on its way, no second one may start, and news must not
// replace the part of the page that it was sent from.
document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.detail.elt;
  const isAway = element.hasAttribute("data-heartbeat") && document.hidden;
  if (sending || isAway) event.preventDefault();
  else if (isForm(element)) nowSending(true);
});

document.addEventListener("htmx:beforeSend", (event) => {
  if (!isForm(event.detail.elt)) return;
  const request = event.detail.xhr;
  request.addEventListener("loadend", () => {
    nowSending(false);
    offline.hidden = request.status !== 0;
  });
});

// A page that tells an error is shown; a part that could not be had stays as it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400 && event.detail.boosted) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
  if (sending && isWatcher(event.detail.requestConfig.elt)) event.detail.shouldSwap = false;
});

// Somebody comes back to this page: is the item still in these hands?
document.addEventListener("visibilitychange", () => {
  const heartbeat = document.querySelector("[data-heartbeat]");
  if (!document.hidden && heartbeat) htmx.trigger(heartbeat, "awake");
});

const countDown = () => {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    if (!ends.has(element)) {
      ends.set(element, performance.now() + 1000 * Number(element.dataset.countdown));
    }
    const left = Math.ceil((ends.get(element) - performance.now()) / 1000);
    element.textContent = left > 0 ? element.dataset.says.replace("{n}", left) : "";
  }
};
setInterval(countDown, 250);

document.addEventListener("htmx:afterSettle", (event) => {
  countDown();
  if (event.detail.boosted || event.target.id === "page") {
    if (!isCatching()) document.getElementById("main").focus({ preventScroll: true });
    pageArrived();
    fitHold();
  }
});

// Dialogs are outside of what is swapped, so they are wired once.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
});

// A bar that takes half of the window would hide what is judged.
const fitHold = () => {
  const hold = document.getElementById("hold");
  hold?.classList.toggle("is-tall", hold.offsetHeight > window.innerHeight / 2);
};
window.addEventListener("resize", fitHold);

countDown();
fitHold();
