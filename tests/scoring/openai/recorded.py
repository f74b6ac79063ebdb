"""A server that answers as a real vLLM did, from a recording; and how the recording was made:

    python -m tests.scoring.openai.recorded ADDRESS MODEL

asks a running server (vLLM 0.32 with `--max-logprobs 20`, a small model trained on the question)
everything below, and writes down request and answer.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from service.domain.decision import Item
from service.domain.language_model import LanguageModel
from service.scoring.openai.question import request_for

RECORDING = Path(__file__).with_name("vllm.json")
ITEMS = [
    Item(text="What a beautiful morning, the coffee tastes great."),
    Item(text="Shut up, you stupid piece of trash."),
    Item(text="He is ugly and dumb as hell."),
    Item(text="Where is the station?", fields={"stars": 5, "lang": "en"}),
    Item(fields={"subject": "refund", "amount": 12.5}),
]
TOO_LONG = Item(text="word " * 3000)


def judge(url: str, model: str = "tiny", **other: Any) -> LanguageModel:
    return LanguageModel(
        name="judge",
        url=url,
        model=model,
        answers={"acceptable": "A", "offensive": "B"},
        approve_labels=("acceptable",),
        question="Is this comment acceptable or offensive?",
        **other,
    )


@contextmanager
def recorded_server() -> Iterator[str]:
    """The address of a server that knows the recorded requests, byte for byte, and no others."""
    said = {_key(one["request"]): one for one in json.loads(RECORDING.read_text("utf-8"))}

    class Recorded(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found = said.get(_key(json.loads(body)))
            if found is None or self.path != "/v1/chat/completions":
                found = {"status": 404, "answer": {"error": "this was not recorded"}}
            answer = json.dumps(found["answer"]).encode()
            self.send_response(found["status"])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/"
    finally:
        server.shutdown()
        server.server_close()


def _key(request: Any) -> str:
    return json.dumps(request, sort_keys=True)


def _record(url: str, model: str) -> None:
    asked = [request_for(judge(url, model), item)[0] for item in (*ITEMS, TOO_LONG)]
    asked.append({**asked[0], "model": "another"})
    recording = []
    for request in asked:
        answer = httpx.post(f"{url}chat/completions", json=request, timeout=120)
        kept = {**request, "model": "tiny"} if request["model"] == model else request
        recording.append({"request": kept, "status": answer.status_code, "answer": answer.json()})
    RECORDING.write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _record(*sys.argv[1:3])
