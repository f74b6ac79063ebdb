// One stream of news for all tabs of a browser: over HTTP/1.1 a browser has six connections to a
// server, and a stream in each tab would take them all.
const NAMES = ["queue", "delivery"];
const SLOWEST_MS = 60_000;
const ports = new Set();
let source = null;
let wait = 1000;
let opening;

const tell = (message) => {
  for (const port of ports) port.postMessage(message);
};

const open = () => {
  clearTimeout(opening);
  source?.close();
  source = new EventSource("/review/events");
  source.addEventListener("open", () => {
    wait = 1000;
  });
  // Cut off, a stream comes back by itself; refused, it is asked for again, ever more seldom.
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED || ports.size === 0) return;
    opening = setTimeout(open, wait);
    wait = Math.min(2 * wait, SLOWEST_MS);
  });
  for (const name of NAMES) source.addEventListener(name, () => tell(name));
};

self.addEventListener("connect", (event) => {
  const [port] = event.ports;
  port.addEventListener("message", () => ports.delete(port)); // the page goes
  port.start();
  ports.add(port);
  if (source === null || source.readyState === EventSource.CLOSED) open();
  else for (const name of NAMES) port.postMessage(name); // whatever happened before it listened
});
