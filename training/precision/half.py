"""fp16 for GPUs: half the memory, and the tensor cores. Inputs and outputs stay as they are."""

import onnx
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

LEFT = [operator for operator in DEFAULT_OP_BLOCK_LIST if operator != "Max"]
"""What stays fp32. Max need not: every runtime of today has it in fp16, and where the converter
does not know a tensor's type, behind fused attention, it would leave Max with one of each."""


def half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of an fp32 model whose weights and arithmetic are fp16."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    converted: onnx.ModelProto = convert_float_to_float16(
        copy, keep_io_types=True, op_block_list=LEFT
    )
    return converted
