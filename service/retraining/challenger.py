"""The bundle of a challenger: the champion's files, another head, another calibrator."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from service.confidence.calibrators import AnyCalibrator
from service.domain.values import Json
from service.retraining.fitting import Fitted
from service.scoring.bundle import CALIBRATOR, CARD, Bundle, load_bundle, sha256
from service.scoring.learned_head import HEAD

OF_THE_CHAMPION = ("metrics", "calibration", "int8_drift", "retrained")
"""What a card says of its bundle's figures, which are not the challenger's."""


def write_challenger(
    champion: Bundle,
    fitted: Fitted,
    calibrated: Callable[[Bundle], AnyCalibrator],
    folder: Path,
    about: Mapping[str, Json],
) -> Bundle:
    """Write the challenger into `folder`. Its calibrator is what `calibrated` makes of the bundle
    with the champion's; `about` says in the card where it comes from."""
    folder.mkdir(parents=True)
    for name, content in champion.files.items():
        (folder / name).write_bytes(content)
    (folder / HEAD).write_bytes(fitted.head.to_file())
    head: dict[str, Json] = {
        "penalty": fitted.penalty,
        "log_loss": fitted.log_loss,
        "log_loss_without": fitted.log_loss_without,
    }
    card = {name: value for name, value in champion.card.items() if name not in OF_THE_CHAMPION}
    card["retrained"] = {"parent": champion.version, "head": head, **about}
    names = sorted({*champion.files, HEAD})
    _write_card(folder, card, names)
    calibrator = calibrated(load_bundle(folder))
    document = json.dumps(calibrator.to_json(), indent=2) + "\n"
    (folder / CALIBRATOR).write_text(document, encoding="utf-8")
    _write_card(folder, card, names)
    return load_bundle(folder)


def _write_card(folder: Path, card: Mapping[str, Json], names: list[str]) -> None:
    hashes = {name: sha256((folder / name).read_bytes()) for name in names}
    document = json.dumps({**card, "files": hashes}, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(document, encoding="utf-8")
