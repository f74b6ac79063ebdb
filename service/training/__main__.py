"""Fine-tune the encoder on labelled texts, export it as a bundle, report what it is worth.

SOURCE is `davidson`, or a CSV file with the columns text and label (1 where approving is right).
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from service.scoring.bundle import CARD
from service.training.corpus import corpus
from service.training.export import export, write_card
from service.training.finetune import Settings, finetune, trained
from service.training.report import report

SETTINGS = "settings.json"
REPORT = "REPORT.md"

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
console = Console()

Source = Annotated[str, typer.Argument(metavar="SOURCE")]
Run = Annotated[Path, typer.Option("--run", help="Folder of checkpoints and weights.")]
Bundle = Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")]
Epochs = Annotated[int, typer.Option(min=1)]
Seed = Annotated[int, typer.Option()]
Threads = Annotated[int, typer.Option(min=1, help="Threads of torch.")]

RUN = Path("var/training/embedded")
BUNDLE = Path("models/embedded")
DEFAULTS = Settings()


@app.command()
def build(
    source: Source,
    run: Run = RUN,
    bundle: Bundle = BUNDLE,
    epochs: Epochs = DEFAULTS.epochs,
    seed: Seed = DEFAULTS.seed,
    threads: Threads = DEFAULTS.threads,
) -> None:
    """Train, export and report, one after the other."""
    train(source, run, epochs, seed, threads)
    export_bundle(source, run, bundle)
    report_bundle(source, bundle)


@app.command()
def train(
    source: Source,
    run: Run = RUN,
    epochs: Epochs = DEFAULTS.epochs,
    seed: Seed = DEFAULTS.seed,
    threads: Threads = DEFAULTS.threads,
) -> None:
    """Fine-tune; interrupted, the same command goes on after the last whole epoch."""
    texts = corpus(source)
    settings = Settings(epochs=epochs, seed=seed, threads=threads)
    run.mkdir(parents=True, exist_ok=True)
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        parts = texts.parts
        finetune(parts["train"], parts["validation"], run, settings, progress)
    (run / SETTINGS).write_text(json.dumps(asdict(settings)), encoding="utf-8")


@app.command("export")
def export_bundle(source: Source, run: Run = RUN, bundle: Bundle = BUNDLE) -> None:
    """Write the bundle: ONNX with int8 weights, tokenizer, calibrator, card."""
    settings = Settings(**json.loads((run / SETTINGS).read_text(encoding="utf-8")))
    card = export(trained(run), corpus(source), settings, folder=bundle)
    console.print(f"{bundle}: calibrated by {card['calibration']}")


@app.command("report")
def report_bundle(source: Source, bundle: Bundle = BUNDLE) -> None:
    """Measure the bundle on the test part; write REPORT.md and the card's metrics."""
    figures, page = report(bundle, corpus(source))
    card = json.loads((bundle / CARD).read_text(encoding="utf-8"))
    write_card(bundle, card | {"metrics": figures})
    (bundle / REPORT).write_text(page, encoding="utf-8")
    console.print(page)


if __name__ == "__main__":
    app()
