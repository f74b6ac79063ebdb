"""fp16 for GPUs: half the memory, and the tensor cores. Inputs and outputs stay as they are."""

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16


def half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of an fp32 model whose weights and arithmetic are fp16."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    converted: onnx.ModelProto = convert_float_to_float16(copy, keep_io_types=True)
    return converted
