// One line over the page that says why a key did nothing. Its words stand in the page, in its language.
const SHOWN_MS = 4000;
const line = document.getElementById("told");
let hiding;

// `why` names the sentence; `key` is what was pressed, as the page shows it.
export const tell = (why, key = "") => {
  line.textContent = ""; // said anew, even if it is the same sentence
  line.textContent = line.dataset[why].replace("{pressed}", key);
  clearTimeout(hiding);
  hiding = setTimeout(hush, SHOWN_MS);
};

export const hush = () => {
  line.textContent = "";
};
