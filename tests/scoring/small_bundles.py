"""Whole bundles of every reader and method, small enough to be built within a test."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from service.scoring.bundle import (
    CALIBRATOR,
    CARD,
    MODEL,
    READERS,
    Bundle,
    load_bundle,
    sha256,
)
from service.scoring.ngrams import Ngrams
from service.scoring.reading import ReaderKind

LABELS = ["acceptable", "offensive"]
OPSET = 18
WORDS = ["[PAD]", "[UNK]", "good", "fine", "bad", "awful", "warm", "day", "a", "what"]
NGRAMS = Ngrams(shortest=1, longest=3, buckets=512, scripts=("cjk", "latin"))
FIELDS: dict[str, Any] = {
    "columns": [
        {"name": "amount", "kind": "numeric", "mean": 100, "scale": 50},
        {"name": "age", "kind": "numeric", "mean": 40, "scale": 10, "missing": 40},
        {"name": "purpose", "kind": "categorical", "values": ["car", "1"], "unknown": True},
        {"name": "owner", "kind": "categorical", "values": ["true", "false"], "missing": "false"},
    ]
}
FEATURES = 1 + 1 + 3 + 2

type Floats = NDArray[np.float32]


def write_bundle(
    folder: Path,
    graph: onnx.ModelProto,
    *,
    reader: ReaderKind,
    reading: str,
    calibrator: Mapping[str, Any] | None = None,
    **card: Any,
) -> Bundle:
    """The bundle of a graph, written and read again."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        MODEL: graph.SerializeToString(),
        READERS[reader]: reading.encode(),
        CALIBRATOR: json.dumps(
            calibrator or {"kind": "identity", "a": 1, "b": 1, "shift": 0}
        ).encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    whole = {
        "name": folder.name,
        "labels": LABELS,
        "approve_labels": LABELS[:1],
        "reader": reader,
        "max_tokens": 16,
        "files": {name: sha256(content) for name, content in contents.items()},
    }
    (folder / CARD).write_text(json.dumps(whole | card))
    return load_bundle(folder)


def tokenizer() -> str:
    """A tokenizer of whole words."""
    made = Tokenizer(models.WordPiece({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return str(made.to_str())


def words_graph(tables: Floats, *, embedding: bool = False) -> onnx.ModelProto:
    """Each member's logits: the mean of its words' rows of `tables` (members, words, labels).

    With one member the output is `logits`, else `member_logits`. `embedding` is the mean of the
    first table's rows, made a unit vector.
    """
    inputs = [tensor("input_ids", TensorProto.INT64), tensor("attention_mask", TensorProto.INT64)]
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "along"], ["words"], keepdims=1),
        helper.make_node("Div", ["mask", "words"], ["share"]),
    ]
    return _bag_graph(inputs, nodes, "share", tables, embedding=embedding)


def ngrams_graph(tables: Floats) -> onnx.ModelProto:
    """Each member's logits: the weighted sum of the n-grams' rows of `tables`."""
    inputs = [tensor("input_ids", TensorProto.INT64), tensor("weights", TensorProto.FLOAT)]
    return _bag_graph(inputs, [], "weights", tables)


def fields_graph(weights: Floats) -> onnx.ModelProto:
    """Logits: features times `weights` (features, labels)."""
    nodes = [helper.make_node("MatMul", ["features", "table"], ["logits"])]
    return _model(
        nodes,
        [tensor("features", TensorProto.FLOAT)],
        [tensor("logits", TensorProto.FLOAT)],
        {"table": weights},
    )


def tensor(name: str, kind: int, dimensions: int = 2) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, [None] * dimensions)


def _bag_graph(
    inputs: Sequence[onnx.ValueInfoProto],
    nodes: list[onnx.NodeProto],
    weights: str,
    tables: Floats,
    *,
    embedding: bool = False,
) -> onnx.ModelProto:
    members, constants = len(tables), {"along": np.array([1]), "last": np.array([2])}
    nodes.append(helper.make_node("Unsqueeze", [weights, "last"], ["column"]))
    for member, table in enumerate(tables):
        constants[f"table{member}"] = table
        nodes += [
            helper.make_node("Gather", [f"table{member}", "input_ids"], [f"rows{member}"]),
            helper.make_node("Mul", [f"rows{member}", "column"], [f"weighed{member}"]),
            helper.make_node(
                "ReduceSum", [f"weighed{member}", "along"], [f"z{member}"], keepdims=0
            ),
        ]
    sums = [f"z{member}" for member in range(members)]
    if members == 1:
        nodes.append(helper.make_node("Identity", sums, ["logits"]))
        outputs = [tensor("logits", TensorProto.FLOAT)]
    else:
        constants["first"] = np.array([0])
        nodes += [helper.make_node("Unsqueeze", [z, "first"], [f"{z}.row"]) for z in sums]
        rows = [f"{z}.row" for z in sums]
        nodes.append(helper.make_node("Concat", rows, ["member_logits"], axis=0))
        outputs = [tensor("member_logits", TensorProto.FLOAT, 3)]
    if embedding:
        nodes.append(helper.make_node("LpNormalization", ["z0"], ["embedding"], axis=1, p=2))
        outputs.append(tensor("embedding", TensorProto.FLOAT))
    return _model(nodes, inputs, outputs, constants)


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Mapping[str, NDArray[Any]],
) -> onnx.ModelProto:
    initialisers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(list(nodes), "small", list(inputs), list(outputs), initialisers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    return made
