// Where there is no shared worker: one of the tabs leads, has the stream, and passes on what it hears.
// Tabs agree over a channel. A leader that closes says so; one that falls silent is replaced.
const BEAT_MS = 1000;
const SILENCE_MS = 3000;
const REFUSED_MS = 10_000;

// `hear(name)` is called with each piece of news, in every tab.
export const follow = (address, names, hear) => {
  const channel = new BroadcastChannel("gate-events");
  const me = crypto.getRandomValues(new Uint32Array(1))[0];
  let source = null;
  let heardAt = -Infinity;
  let ledAt = -Infinity;

  const say = (kind, name) => channel.postMessage({ kind, name, from: me });

  const lead = () => {
    ledAt = performance.now();
    source = new EventSource(address);
    for (const name of names) {
      source.addEventListener(name, () => {
        say("news", name);
        hear(name);
      });
    }
    say("lead");
  };

  const stepDown = () => {
    source?.close();
    source = null;
  };

  const beat = () => {
    if (source?.readyState === EventSource.CLOSED) {
      stepDown();
      heardAt = performance.now() + REFUSED_MS; // the session is over: ask again, but seldom
    } else if (source) say("beat");
    else if (performance.now() - heardAt > SILENCE_MS) lead();
  };

  // The newest leader stays: the one before may be a tab that sleeps. Of two that began at once,
  // it is the one with the larger number.
  const isOutdone = (kind, other) =>
    kind === "lead" && performance.now() - ledAt > BEAT_MS ? true : other > me;

  channel.addEventListener("message", ({ data: { kind, name, from } }) => {
    if (kind === "hello") {
      if (source) say("beat");
    } else if (kind === "bye") {
      heardAt = -Infinity;
      setTimeout(beat, Math.random() * BEAT_MS);
    } else {
      heardAt = performance.now();
      if (source && isOutdone(kind, from)) stepDown();
      if (kind === "news") hear(name);
    }
  });

  window.addEventListener("pagehide", () => {
    if (source) say("bye");
    stepDown();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) beat();
  });
  say("hello");
  setTimeout(beat, BEAT_MS * (0.2 + Math.random()));
  setInterval(beat, BEAT_MS);
};
