// What weighs in the score comes when it is ready, for every way that leads to an item. It waits for
// nothing, nothing waits for it, and one that comes after its item has gone is thrown away.
let asked = new AbortController();

const show = (html, place) => {
  const part = new DOMParser().parseFromString(html, "text/html");
  const explanation = part.getElementById("explanation");
  const text = part.getElementById("item-text");
  if (explanation) place.replaceWith(explanation);
  if (text) document.getElementById("item-text").replaceWith(text);
};

const ask = async () => {
  asked.abort();
  const place = document.querySelector("[data-explained-at]");
  if (!place) return;
  asked = new AbortController();
  try {
    const answer = await fetch(place.dataset.explainedAt, { signal: asked.signal });
    const html = answer.ok && !answer.redirected ? await answer.text() : "";
    if (place.isConnected && html) show(html, place);
    else place.lastElementChild.textContent = place.dataset.away;
  } catch (error) {
    if (error.name !== "AbortError") place.lastElementChild.textContent = place.dataset.away;
  }
};

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "page") ask();
});
ask();
