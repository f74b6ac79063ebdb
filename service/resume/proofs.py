"""What counts as a proof that a run went on with our answer, and what proves the contrary."""

from dataclasses import dataclass

from service.domain.delivery import Proof
from service.domain.ids import TaskId
from service.ports.resumer import DeliveryDead
from service.resume.dify_api import RunState
from service.resume.reasons import dead, quoted
from service.resume.trace import FilledForm, Trace, WaitingForm, names, names_another


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What is ours in a run. `stored`: Dify has answered 200 to our submission, now or before."""

    task_id: TaskId
    action: str
    stored: bool
    form: WaitingForm | None = None
    before: Trace | None = None
    """What the run had told before we submitted: old news is no proof."""

    def filled(self, filled: FilledForm) -> bool:
        """Whether a filled form is the one that our verdict is for."""
        if names(filled.content, self.task_id):
            return True
        if self.form is None or names_another(filled.content, self.task_id):
            return False
        is_old = self.before is not None and filled in self.before.filled
        return filled.node_id == self.form.node_id and not is_old

    def is_waiting_in(self, trace: Trace) -> bool:
        """Whether our form is among those that the run waits for."""
        return any(
            names(waiting.content, self.task_id)
            or (self.form is not None and waiting.is_same(self.form))
            for waiting in trace.waiting
        )


def proof_in(trace: Trace, ours: Ours) -> Proof | None:
    """A proof in the run's events, or None so far. Raises DeliveryDead where there can be none."""
    if trace.end is not None and trace.end.status == "stopped":
        raise stopped()
    for filled in filter(ours.filled, trace.filled):
        if filled.action != ours.action:
            raise answered_elsewhere(filled.action)
        return Proof(kind="form_filled", detail=f"node {filled.node_id}")
    if ours.form is not None and ours.form.node_id in trace.timed_out_nodes:
        raise expired()
    if ours.stored and ours.form is not None:
        known = ours.before.forms_done if ours.before is not None else {}
        for execution, node in trace.forms_done.items():
            if node == ours.form.node_id and execution not in known:
                return Proof(kind="node_finished", detail=f"node {node}")
        if trace.paused and trace.waiting and not ours.is_waiting_in(trace):
            return Proof(kind="later_form", detail=f"paused at node {trace.waiting[0].node_id}")
    return None if trace.end is None else proof_in_end(trace.end, ours)


def proof_in_end(end: RunState, ours: Ours) -> Proof:
    """The proof in the outputs of a run that has ended. Raises DeliveryDead where it is not."""
    if end.status == "stopped":
        raise stopped()
    if end.outputs.get("review_task_id") == ours.task_id and "gate_action" in end.outputs:
        action = end.outputs["gate_action"]
        if not action:  # no button was pressed: the way out of a form whose time was up
            raise expired()
        if action != ours.action:
            raise answered_elsewhere(str(action))
        return Proof(kind="end_outputs", detail=f"the run ended as {end.status}")
    status = quoted(end.status)
    if ours.stored:
        raise dead(
            "not_proven",
            f"Dify took our answer and the run ended as {status}, but nothing shows that it "
            "was used. Look at the run; let its End give back review_task_id and gate_action.",
        )
    if ours.form is not None:
        raise answered_elsewhere()
    raise dead(
        "run_over", f"The run ended as {status} without our verdict; nothing waits for it any more."
    )


def stopped() -> DeliveryDead:
    return dead(
        "run_stopped",
        "The run was stopped in Dify, so the verdict was not carried out. If it stops right after "
        "every answer, this Dify cannot resume runs (1.16.0 and 1.16.1 cannot): upgrade it.",
    )


def expired() -> DeliveryDead:
    return dead("form_expired", "The form expired in Dify before our verdict reached it.")


def answered_elsewhere(action: str | None = None) -> DeliveryDead:
    how = f' with "{quoted(action)}"' if action else ""
    return dead(
        "answered_elsewhere",
        f"Somebody answered the form in Dify first{how}; our verdict was not applied.",
    )
