// What a page does by itself: keep still while it sends, show errors, count down, say when it is cut off.
"use strict";

(() => {
  const offline = document.getElementById("offline");
  const ends = new WeakMap();
  let sending = false;

  const isForm = (element) => element instanceof HTMLFormElement;

  // One answer at a time: while a form is on its way, no second one may start.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = event.detail.elt;
    if (element.hasAttribute("data-heartbeat") && document.hidden) {
      event.preventDefault();
    } else if (isForm(element)) {
      if (sending) event.preventDefault();
      else sending = true;
    }
    document.documentElement.classList.toggle("is-sending", sending);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    // The form may be gone by now: what it was is told by the request.
    if (isForm(event.detail.requestConfig.elt)) sending = false;
    document.documentElement.classList.toggle("is-sending", sending);
    if (event.detail.successful) offline.hidden = true;
  });

  // A page that tells an error is shown; a part that could not be had stays as it is.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.boosted) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  const cutOff = (event) => {
    if (isForm(event.detail.requestConfig.elt)) offline.hidden = false;
  };
  document.addEventListener("htmx:sendError", cutOff);
  document.addEventListener("htmx:timeout", cutOff);

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
      element.textContent = left > 0 ? `${left} s` : "";
    }
  };
  setInterval(countDown, 250);

  document.addEventListener("htmx:afterSettle", (event) => {
    countDown();
    if (event.detail.boosted || event.target.id === "page") {
      document.getElementById("main").focus({ preventScroll: true });
    }
  });

  // Dialogs are outside of what is swapped, so they are wired once.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open).showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  });

  countDown();
})();
