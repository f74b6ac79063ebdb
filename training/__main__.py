"""Train a model on labelled texts, export it as a bundle, report what it is worth.

SOURCE is `davidson`, or a CSV file with the columns text, label (1 where approving is right) and,
if known, votes (the share of the people asked who would approve, as 0.67 or 2/3). NAME is
`embedded` for davidson, else that of the file.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from corpora import DAVIDSON
from service.scoring.bundle import CARD
from service.scoring.heads import Method
from training import compare as comparison
from training import novelty, table
from training.corpus import LABELS, Corpus, corpus
from training.export import export, write_card
from training.models import assembled, train
from training.report import report
from training.settings import Settings

SETTINGS = "settings.json"
REPORT = "REPORT.md"

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
console = Console()

Source = Annotated[str, typer.Argument(metavar="SOURCE")]
Run = Annotated[
    Path | None, typer.Option(help="Folder of checkpoints and weights. [var/training/NAME]")
]
Bundle = Annotated[Path | None, typer.Option(help="Folder of the bundle. [models/NAME]")]
Labels = Annotated[str, typer.Option(help="What a file's labels 1 and 0 are called.")]
Languages = Annotated[str, typer.Option(help="Of a file's texts, such as en or en,de.")]

RUNS = Path("var/training")
BUNDLES = Path("models")
COMPARED = RUNS / "compare"
REPORTS = BUNDLES / "reports"
EMBEDDED = "embedded"
NAMES = ",".join(LABELS)
USUAL = Settings()


@app.command()
def build(
    source: Source,
    run: Run = None,
    bundle: Bundle = None,
    labels: Labels = NAMES,
    languages: Languages = "en",
    method: Annotated[Method, typer.Option(help="One opinion, or several.")] = USUAL.method,
    members: Annotated[
        int, typer.Option(min=2, help="Networks of an ensemble, or passes of MC dropout.")
    ] = USUAL.members,
    depth: Annotated[
        int, typer.Option(min=1, max=6, help="Layers of the encoder that are kept, from the first.")
    ] = USUAL.depth,
    learned_layers: Annotated[
        int | None,
        typer.Option(min=1, help="Last layers that learn. Else all, and the embeddings."),
    ] = USUAL.learned_layers,
    epochs: Annotated[int, typer.Option(min=1)] = USUAL.epochs,
    batch: Annotated[int, typer.Option(min=1)] = USUAL.batch,
    learning_rate: Annotated[float, typer.Option(min=0)] = USUAL.learning_rate,
    seed: Annotated[int, typer.Option()] = USUAL.seed,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = USUAL.threads,
) -> None:
    """Train, export and report. The same command goes on after the last whole epoch."""
    texts = _corpus(source, labels, languages)
    settings = Settings(
        method=method,
        members=members,
        depth=depth,
        learned_layers=learned_layers,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        seed=seed,
        threads=threads,
    )
    run = run or RUNS / _name(source)
    bundle = bundle or BUNDLES / _name(source)
    run.mkdir(parents=True, exist_ok=True)
    settings.write(run / SETTINGS)
    with _progress() as progress:
        train(texts, run, settings, progress)
    _export(texts, run, bundle)
    _report(texts, bundle)


@app.command("export")
def export_bundle(
    source: Source,
    run: Run = None,
    bundle: Bundle = None,
    labels: Labels = NAMES,
    languages: Languages = "en",
) -> None:
    """Write the bundle of a trained run: ONNX with int8 weights, tokenizer, calibrator, card."""
    texts = _corpus(source, labels, languages)
    _export(texts, run or RUNS / _name(source), bundle or BUNDLES / _name(source))


@app.command("report")
def report_bundle(
    source: Source, bundle: Bundle = None, labels: Labels = NAMES, languages: Languages = "en"
) -> None:
    """Measure the bundle on the test part; write REPORT.md and the card's metrics."""
    _report(_corpus(source, labels, languages), bundle or BUNDLES / _name(source))


@app.command()
def compare(
    source: Source,
    run: Annotated[Path, typer.Option("--run", help="Folder of what is computed once.")] = COMPARED,
    reports: Annotated[Path, typer.Option(help="Folder of the table and its figures.")] = REPORTS,
    learned_layers: Annotated[
        int | None, typer.Option(min=1, help="Last layers that learn.")
    ] = comparison.SETTINGS.learned_layers,
    epochs: Annotated[int, typer.Option(min=1)] = comparison.SETTINGS.epochs,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = USUAL.threads,
) -> None:
    """Compare the confidence methods on several splits. The table is written after every piece;
    interrupted, the same command goes on."""
    plan = comparison.Plan()
    settings = replace(
        comparison.SETTINGS, learned_layers=learned_layers, epochs=epochs, threads=threads
    )
    torch.set_num_threads(threads)
    folder = run / Path(source).stem
    cards = [json.loads(file.read_text("utf-8")) for file in sorted(BUNDLES.glob(f"*/{CARD}"))]
    reports.mkdir(parents=True, exist_ok=True)
    with _progress() as progress:
        found = comparison.splits(source, plan, settings, folder, progress)
        for _ in comparison.collect(found, plan, folder):
            figures = table.figures(found, plan, settings)
            page = table.page(figures, f"python -m training compare {source}", cards)
            place = reports / Path(source).stem
            place.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
            place.with_suffix(".md").write_text(page)
    console.print(page)


def _name(source: str) -> str:
    """What a source's bundle is called: the embedded one is Davidson's."""
    return EMBEDDED if source == DAVIDSON.name else Path(source).stem


def _corpus(source: str, labels: str, languages: str) -> Corpus:
    match [name.strip() for name in labels.split(",")]:
        case [approving, other] if approving and other and approving != other:
            names = (approving, other)
            return corpus(source, labels=names, languages=tuple(languages.split(",")))
        case _:
            raise typer.BadParameter("--labels needs two names, as in approve,reject")


def _export(texts: Corpus, run: Path, bundle: Path) -> None:
    settings = Settings.read(run / SETTINGS)
    card = export(assembled(run, settings), texts, settings, folder=bundle)
    console.print(f"{bundle}: calibrated by {card['calibration']}")
    console.print(novelty.learn(bundle, texts))


def _report(texts: Corpus, bundle: Path) -> None:
    figures, page = report(bundle, texts)
    card = json.loads((bundle / CARD).read_text(encoding="utf-8"))
    write_card(bundle, card | {"metrics": figures})
    (bundle / REPORT).write_text(page, encoding="utf-8")
    console.print(page)


def _progress() -> Progress:
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


if __name__ == "__main__":
    app()
