"""How a thing is measured: a plan, loads that saturate, sides in turn, ratios by median."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.load import Order, Report
from bench.servers import KEY, Server

type Figures = dict[str, float | int | str]

AUTHORISED = {"authorization": f"Bearer {KEY}"}


class Refused(Exception):
    """A server gave other answers than 200: its figure would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long each measurement takes, and how often it is repeated."""

    rounds: int
    seconds: float
    warm_up: float
    connections: int
    labels: int
    say: Callable[[str], None]


FULL = Plan(
    rounds=5, seconds=6.0, warm_up=1.5, connections=64, labels=1_000_000, say=lambda _: None
)
QUICK = replace(FULL, rounds=2, seconds=2.0, warm_up=0.5, labels=100_000)


def interleaved(
    plan: Plan, part: str, sides: Mapping[str, Callable[[], Report | float]]
) -> dict[str, list[Report | float]]:
    """Every side once a round: whatever the machine does meanwhile, it does to all of them."""
    found: dict[str, list[Report | float]] = {side: [] for side in sides}
    for turn in range(plan.rounds):
        for side, measure in sides.items():
            plan.say(f"{part}: round {turn + 1} of {plan.rounds}, {side}")
            found[side].append(measure())
    return found


def saturate(
    plan: Plan,
    server: Server,
    path: str,
    bodies: list[str],
    *,
    keyed: bool = False,
    connections: int | None = None,
) -> Report:
    order = order_of(plan, path, bodies, keyed=keyed)
    order.connections = connections or plan.connections
    return checked(server.load(order))


def order_of(plan: Plan, path: str, bodies: list[str], *, keyed: bool) -> Order:
    return Order(
        host="127.0.0.1",
        port=0,
        path=path,
        bodies=bodies,
        headers=AUTHORISED,
        connections=plan.connections,
        seconds=plan.seconds,
        warm_up=plan.warm_up,
        keyed=keyed,
        seed=time.time_ns(),  # a key is never used twice
    )


def checked(report: Report) -> Report:
    if not report.good:
        raise Refused(f"Answers: {report.statuses}, and {report.unanswered} without one.")
    return report


def rate_of(one: Report | float) -> float:
    return one.per_second if isinstance(one, Report) else one


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> float:
    return round(median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def cores(reports: Iterable[Report | float]) -> float:
    return round(median(one.cores for one in reports if isinstance(one, Report)), 2)


def folder_of(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gate-bench-")))
