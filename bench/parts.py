"""What is measured: each part gives named figures, flat."""

import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from statistics import median

import numpy as np

from bench import texts
from bench.load import Report
from bench.measuring import (
    Figures,
    Plan,
    checked,
    cores,
    folder_of,
    interleaved,
    order_of,
    rate_of,
    ratio,
    saturate,
)
from bench.precision import models_in_fp32
from bench.raw import Raw
from bench.servers import (
    BUNDLE,
    CORES,
    RawRuns,
    a_rival,
    the_service,
    the_service_on_every_core,
)
from service.domain.certificate import RiskContract, Target
from service.thresholds.certify import certify
from service.thresholds.sample import Sample

SCORED = "/v1/gates/scored/decisions"
SIGNALS = "/v1/gates/signals/decisions"
BATCH = 16
SHARE_OF_SATURATION = 0.7
TEXTS = 4096


def scoring(plan: Plan) -> Figures:
    """Texts a second: the model alone, through us with durable decisions, and a naive route."""
    found = texts.find(TEXTS)
    single = [json.dumps({"item": {"text": text}}) for text in found.texts]
    many = [
        json.dumps({"items": [{"item": {"text": t}} for t in found.texts[at : at + BATCH]]})
        for at in range(0, TEXTS, BATCH)
    ]
    plain = [json.dumps({"text": text}) for text in found.texts]
    with ExitStack() as stack:
        folder = folder_of(stack)
        raw = stack.enter_context(RawRuns())
        ours = stack.enter_context(the_service(folder / "ours"))
        together = stack.enter_context(the_service_on_every_core(folder / "together"))
        naive = stack.enter_context(a_rival("naive", folder))
        sides: dict[str, Callable[[], Report | float]] = {
            "raw": lambda: raw.per_second(plan.seconds, tokenise=False),
            "raw_with_tokenising": lambda: raw.per_second(plan.seconds, tokenise=True),
            "http": lambda: saturate(plan, ours, SCORED, single, keyed=True),
            "processes": lambda: saturate(
                plan, together, SCORED, single, keyed=True, connections=CORES * plan.connections
            ),
            "batch": lambda: saturate(plan, ours, f"{SCORED}:batch", many, connections=8),
            "naive": lambda: saturate(plan, naive, "/predict", plain),
            "naive_inline": lambda: saturate(plan, naive, "/predict-inline", plain),
        }
        rounds = interleaved(plan, "scoring", sides)
        memory, memory_together = ours.memory_mb, together.memory_mb
    rate = {side: [rate_of(one) for one in found] for side, found in rounds.items()}
    rate["batch"] = [one * BATCH for one in rate["batch"]]
    stronger = max(("naive", "naive_inline"), key=lambda side: median(rate[side]))
    return {
        "scoring.http_over_raw": ratio(rate["http"], rate["raw"]),
        "scoring.http_over_raw_with_tokenising": ratio(rate["http"], rate["raw_with_tokenising"]),
        "scoring.processes_over_raw": ratio(rate["processes"], rate["raw"]),
        "scoring.batch_over_raw": ratio(rate["batch"], rate["raw"]),
        "scoring.http_over_naive": ratio(rate["http"], rate[stronger]),
        **{f"scoring.{side}_per_second": round(median(found), 1) for side, found in rate.items()},
        "scoring.load_cores": cores(rounds["http"]),
        "scoring.texts": found.origin,
        "memory.mb": round(memory, 1),
        "memory.processes_mb": round(memory_together, 1),
    }


def precision(plan: Plan) -> Figures:
    """Texts a second with the committed model, and with the same model in fp32."""
    found = texts.find(TEXTS)
    bodies = [json.dumps({"item": {"text": text}}) for text in found.texts]
    with ExitStack() as stack:
        folder = folder_of(stack)
        fp32 = models_in_fp32(folder / "fp32-models")
        raw, raw_fp32 = (
            stack.enter_context(RawRuns(bundle)) for bundle in (BUNDLE, fp32 / BUNDLE.name)
        )
        ours = stack.enter_context(the_service(folder / "ours"))
        ours_fp32 = stack.enter_context(the_service(folder / "fp32", GATE_MODELS_DIR=str(fp32)))
        sides: dict[str, Callable[[], Report | float]] = {
            "http": lambda: saturate(plan, ours, SCORED, bodies, keyed=True),
            "http_fp32": lambda: saturate(plan, ours_fp32, SCORED, bodies, keyed=True),
            "raw": lambda: raw.per_second(plan.seconds, tokenise=False),
            "raw_fp32": lambda: raw_fp32.per_second(plan.seconds, tokenise=False),
        }
        rounds = interleaved(plan, "precision", sides)
        plan.say("precision: processor time")
        cpu, cpu_fp32 = (Raw(bundle).least_cpu() for bundle in (BUNDLE, fp32 / BUNDLE.name))
    rate = {side: [rate_of(one) for one in found] for side, found in rounds.items()}
    return {
        "precision.http_over_fp32": ratio(rate["http"], rate["http_fp32"]),
        "precision.raw_over_fp32": ratio(rate["raw"], rate["raw_fp32"]),
        "precision.fp32_http_over_raw": ratio(rate["http_fp32"], rate["raw_fp32"]),
        "precision.cpu_over_fp32": round(cpu / cpu_fp32, 3),
        "precision.cpu_per_second": round(cpu, 1),
        "precision.cpu_fp32_per_second": round(cpu_fp32, 1),
        **{f"precision.{side}_per_second": round(median(found), 1) for side, found in rate.items()},
    }


def signals(plan: Plan) -> Figures:
    """Requests a second without a model: durable decisions, and an empty route of FastAPI."""
    lot = random.Random(texts.SEED)
    found = texts.find(TEXTS)
    asked = [{"item": {"text": text}, "signals": {"score": _score(lot)}} for text in found.texts]
    bodies = [json.dumps(one) for one in asked]
    many = [json.dumps({"items": asked[at : at + BATCH]}) for at in range(0, TEXTS, BATCH)]
    with ExitStack() as stack:
        folder = folder_of(stack)
        ours = stack.enter_context(the_service(folder / "ours"))
        together = stack.enter_context(the_service_on_every_core(folder / "together"))
        empty = stack.enter_context(a_rival("empty", folder))
        sides: dict[str, Callable[[], Report | float]] = {
            "decisions": lambda: saturate(plan, ours, SIGNALS, bodies),
            "processes": lambda: saturate(
                plan, together, SIGNALS, bodies, connections=CORES * plan.connections
            ),
            "keyed": lambda: saturate(plan, ours, SIGNALS, bodies, keyed=True),
            "batch": lambda: saturate(plan, ours, f"{SIGNALS}:batch", many, connections=8),
            "empty": lambda: saturate(plan, empty, "/decisions", bodies),
        }
        rounds = interleaved(plan, "signals", sides)
    rate = {side: [rate_of(one) for one in found] for side, found in rounds.items()}
    rate["batch"] = [one * BATCH for one in rate["batch"]]
    return {
        "signals.over_empty_route": ratio(rate["decisions"], rate["empty"]),
        "signals.processes_over_empty_route": ratio(rate["processes"], rate["empty"]),
        "signals.keyed_over_empty_route": ratio(rate["keyed"], rate["empty"]),
        "signals.batch_over_empty_route": ratio(rate["batch"], rate["empty"]),
        "signals.per_second": round(median(rate["decisions"]), 1),
        "signals.processes_per_second": round(median(rate["processes"]), 1),
        "signals.keyed_per_second": round(median(rate["keyed"]), 1),
        "signals.batch_per_second": round(median(rate["batch"]), 1),
        "signals.empty_route_per_second": round(median(rate["empty"]), 1),
        "signals.load_cores": cores(rounds["decisions"]),
    }


def latency(plan: Plan) -> Figures:
    """Milliseconds at 70 % of the saturation rate, requests falling due at random."""
    found = texts.find(TEXTS)
    bodies = [json.dumps({"item": {"text": text}}) for text in found.texts]
    with ExitStack() as stack:
        ours = stack.enter_context(the_service(folder_of(stack) / "ours"))
        most, reports = [], []
        for turn in range(plan.rounds):
            plan.say(f"latency: round {turn + 1} of {plan.rounds}")
            # Found anew for each round: a machine with neighbours is another one a minute later.
            most.append(rate_of(saturate(plan, ours, SCORED, bodies, keyed=True)))
            order = order_of(plan, SCORED, bodies, keyed=True)
            order.rate, order.seconds = most[-1] * SHARE_OF_SATURATION, 2 * plan.seconds
            order.seed = turn + 1
            reports.append(checked(ours.load(order)))
    saturation = median(most)
    return {
        "latency.p50_ms": round(median(report.p50 for report in reports), 1),
        "latency.p95_ms": round(median(report.p95 for report in reports), 1),
        "latency.p99_ms": round(median(report.p99 for report in reports), 1),
        "latency.at_per_second": round(saturation * SHARE_OF_SATURATION, 1),
        "latency.saturation_per_second": round(saturation, 1),
        "latency.load_cores": cores(reports),
    }


def ready(plan: Plan) -> Figures:
    """Seconds from the start of the process until it says that it is ready, the disk being warm."""
    took = []
    with ExitStack() as stack:
        folder = folder_of(stack)
        for turn in range(plan.rounds + 1):
            plan.say(f"ready: start {turn + 1} of {plan.rounds + 1}")
            with the_service(folder / str(turn)) as ours:
                took.append(ours.seconds_to_start)
    return {"ready.seconds": round(median(took[1:]), 2)}


def certificates(plan: Plan) -> Figures:
    """Seconds to certify a gate on a million labels."""
    draw = np.random.default_rng(texts.SEED)
    scores = draw.beta(0.6, 0.4, plan.labels)
    sample = Sample.of(scores, draw.random(plan.labels) < scores)
    contract = RiskContract(
        target=Target.PER_SIDE, wrong_approvals=0.05, wrong_rejections=0.05, confidence=0.9
    )
    took = []
    for turn in range(plan.rounds):
        plan.say(f"certify: round {turn + 1} of {plan.rounds}")
        began = time.perf_counter()
        certify(sample, contract)
        took.append(time.perf_counter() - began)
    return {"certify.million_seconds": round(median(took) * 1_000_000 / plan.labels, 2)}


PARTS: Mapping[str, Callable[[Plan], Figures]] = {
    "scoring": scoring,
    "precision": precision,
    "signals": signals,
    "latency": latency,
    "ready": ready,
    "certify": certificates,
}


def _score(lot: random.Random) -> float:
    """As of a gate that decides 85 % by itself."""
    return lot.choice([0.95] * 9 + [0.05] * 8 + [0.5] * 3)
