"""How a batch goes through a session: as it is on a CPU, in fixed shapes on a GPU."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from service.scoring.reading import Inputs, Row, collate
from service.scoring.session import Grid

type Outputs = dict[str, NDArray[np.float32]]

NO_GRAPH = -1


class Runner(Protocol):
    """Runs batches; any number of threads may call it at once."""

    def run(self, batch: Sequence[Inputs]) -> Outputs:
        """Every output by name, one row (or column of members) per item."""
        ...

    def warm_up(self, probe: Inputs) -> None:
        """Make everything that a first run would have to wait for."""
        ...

    def stop(self) -> None:
        """End the runs under way, also one that hangs: they raise, and so does every later one."""
        ...


class PlainRunner:
    """Each batch in its own shape: right on a CPU, where shapes cost nothing."""

    def __init__(self, session: onnxruntime.InferenceSession, outputs: Sequence[str]) -> None:
        self._session = session
        self._outputs = list(outputs)
        self._options = onnxruntime.RunOptions()

    def run(self, batch: Sequence[Inputs]) -> Outputs:
        found = self._session.run(self._outputs, collate(batch), self._options)
        return dict(zip(self._outputs, found, strict=True))

    def warm_up(self, probe: Inputs) -> None:
        self.run([probe])

    def stop(self) -> None:
        self._options.terminate = True


@dataclass(frozen=True, eq=False)
class _Bound:
    """One shape's buffers on the device, the same at each run, as a recorded graph needs them."""

    binding: Any
    inputs: Mapping[str, Any]
    options: onnxruntime.RunOptions


class GridRunner:
    """Batches padded to the shapes of a grid and bound to buffers on `device` (cuda, cpu).

    Padding rows have a mask of zeros, and what comes out of them is cut off. One run at a time:
    a device has one queue of work, and recorded graphs share its memory.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        outputs: Sequence[str],
        grid: Grid,
        device: str,
    ) -> None:
        self._session = session
        self._outputs = list(outputs)
        self._grid = grid
        self._device = device
        self._bound: dict[tuple[int, int], _Bound] = {}
        self._free = threading.Lock()

    def run(self, batch: Sequence[Inputs]) -> Outputs:
        shape = self._grid.around(len(batch), max(map(len, batch)))
        arrays = {name: _padded(array, shape) for name, array in collate(batch).items()}
        with self._free:
            if shape not in self._bound:
                self._bound[shape] = self._bind(arrays)
            bound = self._bound[shape]
            for name, array in arrays.items():
                bound.inputs[name].update_inplace(array)
            self._session.run_with_iobinding(bound.binding, bound.options)
            found = bound.binding.copy_outputs_to_cpu()
        return {
            name: output[..., : len(batch), :]
            for name, output in zip(self._outputs, found, strict=True)
        }

    def warm_up(self, probe: Inputs) -> None:
        for items, length in self._grid.shapes():
            rows = {name: np.resize(row, length) for name, row in probe.rows.items()}
            self.run([Inputs(rows=rows)] * items)

    def stop(self) -> None:
        for bound in list(self._bound.values()):
            bound.options.terminate = True

    def _bind(self, arrays: Mapping[str, Row]) -> _Bound:
        binding = self._session.io_binding()
        inputs = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(array, self._device, 0)
            for name, array in arrays.items()
        }
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            binding.bind_output(name, self._device)  # its shape is known after a first run
        self._session.run_with_iobinding(binding, _graph(NO_GRAPH))
        for name, output in zip(self._outputs, binding.copy_outputs_to_cpu(), strict=True):
            value = onnxruntime.OrtValue.ortvalue_from_numpy(output, self._device, 0)
            binding.bind_ortvalue_output(name, value)
        return _Bound(binding=binding, inputs=inputs, options=_graph(len(self._bound) + 1))


def _graph(number: int) -> onnxruntime.RunOptions:
    """Runs under which a CUDA graph is recorded once and replayed since, where graphs are on."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(number))
    return options


def _padded(array: Row, shape: tuple[int, int]) -> Row:
    result = np.zeros(shape, dtype=array.dtype)
    result[: array.shape[0], : array.shape[1]] = array
    return result
