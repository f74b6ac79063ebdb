"""Us against one other server of models: the same file, tokenizer, texts, load and cores."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from bench import texts
from bench.load import Report
from bench.parts import (
    SCORED,
    TEXTS,
    Figures,
    Plan,
    Refused,
    cores,
    folder_of,
    interleaved,
    rate_of,
    ratio,
    saturate,
)
from bench.peers.known import PEERS, Peer
from bench.servers import BUNDLE, ROOT, DidNotStart, Server, free_port, the_service

SECONDS_TO_START = 240.0
"""Some start a dozen processes."""


def against(name: str, plan: Plan) -> Figures:
    """Requests a second of a peer and of ours, in turn; or why there are none."""
    peer = PEERS[name]
    python = ROOT / peer.environment / "bin" / "python"
    if not python.exists():
        return {f"peers.{name}": f"not installed in {peer.environment} (make bench PEERS=1)"}
    try:
        return _measured(name, peer, python, plan)
    except (DidNotStart, Refused) as problem:
        return {f"peers.{name}": " ".join(str(problem).split())[-600:]}


def _measured(name: str, peer: Peer, python: Path, plan: Plan) -> Figures:
    found = texts.find(TEXTS).texts
    ours_wants = [json.dumps({"item": {"text": text}}) for text in found]
    theirs_wants = [peer.body(text) for text in found]
    with ExitStack() as stack:
        folder = folder_of(stack)
        plan.say(f"{name}: start")
        theirs = stack.enter_context(_started(peer, python, folder))
        ours = stack.enter_context(the_service(folder / "ours"))
        sides: dict[str, Callable[[], Report | float]] = {
            "ours": lambda: saturate(plan, ours, SCORED, ours_wants, keyed=True),
            "theirs": lambda: saturate(plan, theirs, peer.path, theirs_wants),
        }
        rounds = interleaved(plan, name, sides)
    rate = {side: [rate_of(one) for one in found] for side, found in rounds.items()}
    return {
        f"peers.http_over_{name}": ratio(rate["ours"], rate["theirs"]),
        f"peers.{name}_per_second": round(median(rate["theirs"]), 1),
        f"peers.ours_beside_{name}_per_second": round(median(rate["ours"]), 1),
        f"peers.{name}_load_cores": cores(rounds["theirs"]),
    }


def _started(peer: Peer, python: Path, folder: Path) -> Server:
    port = free_port()
    return Server(
        [str(python), "-m", f"bench.peers.{peer.module}", str(port)],
        port=port,
        log=folder / "peer.log",
        env={"BENCH_BUNDLE": str(BUNDLE)},
        ready=peer.ready,
        patience=SECONDS_TO_START,
    )


AGAINST: Mapping[str, Callable[[Plan], Figures]] = {name: partial(against, name) for name in PEERS}
