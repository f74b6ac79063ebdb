"""Weight-only int8: a quarter of the file, and a score that no batch-mate changes.

Each large matrix is kept as int8 with one scale per column (per row for embeddings). ONNX Runtime
folds `Cast(int8) * scale` of the constants into fp32 once, when the model is loaded; embedding
rows are gathered first and scaled after. Activations stay fp32, so nothing depends on the batch.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 4096  # values; smaller tensors are not worth an error
LARGEST_INT8 = 127


def quantise(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model whose large constant matrices are int8."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    large = {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT
        and len(tensor.dims) == 2
        and np.prod(tensor.dims) >= SMALLEST
    }
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        weight = next((name for name in node.input if name in large), None)
        if node.op_type == "Gather" and weight == node.input[0]:
            nodes += _gathered(node, _keep_int8(graph, large[weight], axis=1))
        elif node.op_type in ("MatMul", "Gemm") and weight == node.input[1]:
            nodes += _multiplied(node, _keep_int8(graph, large[weight], axis=_input_axis(node)))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(result, full_check=True)
    return result


def _keep_int8(graph: onnx.GraphProto, tensor: TensorProto, *, axis: int) -> tuple[str, str]:
    """Add the tensor as int8 and its scales, one per slice along `axis`; their names."""
    codes, scales = codes_of(numpy_helper.to_array(tensor), axis)
    names = f"{tensor.name}.int8", f"{tensor.name}.scale"
    if not any(known.name == names[0] for known in graph.initializer):
        graph.initializer.extend(
            [numpy_helper.from_array(codes, names[0]), numpy_helper.from_array(scales, names[1])]
        )
    return names


def codes_of(
    weights: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 codes and fp32 scales with codes * scales ~ weights, scales kept broadcastable."""
    largest = np.abs(weights).max(axis=axis, keepdims=True)
    scales = np.where(largest == 0, 1, largest / LARGEST_INT8).astype(np.float32)
    codes: NDArray[np.int8] = np.rint(weights / scales).astype(np.int8)
    return codes, scales


def _input_axis(node: onnx.NodeProto) -> int:
    # The scale belongs to an output column; a Gemm may hold its matrix the other way round.
    return int(any(a.name == "transB" and a.i == 1 for a in node.attribute))


def _multiplied(node: onnx.NodeProto, names: tuple[str, str]) -> list[onnx.NodeProto]:
    codes, scale = names
    node.input[1] = f"{codes}.restored"
    return [
        helper.make_node("Cast", [codes], [f"{codes}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{codes}.cast", scale], [f"{codes}.restored"]),
        node,
    ]


def _gathered(node: onnx.NodeProto, names: tuple[str, str]) -> list[onnx.NodeProto]:
    codes, scale = names
    ids, result = node.input[1], node.output[0]
    return [
        helper.make_node("Gather", [codes, ids], [f"{result}.int8"]),
        helper.make_node("Gather", [scale, ids], [f"{result}.scale"]),
        helper.make_node("Cast", [f"{result}.int8"], [f"{result}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{result}.cast", f"{result}.scale"], [result]),
    ]
