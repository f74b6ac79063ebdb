"""gate calibrate: from a labelled file to thresholds with a certificate; gate list."""

import asyncio
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from service.cli.context import opened_installation, read_settings, told_in_words
from service.confidence.members import rows_of
from service.confidence.signals import RawScore, raw_of_score
from service.domain.certificate import RiskContract, Target
from service.domain.certificate_document import certificate_document
from service.domain.decision import Item
from service.domain.errors import InvalidInput
from service.domain.gate import GatePolicy
from service.ports.scorer import Scorer
from service.thresholds.sample import Sample
from service.usecases.certification.certify import ON_DEMAND, Issued, demand_one_scorer
from service.usecases.gates.policy_cache import GateBook
from service.web.text.certificates import in_english

if TYPE_CHECKING:
    from service.bootstrap.installation import Installation

app = typer.Typer(help="Gates and their certificates.", no_args_is_help=True)

ACTOR = "command line"
SCORES_OF_A_FILE = "signal:score"
"""At a gate without a model, the column `score` is what the workflow will send as that signal."""
AT_ONCE = 256
"""Texts handed to the scorer together: enough to fill its batches, few enough for its queue."""


@dataclass(frozen=True, kw_only=True)
class LabelledRow:
    """A line of the file; `right` where approving is right."""

    text: str | None
    score: float | None
    right: bool
    category: str


@app.command("list")
def list_gates() -> None:
    """List the gates in force, and what they stand on."""
    with opened_installation() as installation:
        for policy in installation.gates.offered():
            stands_on = "fixed thresholds, uncertified" if policy.contract is None else "a contract"
            typer.echo(f"{policy.gate}\tversion {policy.version}\t{stands_on}")


@app.command("calibrate")
def calibrate(
    gate: str,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV with `text` or `score`, `label` (1 where approving is right), and `category`"
            " if the gate treats some apart. A score is the raw one of the gate's model, or, at a"
            " gate without one, the workflow's signal `score`. Without a file, the labels that the"
            " gate's panel has given."
        ),
    ] = None,
    target: Annotated[
        Target | None, typer.Option(help="What is promised. Without it, the gate's own contract.")
    ] = None,
    alpha_approve: Annotated[
        float | None, typer.Option(help="Most wrong approvals borne (per_side), e.g. 0.01.")
    ] = None,
    alpha_reject: Annotated[
        float | None, typer.Option(help="Most wrong rejections borne (per_side).")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Most wrong answers borne (auto_error, system_error).")
    ] = None,
    delta: Annotated[
        float, typer.Option(help="The probability that may be wrong about it: 0.1 is 90 % sure.")
    ] = 0.1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the certificates as JSON.")
    ] = False,
) -> None:
    """Certify a gate on labelled items, and put the earned thresholds in force.

    Running services notice within seconds. What is not proven stays with people. Exits with 1
    where nothing could be proven, so that nothing is automatic.
    """
    from service.bootstrap.commands import certify_gate
    from service.bootstrap.installation import open_installation

    settings = read_settings()
    with told_in_words():
        contract = _contract(target, alpha_approve, alpha_reject, alpha, delta)
        rows = None if file is None else read_rows(file)
        with open_installation(settings) as installation:
            policy = gate_named(installation.gates, gate)
            demand_one_scorer(policy)
            source, sample = _labelled(installation, policy, rows)
            put = certify_gate(installation)(
                policy, sample, contract, source=source, actor=ACTOR, note="" if rows else ON_DEMAND
            )
    _show(gate, put.policy.version, put.issued, as_json=as_json)
    if not put.issued[0].certificate.opens:
        raise typer.Exit(1)


def gate_named(gates: GateBook, name: str) -> GatePolicy:
    """The gate in force of that name. Raises InvalidInput, naming those that there are."""
    policy = next((one for one in gates.offered() if one.gate == name), None)
    if policy is None:
        known = ", ".join(one.gate for one in gates.offered())
        raise InvalidInput(f"There is no gate {name!r}.", fix=f"The gates are: {known}.")
    return policy


def read_rows(file: Path) -> list[LabelledRow]:
    """The labelled lines of a CSV file. Raises InvalidInput with the line that is wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            columns = set(reader.fieldnames or ())
            if "label" not in columns or not columns & {"text", "score"}:
                raise InvalidInput(
                    f"{file} has the columns {', '.join(sorted(columns)) or 'none'}.",
                    fix="It needs `label`, and `text` or `score`.",
                )
            return [_row(values, f"{file}, line {reader.line_num}") for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.", fix="Give CSV in UTF-8.") from error


def _row(values: dict[str, str | None], where: str) -> LabelledRow:
    label, score = (values.get("label") or "").strip(), (values.get("score") or "").strip()
    if label not in ("0", "1"):
        raise InvalidInput(f"{where}: the label is {label!r}.", fix="Write 1 or 0.")
    try:
        number = float(score) if score else None
    except ValueError:
        raise InvalidInput(f"{where}: the score {score!r} is not a number.") from None
    text = values.get("text") or None
    if number is None and text is None:
        raise InvalidInput(f"{where}: there is neither a text nor a score.")
    if number is not None and not 0 <= number <= 1:
        raise InvalidInput(f"{where}: the score {score} is not between 0 and 1.")
    return LabelledRow(
        text=text, score=number, right=label == "1", category=values.get("category") or ""
    )


def _contract(
    target: Target | None,
    alpha_approve: float | None,
    alpha_reject: float | None,
    alpha: float | None,
    delta: float,
) -> RiskContract | None:
    given = (alpha_approve, alpha_reject, alpha)
    if target is None:
        if any(limit is not None for limit in given):
            raise InvalidInput("There are limits and no target.", fix="Add --target per_side.")
        return None
    return RiskContract(
        target=target,
        wrong_approvals=alpha_approve,
        wrong_rejections=alpha_reject,
        wrong_answers=alpha,
        confidence=1 - delta,
    )


def _labelled(
    installation: "Installation", policy: GatePolicy, rows: Sequence[LabelledRow] | None
) -> tuple[str, Sample]:
    """The labels to certify on, those of the panel where there is no file, and what their scores
    come from."""
    from service.bootstrap.commands import learner, open_scorer

    if rows is None:
        return learner(installation).demanded(policy)
    with open_scorer(installation, policy.scorer) as scorer:
        source = SCORES_OF_A_FILE if scorer is None else scorer.version
        return source, _sample(rows, policy, scorer)


def _sample(rows: Sequence[LabelledRow], policy: GatePolicy, scorer: Scorer | None) -> Sample:
    """The labelled items with their raw scores, those that have none scored by the gate's model."""
    scores: list[RawScore | None] = [
        None if row.score is None else RawScore(value=row.score) for row in rows
    ]
    unscored = [place for place, score in enumerate(scores) if score is None]
    if unscored and scorer is None:
        raise InvalidInput(
            f"The gate {policy.gate!r} has no model that could score a text.",
            fix="Give a column `score` with P(approving is right).",
        )
    if unscored and scorer is not None:
        texts = [Item(text=rows[place].text) for place in unscored]
        for place, score in zip(unscored, asyncio.run(_scored(texts, policy, scorer)), strict=True):
            scores[place] = score
    named = any(row.category for row in rows)
    known = [score for score in scores if score is not None]
    spreads = [score.spread for score in known if score.spread is not None]
    return Sample.of(
        [score.value for score in known],
        [row.right for row in rows],
        spreads=rows_of(spreads) if known and len(spreads) == len(known) else None,
        categories=[policy.category_named(row.category or None) or "" for row in rows]
        if named
        else None,
    )


async def _scored(items: Sequence[Item], policy: GatePolicy, scorer: Scorer) -> list[RawScore]:
    scores: list[RawScore] = []
    with Progress(transient=True) as progress:
        task = progress.add_task("Scoring", total=len(items))
        for start in range(0, len(items), AT_ONCE):
            some = items[start : start + AT_ONCE]
            for score in await asyncio.gather(*(scorer.score(item) for item in some)):
                scores.append(
                    raw_of_score(score, labels=policy.labels, approve_labels=policy.approve_labels)
                )
            progress.update(task, advance=len(some))
    return scores


def _show(gate: str, version: int, issued: Sequence[Issued], *, as_json: bool) -> None:
    if as_json:
        documents = [
            {
                "id": one.id,
                "in_words": in_english(one.certificate),
                "coverage": one.certificate.coverage,
                **certificate_document(one.certificate),
            }
            for one in issued
        ]
        shown = {"gate": gate, "policy_version": version, "certificates": documents}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for one in issued:
        certificate = one.certificate
        name = gate if certificate.scope is None else f"{gate}, category {certificate.scope}"
        typer.echo(f"{name}: {in_english(certificate)}.")
        low, high = certificate.thresholds.low, certificate.thresholds.high
        typer.echo(f"  approve above {_side(high)}, reject up to {_side(low)}")
        typer.echo(f"  of such items {certificate.coverage:.1%} are decided by the gate")
    typer.echo(f"Version {version} of {gate} is in force.")


def _side(threshold: float | None) -> str:
    return "nothing" if threshold is None else f"{threshold:.6g}"
