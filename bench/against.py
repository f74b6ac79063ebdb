"""Us against one other server of models: the same file, tokenizer, texts, load and cores."""

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from bench import texts
from bench.load import Report
from bench.measuring import (
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
from bench.parts import SCORED, TEXTS
from bench.peers.known import PEERS, Peer
from bench.servers import BUNDLE, ROOT, DidNotStart, Server, free_port, the_service

SECONDS_TO_START = 240.0
"""Some start a dozen processes."""

ALIKE = 0.1
SHORT_LOAD, LONGEST_WARM_UP = 2.0, 30.0
"""A server is warm when two short loads in a row, in seconds, gave rates that differ by no more."""

type Side = Callable[[Plan], Report]


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
        sides: dict[str, Side] = {
            "ours": lambda plan: saturate(plan, ours, SCORED, ours_wants, keyed=True),
            "theirs": lambda plan: saturate(plan, theirs, peer.path, theirs_wants),
        }
        for who, side in sides.items():
            warm(side, plan, f"{name}: warm-up, {who}")
        rounds = interleaved(plan, name, {who: partial(side, plan) for who, side in sides.items()})
    rate = {side: [rate_of(one) for one in found] for side, found in rounds.items()}
    return {
        f"peers.http_over_{name}": ratio(rate["ours"], rate["theirs"]),
        f"peers.{name}_per_second": round(median(rate["theirs"]), 1),
        f"peers.ours_beside_{name}_per_second": round(median(rate["ours"]), 1),
        f"peers.{name}_load_cores": cores(rounds["theirs"]),
    }


def warm(side: Side, plan: Plan, what: str) -> None:
    """Short loads until the rate has settled: replicas start late, batch sizes are learned."""
    short = replace(plan, seconds=min(SHORT_LOAD, plan.seconds), warm_up=0.0)
    give_up_at = time.monotonic() + LONGEST_WARM_UP
    before, now = math.nan, _rate_by_now(side, short)
    while not abs(now - before) < ALIKE * before and time.monotonic() < give_up_at:
        plan.say(f"{what}: {now:.0f} a second")
        before, now = now, _rate_by_now(side, short)


def _rate_by_now(side: Side, short: Plan) -> float:
    try:
        return side(short).per_second
    except Refused:  # while cold it may; in a round that counts it may not
        return 0.0


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
