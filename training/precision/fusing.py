"""The same graph in fewer, faster operators: what ONNX Runtime's own patterns miss in torch's.

Each rewrite looks for one shape of subgraph and leaves everything else as it is.
"""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper

from training.precision.graphs import Graph, ours

MASK = "attention_mask"


def restored(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with fp32 matrices and products, where they were made int8."""
    graph = Graph(model)
    restore_weights(graph)
    restore_products(graph)
    return graph.done()


def fused(model: onnx.ModelProto) -> onnx.ModelProto:
    """The restored model, with Gelu and attention as one operator each."""
    graph = Graph(restored(model))
    fuse_gelu(graph)
    fuse_attention(graph)
    return graph.done()


def restore_weights(graph: Graph) -> None:
    """Matrices kept as int8 codes and scales (see quantise.py) become fp32 constants again.
    Embeddings stay int8: their rows are restored as they are gathered."""
    for node in graph.of("MatMul", "Gemm"):
        multiplied = graph.maker(node.input[1])
        cast = multiplied and graph.maker(multiplied.input[0])
        if multiplied is None or cast is None or cast.op_type != "Cast":
            continue
        codes, scale = graph.constant(cast.input[0]), graph.constant(multiplied.input[1])
        if codes is not None and scale is not None:
            restored = codes.astype(np.float32) * scale
            node.input[1] = graph.keep(f"{cast.input[0].removesuffix('.int8')}.fp32", restored)


def restore_products(graph: Graph) -> None:
    """Products in int8 (see static_int8.py) become products in fp32 again, with their biases."""
    for node in graph.of("MatMulIntegerToFloat"):
        coded = graph.maker(node.input[0])
        codes, scale = graph.constant(node.input[1]), graph.constant(node.input[3])
        if coded is None or coded.op_type != "QuantizeLinear" or codes is None or scale is None:
            continue
        restored = codes.astype(np.float32) * scale
        weights = graph.keep(f"{node.input[1].removesuffix('.int8')}.fp32", restored)
        bias = node.input[6] if len(node.input) > 6 else None
        product = f"{node.output[0]}.unbiased" if bias else node.output[0]
        nodes = [helper.make_node("MatMul", [coded.input[0], weights], [product])]
        if bias:
            nodes.append(helper.make_node("Add", [product, bias], node.output))
        graph.replace(node, nodes)


def fuse_gelu(graph: Graph) -> None:
    """x * (1 + erf(x / sqrt(2))) / 2, in five operators, as one."""
    for erf in graph.of("Erf"):
        halved = _followed(graph, erf, "Add", "Mul")
        whole = halved and _only_user(graph, halved.output[0], "Mul")
        scaled = graph.maker(erf.input[0])
        if whole is None or scaled is None or scaled.op_type != "Div":
            continue
        x, root = scaled.input[0], graph.constant(scaled.input[1])
        is_gelu = root is not None and math.isclose(float(root), math.sqrt(2), rel_tol=1e-6)
        if is_gelu and x in whole.input:
            graph.replace(whole, [ours("Gelu", [x], whole.output)])


def fuse_attention(graph: Graph) -> None:
    """softmax(q k' / sqrt(d) + mask) v for every head as one."""
    if MASK not in {given.name for given in graph.model.graph.input}:
        return
    for softmax in graph.of("Softmax"):
        found = _attention(graph, softmax)
        if found is None:
            continue
        projections, heads, result = found
        mask = f"{MASK}.int32"
        if graph.maker(mask) is None:
            cast = helper.make_node("Cast", [MASK], [mask], to=TensorProto.INT32)
            graph.put_before(graph.nodes[0], [cast])
        inputs = [*projections, "", mask]  # biases are added before: for nothing, in int8
        graph.replace(result, [ours("MultiHeadAttention", inputs, result.output, num_heads=heads)])


type _Found = tuple[list[str], int, onnx.NodeProto]


def _attention(graph: Graph, softmax: onnx.NodeProto) -> _Found | None:
    """The three projections, the number of heads, and the node that ends it."""
    masked = graph.maker(softmax.input[0])
    scaled = masked and masked.op_type == "Add" and graph.maker(masked.input[0])
    product = scaled and scaled.op_type == "Mul" and graph.maker(scaled.input[0])
    weighed = _only_user(graph, softmax.output[0], "MatMul")
    result = weighed and _followed(graph, weighed, "Transpose", "Reshape")
    if not product or product.op_type != "MatMul" or not scaled or not weighed or not result:
        return None
    projections = [
        _projection(graph, tensor)
        for tensor in (product.input[0], product.input[1], weighed.input[1])
    ]
    scale = graph.constant(scaled.input[1])
    if scale is None or any(projection is None for projection in projections):
        return None
    known = [projection for projection in projections if projection is not None]
    width = known[0][1]
    heads = round(width * float(scale.reshape(())) ** 2)  # the scale is 1 / sqrt(width / heads)
    return [tensor for tensor, _ in known], heads, result


def _projection(graph: Graph, tensor: str) -> tuple[str, int] | None:
    """A projection, and its width, behind Reshape and Transpose."""
    transposed = graph.maker(tensor)
    shaped = transposed and transposed.op_type == "Transpose" and graph.maker(transposed.input[0])
    added = shaped and shaped.op_type == "Reshape" and graph.maker(shaped.input[0])
    if not added or added.op_type != "Add":
        return None
    biases = (graph.constant(name) for name in added.input)
    width = next((bias.size for bias in biases if bias is not None and bias.ndim == 1), None)
    return None if width is None else (added.output[0], width)


def _followed(graph: Graph, node: onnx.NodeProto, *kinds: str) -> onnx.NodeProto | None:
    """The last of the nodes of these kinds that follow, each the only user of the one before."""
    current: onnx.NodeProto | None = node
    for kind in kinds:
        current = current and _only_user(graph, current.output[0], kind)
    return current


def _only_user(graph: Graph, tensor: str, kind: str) -> onnx.NodeProto | None:
    users = graph.users(tensor)
    return users[0] if len(users) == 1 and users[0].op_type == kind else None
