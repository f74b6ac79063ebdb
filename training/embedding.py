"""A second output for a classifier's graph: the text as a unit vector, near in angle if alike.

It is what the head reads, the mean of the encoder's token vectors, divided by its length. Nothing
that leads to the logits is touched, so they stay as they were, bit for bit.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUTPUT = "embedding"
SHORTEST = np.array(1e-12, dtype=np.float32)  # no vector is divided by less


def with_embedding(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a graph that ends in one linear head, with the output `embedding` (texts, width).

    Raises ValueError for a graph that does not end so.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    heads = [node for node in graph.node if "logits" in node.output]
    if len(heads) != 1 or heads[0].op_type != "Gemm":
        raise ValueError("The graph's logits do not come from one linear head.")
    _free(OUTPUT, graph)
    pooled = heads[0].input[0]
    width = next(tensor for tensor in graph.initializer if tensor.name == heads[0].input[1]).dims[1]
    graph.initializer.append(numpy_helper.from_array(np.array([1]), f"{OUTPUT}.axis"))
    graph.initializer.append(numpy_helper.from_array(SHORTEST, f"{OUTPUT}.shortest"))
    # Of plain operators, which every execution provider has.
    graph.node.extend(
        [
            helper.make_node("ReduceL2", [pooled, f"{OUTPUT}.axis"], [f"{OUTPUT}.length"]),
            helper.make_node(
                "Max", [f"{OUTPUT}.length", f"{OUTPUT}.shortest"], [f"{OUTPUT}.divisor"]
            ),
            helper.make_node("Div", [pooled, f"{OUTPUT}.divisor"], [OUTPUT]),
        ]
    )
    texts = graph.output[0].type.tensor_type.shape.dim[0].dim_param or "texts"
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [texts, width]))
    onnx.checker.check_model(result, full_check=True)
    return result


def _free(name: str, graph: onnx.GraphProto) -> None:
    """Give another name to what goes by this one inside the graph, as torch's token vectors do."""
    for node in graph.node:
        for names in (node.input, node.output):
            for place, known in enumerate(names):
                if known == name:
                    names[place] = f"{name}.inner"
    for value in graph.value_info:
        if value.name == name:
            value.name = f"{name}.inner"
