// What was typed is kept in this tab for whoever typed it: it is there again after an undo, and after
// signing in anew. It is forgotten on signing out, in every tab, and when somebody else signs in.
const PREFIX = "gate-draft ";
const SIGNED_OUT = "gate-signed-out"; // when that was, for tabs that were asleep
// Asked anew for each page: another tab may have signed somebody else in.
const person = () => document.getElementById("page").dataset.person;
const own = () => `${PREFIX}${encodeURIComponent(person())} `;
const tabs = new BroadcastChannel("gate-session");
let isOut = false;

const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

const forget = (whether) => {
  for (const key of drafts()) if (whether(key)) sessionStorage.removeItem(key);
};

const isStale = (key) => {
  try {
    return JSON.parse(sessionStorage.getItem(key)).at <= Number(localStorage.getItem(SIGNED_OUT));
  } catch {
    return true;
  }
};

const kept = (field) => {
  const draft = sessionStorage.getItem(own() + field.dataset.draft);
  return draft === null ? null : JSON.parse(draft).text;
};

const keep = (field) => {
  if (isOut) return;
  const draft = JSON.stringify({ at: Date.now(), text: field.value });
  sessionStorage.setItem(own() + field.dataset.draft, draft);
};

const isEdited = (field) => field.value !== field.defaultValue;

const judge = (field) => {
  field.setCustomValidity("");
  if (field.id !== "edited") return;
  const edited = isEdited(field);
  document.documentElement.classList.toggle("is-edited", edited);
  if (!edited) return;
  if (!field.value.trim()) field.setCustomValidity(field.dataset.empty);
  if ("json" in field.dataset) {
    try {
      if (JSON.parse(field.value) === null) field.setCustomValidity(field.dataset.empty);
    } catch {
      field.setCustomValidity(field.dataset.badJson);
    }
  }
};

const grow = (field) => {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
};

const restore = () => {
  if (person() !== undefined) forget((key) => !key.startsWith(own()));
  document.documentElement.classList.remove("is-edited");
  for (const field of document.querySelectorAll("[data-draft]")) {
    field.value = kept(field) ?? field.value;
    judge(field);
    if (isEdited(field)) {
      const folded = field.closest("details");
      if (folded) folded.open = true;
      grow(field);
    }
  }
};

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.dataset.draft) return;
  keep(field);
  judge(field);
  grow(field);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "page") restore();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-signs-out]")) return;
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  forget(() => true);
  tabs.postMessage("signed out");
});

tabs.addEventListener("message", () => {
  isOut = true;
  forget(() => true);
});

forget(isStale);
restore();
