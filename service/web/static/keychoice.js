// The dialog of the keys: switch them off, or give an action another key.
import { areOn, choose, chooseUsual, keyOf, show, shown, turn } from "./keymap.js";

const dialog = document.getElementById("keys");
const box = document.getElementById("keys-switch");
const line = document.getElementById("keys-told");
let asking = null; // the button whose key is being chosen

const nameOf = (action) => dialog.querySelector(`[data-name-of="${action}"]`).textContent;

const ask = (button) => {
  stopAsking();
  asking = button;
  asking.setAttribute("aria-pressed", "true");
  line.textContent = dialog.dataset.ask.replace("{name}", nameOf(button.dataset.rebind));
};

const stopAsking = () => {
  asking?.removeAttribute("aria-pressed");
  asking = null;
  line.textContent = "";
};

const take = (key) => {
  const action = asking.dataset.rebind;
  const other = choose(action, key);
  stopAsking();
  line.textContent = dialog.dataset[other ? "swapped" : "chosen"]
    .replace("{pressed}", shown(key))
    .replace("{name}", nameOf(action))
    .replace("{other}", other ? nameOf(other) : "");
};

if (dialog) {
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rebind]");
    if (button) ask(button);
    if (event.target.closest("[data-usual-keys]")) {
      stopAsking();
      chooseUsual();
      line.textContent = dialog.dataset.usual;
    }
  });

  dialog.addEventListener("keydown", (event) => {
    if (!asking || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Shift") return;
    if (event.key === "Tab") {
      stopAsking();
      return;
    }
    event.preventDefault(); // neither a click of the button nor the end of the dialog
    const key = keyOf(event);
    if (event.key === "Escape") stopAsking();
    else if (key) take(key);
    else line.textContent = dialog.dataset.noKey;
  });

  dialog.addEventListener("close", stopAsking);
  box.addEventListener("change", () => turn(box.checked));
  box.checked = areOn();
}

document.addEventListener("htmx:afterSwap", show);
show();
