// Single keys. What a key does is written on the element that it presses: data-does="approve".
//
// A key is never lost nor misread. `c` and `e` open a field at once. A key that decides waits until
// it is plain that no text is being typed; one that comes too early is neither kept nor obeyed, and
// the page says so.
import { catchFor } from "./carried.js";
import { noteEnd, noteLetter, noteText, objection, onceNoLetterFollows } from "./guard.js";
import { actionOf, areOn, keyOf, shown } from "./keymap.js";
import { hush, tell } from "./told.js";

const OPENS = { comment: "comment", edit: "edited" }; // the field that a key leads to
const HELD_MS = 1000; // a keyboard that repeats is faster, whatever its keyup says
const root = document.documentElement;
const down = new Map();
let waiting = null; // a key that decides as soon as no other follows it

const isSending = () => root.classList.contains("is-sending");
const isShown = (element) => element.getClientRects().length > 0 && !element.disabled;
const elementFor = (action) =>
  [...document.querySelectorAll(`[data-does="${action}"]`)].find(isShown);

const itemHere = () => document.querySelector("[data-item]");

const isHeld = (event) => {
  if (event.repeat) return true;
  const since = down.get(event.code);
  down.set(event.code, event.timeStamp);
  return since !== undefined && event.timeStamp - since < HELD_MS;
};

const drop = (why) => {
  if (!waiting) return;
  waiting.element.classList.remove("is-pressed");
  const { key } = waiting;
  waiting = null;
  if (why) tell(why, shown(key));
};

const press = (element, action) => {
  hush();
  const field = document.getElementById(OPENS[action]);
  if (!field || field.closest("details:not([open])")) element.click();
  field?.focus();
};

const pressUnlessTyping = (element, action, key) => {
  const mine = { element, key };
  const item = itemHere();
  waiting = mine;
  element.classList.add("is-pressed");
  onceNoLetterFollows(() => {
    if (waiting !== mine) return;
    drop();
    const now = elementFor(action); // news may have replaced its part of the page
    if (now && itemHere() === item && !isSending()) press(now, action);
    else tell("soon", shown(key));
  });
};

const open = (action, isBurst, key) => {
  if (isBurst) tell("burst", shown(key));
  else if (isSending()) catchFor(OPENS[action]);
  else press(elementFor(action), action);
};

const decide = (element, action, isBurst, event, key) => {
  const why = isBurst ? "burst" : isSending() ? "soon" : objection(event.timeStamp);
  if (why) tell(why, shown(key));
  else if (event.key.length === 1) pressUnlessTyping(element, action, key);
  else press(element, action);
};

document.addEventListener("keydown", (event) => {
  // An input method is composing: its keys are not for us.
  if (event.isComposing || event.keyCode === 229) {
    drop("burst");
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Shift") return;
  if (isHeld(event)) return;
  const isBurst = event.key.length === 1 && noteLetter(event.timeStamp);
  drop("burst");
  const at = event.target;
  if (at.closest("input, textarea, select")) {
    if (event.key === "Escape") {
      at.blur();
      noteEnd();
    }
    return;
  }
  if (!areOn() || document.querySelector("dialog[open]")) return;
  const key = keyOf(event);
  const action = actionOf(key);
  const element = action && elementFor(action);
  if (!element && !(action && isSending())) return;
  event.preventDefault();
  if (action in OPENS) open(action, isBurst, key);
  else decide(element, action, isBurst, event, key);
});

document.addEventListener("keyup", (event) => down.delete(event.code));
window.addEventListener("blur", () => down.clear());
document.addEventListener("pointerdown", () => drop("burst"));
for (const name of ["compositionstart", "compositionend", "paste", "drop"]) {
  document.addEventListener(name, (event) => {
    noteText(event.timeStamp);
    drop("burst");
  });
}
