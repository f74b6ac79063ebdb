"""The benchmarks run and name their figures; how large these are is not judged here."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import corpora
from bench import __main__ as main
from bench import texts
from bench.load import Connection, Load, Order, whole

ROOT = Path(__file__).resolve().parents[2]

RATIOS = ["scoring.http_over_raw", "scoring.http_over_naive", "signals.over_empty_route"]
NAMED = {
    *RATIOS,
    "scoring.batch_over_raw",
    "scoring.processes_over_raw",
    "signals.processes_over_empty_route",
    "memory.processes_mb",
    "scoring.load_cores",
    "signals.keyed_over_empty_route",
    "latency.p95_ms",
    "latency.p99_ms",
    "latency.at_per_second",
    "memory.mb",
    "ready.seconds",
    "certify.million_seconds",
    "machine.cpu",
    "machine.cores",
    "versions.onnxruntime",
    "versions.python",
}


def run(output: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments, "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "http_over_raw" in done.stdout or "latency" in done.stdout or "certify" in done.stdout
    return dict(json.loads(output.read_text()))


@pytest.mark.timeout(600)
def test_every_named_figure_is_there_ratios_first(tmp_path: Path) -> None:
    figures = run(tmp_path / "latest.json", "--quick", "--rounds", "1", "--seconds", "0.3")
    assert set(figures) >= NAMED
    ratios = [name for name in figures if "over_" in name]
    assert set(ratios) >= set(RATIOS)
    assert list(figures)[: len(ratios)] == ratios
    for name in NAMED - {"machine.cpu", "versions.onnxruntime", "versions.python"}:
        value = figures[name]
        assert isinstance(value, int | float), name
        assert value >= 0


def test_a_part_alone_leaves_the_other_figures(tmp_path: Path) -> None:
    output = tmp_path / "latest.json"
    output.write_text(json.dumps({"ready.seconds": 1.5, "certify.million_seconds": 99}))
    figures = run(output, "certify", "--quick", "--rounds", "1")
    assert figures["ready.seconds"] == 1.5
    assert figures["certify.million_seconds"] != 99


def test_a_peer_that_is_measured_again_leaves_nothing_of_the_last_time(tmp_path: Path) -> None:
    output = tmp_path / "latest.json"
    output.write_text(json.dumps({"peers.ray": "not installed", "peers.litserve_per_second": 9}))
    main._keep(output, {"peers.http_over_ray": 3.0}, "ray")
    assert json.loads(output.read_text()) == {
        "peers.http_over_ray": 3.0,
        "peers.litserve_per_second": 9,
    }


def test_an_unknown_part_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "speed"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "there are scoring, precision, signals" in done.stderr


def test_without_the_set_the_texts_are_told_to_be_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise corpora.DataMissing

    monkeypatch.setattr(corpora, "davidson", missing)
    found = texts.find(500)
    assert "synthetic" in found.origin
    assert len({len(text.split()) for text in found.texts}) > 10
    assert texts.find(500).texts == found.texts


@pytest.mark.parametrize(
    ("received", "is_whole"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\ncontent-len", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
    ],
)
def test_an_answer_is_known_by_its_end(received: bytes, is_whole: bool) -> None:
    assert whole(received) is is_whole


STALL = 0.5


async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server whose every answer takes STALL seconds."""
    while await reader.readuntil(b"\r\n\r\n"):
        await reader.readexactly(2)
        await asyncio.sleep(STALL)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def test_in_the_open_loop_everybody_who_falls_due_is_sent_and_timed() -> None:
    """A closed loop would send one request a stall; this one goes by its own clock."""

    async def measured() -> tuple[float, dict[str, int], int]:
        server = await asyncio.start_server(stalling, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        order = Order(
            host="127.0.0.1", port=port, path="/", bodies=["{}"], rate=50, seconds=2, warm_up=0
        )
        report = await Load(order).run()
        server.close()
        return report.p50, report.statuses, report.unanswered

    p50, statuses, unanswered = asyncio.run(measured())
    assert p50 >= STALL * 1000
    assert unanswered == 0
    assert statuses["200"] > 2 * 2 / STALL


def test_a_closed_loop_leaves_the_server_nothing_to_do() -> None:
    """Whoever is measured next does not share the cores with what was asked here."""
    asked = answered = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked, answered
        while await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(2)
            asked += 1
            await asyncio.sleep(STALL)
            answered += 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async def measured() -> int:
        server = await asyncio.start_server(counting, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        order = Order(host="127.0.0.1", port=port, path="/", bodies=["{}"], seconds=0, warm_up=0)
        report = await Load(order).run()
        server.close()
        return report.unanswered

    assert asyncio.run(measured()) == 0
    assert asked == answered > 0


def test_a_connection_that_was_closed_while_idle_is_not_used_again() -> None:
    """As servers do after some seconds: what falls due then goes over another."""
    load = Load(Order(host="127.0.0.1", port=0, path="/", bodies=["{}"], rate=1.0))
    connection = Connection(load)
    load._idle.append(connection)
    connection.connection_lost(None)
    assert load._idle == []
