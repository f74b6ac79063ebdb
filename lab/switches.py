"""Dify's traps, to be turned on by tests: for every run, or for one."""

import threading
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Switches:
    """What goes wrong. All off is Dify on a good day."""

    hold_pause: bool = False
    """Callers see the pause, but it is not stored: what they submit meanwhile is lost."""
    hold_resume: bool = False
    """A submission is accepted with 200, and the resume waits in the queue."""
    stop_after_submit: bool = False
    """A submission is accepted with 200, then the run ends as stopped (Dify 1.16.0, 1.16.1)."""
    omit_form_filled: bool = False
    """No `human_input_form_filled` event is ever emitted."""


@dataclass
class SwitchBoard:
    """The switches for everything, and what single runs have set otherwise."""

    _all: Switches = field(default_factory=Switches)
    _runs: dict[str, dict[str, bool]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def set(self, changes: dict[str, bool], run_id: str | None = None) -> dict[str, Any]:
        """Change some switches, for one run or for all; returns those that now hold there."""
        with self._changed:
            if run_id is None:
                self._all = replace(self._all, **changes)
            else:
                self._runs.setdefault(run_id, {}).update(changes)
            self._changed.notify_all()
            return asdict(self._of(run_id))

    def of(self, run_id: str | None = None) -> Switches:
        """What holds for a run."""
        with self._changed:
            return self._of(run_id)

    def wait_off(self, name: str, run_id: str) -> None:
        """Block while the switch is on for this run."""
        with self._changed:
            self._changed.wait_for(lambda: not getattr(self._of(run_id), name))

    def _of(self, run_id: str | None) -> Switches:
        return replace(self._all, **self._runs.get(run_id or "", {}))
