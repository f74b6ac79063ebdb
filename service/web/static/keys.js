// Single keys. What a key does is written on the element it presses: data-keys="a".
"use strict";

(() => {
  const SETTING = "gate-keys";
  const QUIET_MS = 300; // a new item must be seen before a key can answer it
  const root = document.documentElement;

  const remembered = () => {
    try {
      return localStorage.getItem(SETTING) !== "off";
    } catch {
      return true;
    }
  };
  const remember = (on) => {
    try {
      localStorage.setItem(SETTING, on ? "on" : "off");
    } catch {
      // a browser that keeps nothing: the switch lasts as long as the page
    }
  };

  let on = remembered();
  const showSwitch = () => {
    root.classList.toggle("keys-off", !on);
    const box = document.getElementById("keys-switch");
    if (box) box.checked = on;
  };

  const NAMES = { " ": "space", Backspace: "backspace" };
  const nameOf = (event) => {
    if (event.key in NAMES) return NAMES[event.key];
    // On a keyboard without Latin letters, the place of the key counts.
    const isLatin = event.key.length === 1 && event.key.charCodeAt(0) < 128;
    return isLatin ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
  };

  const isShown = (element) => element.getClientRects().length > 0 && !element.disabled;
  const elementFor = (key) =>
    [...document.querySelectorAll("[data-keys]")].find(
      (element) => element.dataset.keys.split(" ").includes(key) && isShown(element),
    );

  const press = (element) => {
    if (element.matches("textarea, input")) {
      element.focus();
      return;
    }
    element.click();
    const opened = element.dataset.opens && document.getElementById(element.dataset.opens);
    if (opened && isShown(opened)) opened.focus();
  };

  document.addEventListener("keydown", (event) => {
    // An input method is composing: its keys are not for us.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const at = event.target;
    if (at.closest("input, textarea, select")) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (!on || document.querySelector("dialog[open]")) return;
    const activates = event.key === " " || event.key === "Enter";
    if (activates && at.closest("a, button, summary")) return;
    const element = elementFor(nameOf(event));
    if (!element) return;
    event.preventDefault();
    if (!root.classList.contains("is-new")) press(element);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "page") return;
    root.classList.add("is-new");
    setTimeout(() => root.classList.remove("is-new"), QUIET_MS);
  });

  document.addEventListener("change", (event) => {
    if (event.target.id !== "keys-switch") return;
    on = event.target.checked;
    remember(on);
    showSwitch();
  });

  showSwitch();
})();
