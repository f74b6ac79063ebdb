"""Looking around in an ONNX graph, and changing it node by node."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

CONTRIB = "com.microsoft"
"""ONNX Runtime's own operators."""


class Graph:
    """A model's graph with who makes and who uses each tensor. `save` sweeps out what is unused."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.nodes = list(self.model.graph.node)
        self._constants = {tensor.name: tensor for tensor in self.model.graph.initializer}

    def of(self, *kinds: str) -> list[onnx.NodeProto]:
        """The nodes of these operators, in order."""
        return [node for node in self.nodes if node.op_type in kinds]

    def maker(self, tensor: str) -> onnx.NodeProto | None:
        """The node that a tensor comes out of; None for inputs and constants."""
        return next((node for node in self.nodes if tensor in node.output), None)

    def users(self, tensor: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if tensor in node.input]

    def constant(self, tensor: str) -> NDArray[Any] | None:
        """The value of a constant; None for what is computed."""
        known = self._constants.get(tensor)
        return None if known is None else numpy_helper.to_array(known)

    def keep(self, name: str, value: NDArray[np.generic]) -> str:
        """Add a constant (once), and give back its name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(value, name)
        return name

    def put_before(self, place: onnx.NodeProto, nodes: Iterable[onnx.NodeProto]) -> None:
        index = next(i for i, node in enumerate(self.nodes) if node is place)
        self.nodes[index:index] = nodes

    def replace(self, old: onnx.NodeProto, nodes: Iterable[onnx.NodeProto]) -> None:
        self.put_before(old, nodes)
        self.nodes = [node for node in self.nodes if node is not old]

    def done(self) -> onnx.ModelProto:
        """The model as it now is, without nodes and constants that nothing needs, checked."""
        graph = self.model.graph
        needed = {output.name for output in graph.output}
        kept = []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input)
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(reversed(kept))
        graph.initializer.extend(t for name, t in self._constants.items() if name in needed)
        if any(node.domain == CONTRIB for node in kept) and not any(
            known.domain == CONTRIB for known in self.model.opset_import
        ):
            self.model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
        onnx.checker.check_model(self.model)
        return self.model


def ours(
    kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
) -> onnx.NodeProto:
    """A node of ONNX Runtime's own operators."""
    return helper.make_node(kind, inputs, outputs, domain=CONTRIB, **attributes)
