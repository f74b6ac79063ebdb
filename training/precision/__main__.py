"""Write a bundle in another precision, with a calibrator, drift, accuracy and report of its own.

SOURCE is `davidson`, or a CSV file with the columns text and label (1 where approving is right):
the kind of texts that the bundle was trained on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from training.corpus import corpus
from training.precision import Precision, quantise, write_card
from training.report import report


def main(
    bundle: Annotated[Path, typer.Argument(help="Folder of the bundle.")],
    precision: Annotated[Precision, typer.Argument()],
    out: Annotated[Path, typer.Argument(help="Folder of the new one; may not be the bundle's.")],
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
) -> None:
    texts = corpus(source)
    card: dict[str, Any] = dict(quantise(bundle, precision, out, texts))
    figures, page = report(out, texts)
    write_card(out, card | {"metrics": figures})
    (out / "REPORT.md").write_text(page + told(card) + "\n", encoding="utf-8")
    print(told(card))


def told(card: Mapping[str, Any]) -> str:
    """The line of the report on what the precision cost."""
    found = card["quantised"]
    return (
        f"- Precision {card['precision']} (`python -m training.precision`), against "
        f"{found['from']}, {found['items']} texts of the validation part: scores differ by "
        f"{found['mean']:.4f} on average and {found['most']:.3f} at most, "
        f"{found['verdicts_flipped']} verdicts flip, accuracy {found['accuracy']:.4f} against "
        f"{found['accuracy_before']:.4f}. Alone and in a batch of up to 32 a score differs by "
        f"{found['batch_drift']:.1e} at most, {found['batch_verdicts_flipped']} verdicts flip."
    )


if __name__ == "__main__":
    typer.run(main)
