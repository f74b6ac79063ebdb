// What keeps a person from deciding by accident, whichever way the decision comes: the item must
// have been in view for a moment, and whoever types a text means no key.
import { tell } from "./told.js";

const SEEN_MS = 300; // a new item must be seen before it can be answered
const BURST_MS = 80; // two keys this close are typing, not deciding
const ENOUGH_PX = 32; // a line of the item's text
const ITEM = "[data-item] > :not(h1)"; // what it says, not its heading alone
const root = document.documentElement;

let seenAt = null; // when the item came into view; null before
let typedAt = -Infinity;
let burstAt = -Infinity;

// --- the item in view ---

// The part of the window that nothing covers.
const openBand = () => {
  const view = window.visualViewport;
  const band = { top: view.offsetTop, bottom: view.offsetTop + view.height };
  const hold = document.getElementById("hold");
  if (hold && getComputedStyle(hold).position === "sticky") {
    band.bottom = Math.min(band.bottom, hold.getBoundingClientRect().top);
  }
  const offline = document.getElementById("offline");
  if (!offline.hidden) band.top = Math.max(band.top, offline.getBoundingClientRect().bottom);
  return band;
};

const isInView = (selector) => {
  const band = openBand();
  return [...document.querySelectorAll(selector)].some((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    const open = Math.min(bottom, band.bottom) - Math.max(top, band.top);
    return open > 0 && open >= Math.min(height, ENOUGH_PX);
  });
};

const hasItem = () => document.querySelector("[data-item]") !== null;

const look = () => {
  if (seenAt !== null || document.hidden || !isInView(ITEM)) return;
  seenAt = performance.now();
  setTimeout(() => root.classList.toggle("is-new", tooSoon(performance.now())), SEEN_MS);
};

const bringIntoView = () => {
  if (!isInView(ITEM)) document.querySelector("[data-item]").scrollIntoView();
};

const arrive = () => {
  seenAt = null;
  root.classList.toggle("is-new", hasItem());
  if (!hasItem()) return;
  bringIntoView();
  look();
};

const tooSoon = (at) => hasItem() && (seenAt === null || at - seenAt < SEEN_MS);

// Why a key pressed at this time must not decide; undefined where it may.
export const objection = (at) => {
  if (!hasItem()) return undefined;
  if (!isInView(`${ITEM}, [data-judged]`) || seenAt === null) {
    bringIntoView();
    return "unseen";
  }
  return tooSoon(at) ? "soon" : undefined;
};

// --- typing ---

// Notes a letter; true if it is one of a burst.
export const noteLetter = (at) => {
  const isBurst = at - typedAt <= BURST_MS;
  typedAt = at;
  if (isBurst) burstAt = at;
  return isBurst;
};

// Notes text that comes in one piece: from an input method, or pasted.
export const noteText = (at) => {
  typedAt = burstAt = at;
};

// The text is done: what comes now is no part of it.
export const noteEnd = () => {
  typedAt = burstAt = -Infinity;
};

export const onceNoLetterFollows = (act) => {
  const began = performance.now();
  setTimeout(() => {
    // A page that was busy hears of the next letter late: it waits for it once more.
    if (performance.now() - began > 1.5 * BURST_MS) setTimeout(act, BURST_MS);
    else act();
  }, BURST_MS);
};

// --- buttons, by pointer or by Enter ---

document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.matches("[data-decides]")) return;
    const now = performance.now();
    const why = now - burstAt <= BURST_MS ? "burst" : tooSoon(now) ? "soonButton" : undefined;
    if (!why) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    tell(why, "");
  },
  true,
);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "page") queueMicrotask(arrive); // once htmx has scrolled to the top
});
for (const name of ["scroll", "resize", "visibilitychange"]) {
  document.addEventListener(name, look, { passive: true });
}
window.addEventListener("resize", look);
window.visualViewport.addEventListener("resize", look);
window.visualViewport.addEventListener("scroll", look);
arrive();
