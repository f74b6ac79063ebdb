"""Static int8: matrices and what they are multiplied with in 8 bits, at four times fp32's pace.

Weights have one scale per output column. What comes in has one scale and zero point per tensor,
fixed beforehand on training texts, so that a text's score depends on no other text: dynamic int8
takes them from the batch at hand. Everything between the products stays fp32.
B. Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only
inference, 2018.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from training.precision.graphs import Graph, ours
from training.quantise import SMALLEST, codes_of

PERCENTILES = (0.01, 99.99)
"""What lies outside is clipped: a few outliers would take the steps from all the rest."""

MOST_VALUES = 2_000_000
"""Values of one tensor that its range is taken from."""

type Feed = Mapping[str, NDArray[np.generic]]


def static_int8(model: onnx.ModelProto, feeds: Iterable[Feed]) -> onnx.ModelProto:
    """A copy of a (fused, fp32) model whose products with large constant matrices are int8.

    `feeds`: inputs of one item each, without padding, typical of what the model will see.
    """
    graph = Graph(model)
    products = [node for node in graph.of("MatMul") if _is_large(graph, node.input[1])]
    ranges = _ranges(model, sorted({node.input[0] for node in products}), feeds)
    coded: dict[str, list[str]] = {}
    for node in products:
        entering = node.input[0]
        if entering not in coded:
            scale, zero = _step(*ranges[entering])
            coded[entering] = [
                f"{entering}.u8",
                graph.keep(f"{entering}.step", scale),
                graph.keep(f"{entering}.zero", zero),
            ]
            to_codes = helper.make_node(
                "QuantizeLinear", [entering, *coded[entering][1:]], coded[entering][:1]
            )
            graph.put_before(node, [to_codes])
        _multiply_codes(graph, node, *coded[entering])
    return graph.done()


def _multiply_codes(
    graph: Graph, node: onnx.NodeProto, entering: str, step: str, zero: str
) -> None:
    """The product in int8, with the bias that follows, if one does."""
    weights = graph.constant(node.input[1])
    assert weights is not None
    codes, scales = codes_of(weights.astype(np.float32), axis=0)
    name = node.input[1].removesuffix(".fp32")
    inputs = [
        entering,
        graph.keep(f"{name}.int8", codes),
        step,
        graph.keep(f"{name}.scale", scales.reshape(-1)),
        zero,
    ]
    users = graph.users(node.output[0])
    bias = users[0].op_type == "Add" and next(
        (name for name in users[0].input if graph.constant(name) is not None), None
    )
    if len(users) == 1 and bias:
        product = ours("MatMulIntegerToFloat", [*inputs, "", bias], users[0].output)
        graph.replace(users[0], [])
    else:
        product = ours("MatMulIntegerToFloat", inputs, node.output)
    graph.replace(node, [product])


def _is_large(graph: Graph, tensor: str) -> bool:
    value = graph.constant(tensor)
    return value is not None and value.ndim == 2 and value.size >= SMALLEST


def _ranges(
    model: onnx.ModelProto, tensors: list[str], feeds: Iterable[Feed]
) -> dict[str, tuple[float, float]]:
    """Between which values each tensor lies, but for the outermost."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(
        helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None) for tensor in tensors
    )
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    seen: dict[str, list[NDArray[np.float32]]] = {tensor: [] for tensor in tensors}
    for feed in feeds:
        for tensor, value in zip(tensors, session.run(tensors, dict(feed)), strict=True):
            seen[tensor].append(value.ravel())
    ranges = {}
    for tensor, values in seen.items():
        every = np.concatenate(values)
        some = every[:: max(1, every.size // MOST_VALUES)]
        low, high = np.percentile(some, PERCENTILES)
        ranges[tensor] = (min(float(low), 0.0), max(float(high), 0.0))  # zero must have a code
    return ranges


def _step(low: float, high: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Scale and zero point of the codes 0 to 255 between two values."""
    scale = (high - low) / 255 or 1.0
    return np.array(scale, np.float32), np.array(round(-low / scale), np.uint8)
