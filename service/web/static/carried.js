// `c` or `e` pressed while an answer is on its way means the next item: what is typed until that is
// there is caught in a field of its own, and goes on in the item's field.
const strip = document.getElementById("carried");
const field = document.getElementById("carried-text");
const FALLBACK = "comment"; // an item without a result has nothing to edit
let wanted = FALLBACK;
let composing = false;
let arrived = false;

export const catchFor = (id) => {
  wanted = id;
  arrived = false;
  strip.hidden = false;
  const hold = document.querySelector(".hold:not(.is-tall)");
  strip.style.bottom = `${hold?.offsetHeight ?? 0}px`; // it covers no button
  field.focus();
};

export const isCatching = () => document.activeElement === field;

const close = () => {
  field.value = "";
  strip.hidden = true;
};

const handOver = () => {
  if (strip.hidden || composing || !arrived) return;
  const into = document.getElementById(wanted) ?? document.getElementById(FALLBACK);
  strip.classList.toggle("is-left", !into);
  if (!into) {
    strip.style.bottom = 0;
    if (!field.value) close();
    return;
  }
  const folded = into.closest("details");
  if (folded) folded.open = true;
  const at = into.id === FALLBACK ? into.value.length : into.selectionStart;
  const text = field.value;
  close();
  into.focus();
  into.setRangeText(text, at, at, "end");
  if (text) into.dispatchEvent(new Event("input", { bubbles: true }));
};

// A new page is there, which may hold the next item.
export const pageArrived = () => {
  arrived = true;
  if (strip) handOver();
};

if (strip) {
  field.addEventListener("compositionstart", () => {
    composing = true;
  });
  field.addEventListener("compositionend", () => {
    composing = false;
    setTimeout(handOver); // once what was composed stands in the field
  });
  strip.querySelector("button").addEventListener("click", close);
}
