"""Bundles in other precisions: what they keep of the scores, and why dynamic int8 is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from corpora import LabelledText
from service.domain.decision import Item
from service.domain.errors import BrokenBundle
from service.scoring.bundle import CARD, MODEL, Bundle, load_bundle, sha256
from service.scoring.heads import Method, member_probabilities
from service.scoring.readers import make_reader
from service.scoring.runner import PlainRunner
from service.scoring.session import Provider, Runtime, open_session
from tests.scoring.comments import ABUSIVE, FINE, texts_of_many_lengths
from training.precision import Precision, in_precision
from training.precision.fusing import restored
from training.precision.graphs import CONTRIB, ours

TEXTS = [*FINE, *ABUSIVE, *texts_of_many_lengths(60)]
TYPICAL = [
    LabelledText(text=text, label=1, approving_share=1.0)
    for text in [*FINE, *ABUSIVE, *texts_of_many_lengths(20)]
]


def scores(bundle: Bundle, model: bytes, *, largest_batch: int) -> np.ndarray:
    """P(the first label) of every text, in batches of texts in their order."""
    reader = make_reader(bundle)
    session = open_session(model, Runtime(provider=Provider.CPU))
    runner = PlainRunner(session, ["logits"])
    read = [reader.read(Item(text=text)) for text in TEXTS]
    found = [
        member_probabilities(Method.SOFTMAX, runner.run(read[start : start + largest_batch]))
        for start in range(0, len(read), largest_batch)
    ]
    return np.concatenate([p[0, :, 0] for p in found])


@pytest.fixture(scope="module")
def exact(bundle: Bundle) -> np.ndarray:
    """What the bundle says in fp32 arithmetic, whatever its own precision is."""
    model = restored(onnx.load_from_string(bundle.model))
    return scores(bundle, model.SerializeToString(), largest_batch=1)


@pytest.mark.parametrize(
    ("precision", "apart"),
    [
        (Precision.FP32, 1e-4),
        (Precision.INT8_WEIGHTS, 1e-4),
        (Precision.FP16, 0.02),
        (Precision.INT8_STATIC, 0.1),
    ],
)
def test_another_precision_says_nearly_the_same_and_the_same_in_any_batch(
    bundle: Bundle, exact: np.ndarray, precision: Precision, apart: float
) -> None:
    model = in_precision(bundle, precision, TYPICAL).SerializeToString()
    alone, together = (scores(bundle, model, largest_batch=size) for size in (1, 32))
    assert np.abs(alone - exact).max() < apart
    assert np.abs(alone - exact).mean() < apart / 10
    assert np.abs(alone - together).max() < (1e-3 if precision is Precision.FP16 else 1e-5)


def test_static_int8_multiplies_in_int8_and_takes_no_more_room(bundle: Bundle) -> None:
    model = in_precision(bundle, Precision.INT8_STATIC, TYPICAL)
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("MatMulIntegerToFloat") == 36  # six a layer
    assert operators.count("MultiHeadAttention") == operators.count("Gelu") == 6
    assert not {"DynamicQuantizeLinear", "Erf", "Softmax"} & set(operators)
    assert model.ByteSize() < 1.05 * len(bundle.model)


def test_static_int8_can_be_made_fp32_again(bundle: Bundle, exact: np.ndarray) -> None:
    static = in_precision(bundle, Precision.INT8_STATIC, TYPICAL)
    back = restored(static)
    assert "MatMulIntegerToFloat" not in {node.op_type for node in back.graph.node}
    found = scores(bundle, back.SerializeToString(), largest_batch=1)
    assert np.abs(found - exact).max() < 1e-4


@pytest.fixture(scope="module")
def dynamic(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("dynamic")
    onnx.save(restored(onnx.load_from_string(bundle.model)), folder / "exact.onnx")
    quantize_dynamic(
        folder / "exact.onnx",
        folder / MODEL,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return (folder / MODEL).read_bytes()


def test_dynamic_int8_gives_a_text_another_score_in_another_batch(
    bundle: Bundle, dynamic: bytes
) -> None:
    alone, together = (scores(bundle, dynamic, largest_batch=size) for size in (1, 32))
    assert np.abs(alone - together).max() > 0.003


def test_so_it_is_refused_and_the_remedy_is_told(folder: Path, dynamic: bytes) -> None:
    (folder / MODEL).write_bytes(dynamic)
    card = json.loads((folder / CARD).read_text())
    card["files"][MODEL] = sha256(dynamic)
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(BrokenBundle, match="another score in another batch") as refused:
        load_bundle(folder)
    assert "int8-static" in str(refused.value.fix)


def test_a_node_that_is_only_named_so_is_no_reason_to_refuse(folder: Path, bundle: Bundle) -> None:
    model = onnx.load_from_string(bundle.model)
    model.graph.node[0].name = "DynamicQuantizeLinear"
    (folder / MODEL).write_bytes(model.SerializeToString())
    card = json.loads((folder / CARD).read_text())
    card["files"][MODEL] = sha256((folder / MODEL).read_bytes())
    (folder / CARD).write_text(json.dumps(card))
    load_bundle(folder)


def test_the_largest_products_are_exact_on_every_cpu() -> None:
    """The fast product of AVX2 saturates at 16 bits, and 2 * 255 * 127 is more than they hold."""
    weights = np.full((64, 16), 127, np.int8)
    values: dict[str, NDArray[Any]] = {
        "weights": weights,
        "step": np.array(1, np.float32),
        "scale": np.ones(16, np.float32),
        "zero": np.array(0, np.uint8),
    }
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in values.items()]
    product = ours(
        "MatMulIntegerToFloat", ["codes", "weights", "step", "scale", "zero"], ["product"]
    )
    graph = onnx.helper.make_graph(
        [product],
        "product",
        [onnx.helper.make_tensor_value_info("codes", onnx.TensorProto.UINT8, [1, 64])],
        [onnx.helper.make_tensor_value_info("product", onnx.TensorProto.FLOAT, [1, 16])],
        constants,
    )
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid(CONTRIB, 1)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = open_session(model.SerializeToString(), Runtime(provider=Provider.CPU))
    [found] = session.run(None, {"codes": np.full((1, 64), 255, np.uint8)})
    assert (found == 255 * 127 * 64).all()
