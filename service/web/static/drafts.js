// What was typed is kept in this tab until the next sign-in: an undone answer has its comment again.
"use strict";

(() => {
  const PREFIX = "gate-draft ";

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
    document.documentElement.classList.remove("is-edited");
    for (const field of document.querySelectorAll("[data-draft]")) {
      const kept = sessionStorage.getItem(PREFIX + field.dataset.draft);
      if (kept !== null) field.value = kept;
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
    sessionStorage.setItem(PREFIX + field.dataset.draft, field.value);
    judge(field);
    grow(field);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "page") restore();
  });

  if (document.querySelector("[data-forget-drafts]")) {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    }
  }
  restore();
})();
