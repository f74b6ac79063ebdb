"""The embedded model against itself in fp32: the price of fp32, and what is left of it.

The fp32 side is as good as we can make it: the same fused operators, the same session options.
"""

import json
import shutil
from pathlib import Path

import onnx

from bench.servers import BUNDLE
from service.scoring.bundle import CARD, MODEL, load_bundle, sha256
from training.precision.fusing import fused


def models_in_fp32(folder: Path) -> Path:
    """A folder of bundles with the embedded one in fp32, for `GATE_MODELS_DIR`."""
    bundle = folder / BUNDLE.name
    shutil.copytree(BUNDLE, bundle)
    model = fused(onnx.load_from_string(load_bundle(BUNDLE).model)).SerializeToString()
    (bundle / MODEL).write_bytes(model)
    card = json.loads((bundle / CARD).read_text())
    card["files"][MODEL], card["precision"] = sha256(model), "fp32"
    (bundle / CARD).write_text(json.dumps(card))
    return folder
