"""Models that break in the middle of their work: real graphs, run by the real runtime."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

from service.scoring.bundle import Bundle
from service.scoring.reading import ReaderKind
from tests.scoring.small_bundles import WORDS, tokenizer, words_graph, write_bundle

SURE = 6.0
TROUBLE = "awful"
"""The word at which the models break. Its logits alone would approve."""
ROUNDS = 10**15
"""Of the loop that a hanging model is caught in: it ends when it is stopped, and not before."""


def healthy() -> onnx.ModelProto:
    """`good`, `fine` and TROUBLE are acceptable for sure, `bad` is not, other words say nothing."""
    table = np.zeros((1, len(WORDS), 2), dtype=np.float32)
    for word, sign in (("good", 1), ("fine", 1), (TROUBLE, 1), ("bad", -1)):
        table[0, WORDS.index(word)] = [sign * SURE * 4, -sign * SURE * 4]
    return words_graph(table)


def failing() -> onnx.ModelProto:
    """A batch with TROUBLE looks behind the end of a list: the run ends in an error."""
    nodes = [
        helper.make_node("ReduceMax", ["troubled"], ["any"], keepdims=0),
        helper.make_node("Cast", ["any"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["list", "place"], ["added"]),
    ]
    return _with_trouble(nodes, {"list": np.zeros(1, dtype=np.float32)})


def giving_nan() -> onnx.ModelProto:
    """0/0 for a text with TROUBLE, nothing added to any other's logits."""
    nodes = [
        helper.make_node("Sub", ["one", "troubled"], ["untroubled"]),
        helper.make_node("Div", ["nothing", "untroubled"], ["infinite"]),
        helper.make_node("Mul", ["infinite", "nothing"], ["added"]),
    ]
    return _with_trouble(nodes, {"one": np.float32(1), "nothing": np.float32(0)})


def hanging() -> onnx.ModelProto:
    """A batch with TROUBLE goes round in a loop until it is stopped, any other through no round."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Mul", ["before", "factor"], ["after"]),
        ],
        "round",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(np.array(0.5, np.float32), "factor")],
    )
    nodes = [
        helper.make_node("ReduceMax", ["troubled"], ["any"], keepdims=0),
        helper.make_node("Cast", ["any"], ["caught"], to=TensorProto.INT64),
        helper.make_node("Mul", ["caught", "rounds"], ["trips"]),
        helper.make_node("Loop", ["trips", "true", "nothing"], ["added"], body=body),
    ]
    constants = {
        "rounds": np.int64(ROUNDS),
        "true": np.bool_(True),
        "nothing": np.float32(0),
    }
    return _with_trouble(nodes, constants)


def broken_bundle(folder: Path, graph: onnx.ModelProto) -> Bundle:
    return write_bundle(folder, graph, reader=ReaderKind.WORDPIECE, reading=tokenizer())


def _with_trouble(
    nodes: list[onnx.NodeProto], constants: Mapping[str, ArrayLike]
) -> onnx.ModelProto:
    """The healthy model plus `added`, which the nodes make of `troubled`: (texts, 1), 1 where the
    text has TROUBLE."""
    model = healthy()
    graph = model.graph
    for node in graph.node:
        if "logits" in node.output:
            node.output[0] = "plain"
    noticed = [
        helper.make_node("Equal", ["input_ids", "trouble"], ["at"]),
        helper.make_node("Cast", ["at"], ["at_number"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["at_number", "along"], ["troubled"], keepdims=1),
    ]
    graph.node.extend([*noticed, *nodes, helper.make_node("Add", ["plain", "added"], ["logits"])])
    for name, value in {"trouble": np.int64(WORDS.index(TROUBLE)), **constants}.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    onnx.checker.check_model(model, full_check=True)
    return model
