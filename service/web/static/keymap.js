// Which key does what: the usual keys, or the ones that somebody chose, kept in this browser.
const SWITCH = "gate-keys";
const CHOSEN = "gate-keymap";
const GLYPHS = { Backspace: "⌫", Delete: "⌦" };
const root = document.documentElement;

export const USUAL = Object.freeze({
  approve: "a",
  reject: "x",
  unsure: "u",
  skip: "s",
  comment: "c",
  edit: "e",
  next: "n",
  undo: "Backspace",
  help: "?",
});

// A browser that keeps nothing: what is chosen lasts as long as the page.
const read = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const write = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    // as above
  }
};

const isKey = (key) => typeof key === "string" && (key in GLYPHS || /^[^\s\p{C}]$/u.test(key));

// What was kept is used only if each action has a key of its own.
const kept = () => {
  try {
    const map = { ...USUAL, ...JSON.parse(read(CHOSEN) ?? "{}") };
    const keys = Object.keys(USUAL).map((action) => map[action]);
    return keys.every(isKey) && new Set(keys).size === keys.length ? map : { ...USUAL };
  } catch {
    return { ...USUAL };
  }
};

let map = kept();
let on = read(SWITCH) !== "off";

export const areOn = () => on;
export const shown = (key) => GLYPHS[key] ?? key;

// The key of an event as the map knows it, or null where it can be none. On a keyboard without
// Latin letters, the place of the key counts.
export const keyOf = (event) => {
  if (event.key in GLYPHS) return event.key;
  if (event.key.length !== 1 || event.key === " ") return null;
  const isLatin = event.key.charCodeAt(0) < 128;
  const place = /^Key([A-Z])$/.exec(event.code)?.[1];
  return (isLatin ? event.key : (place ?? event.key)).toLowerCase();
};

export const actionOf = (key) => Object.keys(USUAL).find((action) => map[action] === key);

// Shows the keys in force beside what they press; called for each new page.
export const show = () => {
  root.classList.toggle("keys-off", !on);
  for (const element of document.querySelectorAll("[data-key-of]")) {
    const key = map[element.dataset.keyOf];
    element.textContent = shown(key);
    element.classList.toggle("glyph", key in GLYPHS);
  }
  for (const element of document.querySelectorAll("[data-does]")) {
    if (on) element.setAttribute("aria-keyshortcuts", map[element.dataset.does]);
    else element.removeAttribute("aria-keyshortcuts");
  }
};

export const turn = (whether) => {
  on = whether;
  write(SWITCH, on ? "on" : "off");
  show();
};

const change = (changed) => {
  map = changed;
  write(CHOSEN, JSON.stringify(map));
  show();
};

// Gives the action this key. The action that had it gets the other one's, and is returned.
export const choose = (action, key) => {
  const other = actionOf(key);
  change({ ...map, ...(other && { [other]: map[action] }), [action]: key });
  return other === action ? undefined : other;
};

export const chooseUsual = () => change({ ...USUAL });
