"""The ONNX graph of a trained model, as bundles hold it."""

from collections.abc import Mapping

import onnx
import torch

from training.embedding import with_embedding
from training.encoder import Classifier

OPSET = 18
PENDING = ".output"


class ManyOpinions(torch.nn.Module):
    """Token ids and mask (texts, tokens) to `member_logits` (members, texts, labels) and
    `embedding` (texts, width), the members' mean vector at length 1."""

    outputs = ("member_logits", "embedding")

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The outputs in order."""
        logits, means = self.model(input_ids, attention_mask)
        return logits, torch.nn.functional.normalize(means.mean(0), dim=-1)


class OneOpinion(torch.nn.Module):
    """Token ids and mask (texts, tokens) to `logits` (texts, labels)."""

    outputs = ("logits",)

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The output."""
        logits: torch.Tensor = self.model(input_ids, attention_mask)[0]
        return logits


def to_onnx(model: torch.nn.Module) -> onnx.ModelProto:
    """The fp32 graph of a classifier, an ensemble or a model with frozen dropout: its logits, and
    the text's embedding."""
    one = isinstance(model, Classifier)
    graph = (OneOpinion(model) if one else ManyOpinions(model)).eval()
    ids = torch.full((2, 8), 100, dtype=torch.int64)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    program = torch.onnx.export(
        graph,
        (ids, torch.ones_like(ids)),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=[f"{name}{PENDING}" for name in graph.outputs],
        dynamic_shapes={"input_ids": axes, "attention_mask": axes},
    )
    if program is None:
        raise ValueError("torch gave no ONNX program.")
    found: onnx.ModelProto = program.model_proto
    # torch calls other values by these names too, whatever the outputs are called.
    _rename(found.graph, {name: f"{name}.inner" for name in graph.outputs})
    _rename(found.graph, {f"{name}{PENDING}": name for name in graph.outputs})
    # torch notes the source lines of this machine in every node; the graph does without.
    for part in (*found.graph.node, *found.graph.value_info, *found.graph.input, found.graph):
        del part.metadata_props[:]
        part.doc_string = ""
    return with_embedding(found) if one else found


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.value_info, *graph.output):
        value.name = names.get(value.name, value.name)
