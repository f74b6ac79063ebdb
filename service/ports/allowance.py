"""How much a caller may ask for in a while."""

from typing import Protocol


class Allowance(Protocol):
    def at_hand(self, caller: str, count: int) -> bool:
        """Take `count` of what this process holds for the caller, where it holds so much. Waits
        for nothing."""
        ...

    def fetch(self, caller: str, count: int) -> float:
        """Take `count`, from where several processes share it if need be: 0 where that was allowed,
        else in how many seconds it will be. Never raises: who cannot ask the others goes by
        itself."""
        ...

    def close(self) -> None: ...
