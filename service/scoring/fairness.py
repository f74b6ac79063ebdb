"""Whose turn it is at the model, and who may still join the queue before it.

Fair queuing: of the gates that wait, the next is the one that has had least of the model since it
began to wait. Whoever returns from idling starts level with the one that has had least, so that
nobody saves up turns. J. Nagle, On packet switches with infinite storage (RFC 970), 1985; start
times as in P. Goyal et al., Start-time fair queueing, 1997.

Room: a gate may join while no more of its items wait than places are free. One gate's flood then
fills half the queue, two fill a third each, and there is always room for one more. A. Choudhury
and E. Hahne, Dynamic queue length thresholds, 1998, with alpha = 1.
"""

from collections import Counter
from collections.abc import Collection


class Turns:
    """How much of the model each waiting gate has had."""

    def __init__(self) -> None:
        self._had: dict[str, float] = {}

    def next(self, gates: Collection[str]) -> str:
        """The gate among those that wait (in order of arrival) whose turn it is."""
        stayed = {gate: self._had[gate] for gate in gates if gate in self._had}
        level = min(stayed.values(), default=0.0)
        self._had = {gate: stayed.get(gate, level) for gate in gates}
        return min(self._had, key=self._had.__getitem__)

    def charge(self, gate: str, work: float) -> None:
        """The model worked so much for a gate, in any unit that is the same for all."""
        self._had[gate] = self._had.get(gate, 0.0) + work


class Room:
    """How many items of each gate wait, of `limit` in all."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._waiting: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._waiting.total()

    def has_place_for(self, gate: str) -> bool:
        free = self.limit - self.taken
        return free > 0 and self._waiting[gate] <= free

    def enter(self, gate: str) -> None:
        self._waiting[gate] += 1

    def leave(self, gate: str) -> None:
        self._waiting[gate] -= 1
        if not self._waiting[gate]:
            del self._waiting[gate]
