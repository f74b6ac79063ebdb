// News of the service, from one stream that all tabs of the browser share.
import { follow } from "./leader.js";

const NAMES = ["queue", "delivery"];
const news = new EventTarget();
const hear = (name) => news.dispatchEvent(new MessageEvent(name, { data: "look" }));

const listen = (worker) => {
  const { port } = new SharedWorker(worker);
  port.addEventListener("message", (event) => hear(event.data));
  port.start();
  window.addEventListener("pagehide", () => port.postMessage("bye"), { once: true });
};

// In the place of a stream of this page's own: what htmx listens to.
htmx.createEventSource = (address) => {
  const { worker } = document.body.dataset;
  if ("SharedWorker" in window) {
    listen(worker);
    window.addEventListener("pageshow", (event) => event.persisted && listen(worker));
  } else {
    follow(address, NAMES, hear);
  }
  return Object.assign(news, { readyState: EventSource.OPEN, close: () => {} });
};
