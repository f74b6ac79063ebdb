"""The embedded model against itself in fp32: the price of fp32, and what is left of it.

The fp32 side is as good as we can make it: the same fused operators, the same session options.
"""

import shutil
from pathlib import Path

from bench.servers import BUNDLE
from service.scoring.bundle import MODEL, load_bundle
from training.precision import Precision, in_precision, write_card


def models_in_fp32(folder: Path) -> Path:
    """A folder of bundles with the embedded one in fp32, for `GATE_MODELS_DIR`."""
    bundle = folder / BUNDLE.name
    shutil.copytree(BUNDLE, bundle)
    original = load_bundle(BUNDLE)
    model = in_precision(original, Precision.FP32, [])
    (bundle / MODEL).write_bytes(model.SerializeToString())
    write_card(bundle, {**original.card, "precision": str(Precision.FP32)})
    return folder
