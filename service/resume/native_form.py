"""native_form: answer the Human Input form of a paused run, and prove that the run went on."""

from collections.abc import Mapping
from dataclasses import replace

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.delivery import Delivery, Proof
from service.domain.ids import AppName
from service.ports.clock import Clock
from service.ports.resumer import AttemptLog, DeliveryDead, DeliveryFailed
from service.resume.dify_api import DifyApi, DifyRefused, FormDefinition
from service.resume.forms import ReadForm, answers, choose
from service.resume.outgoing import NotAnswered, Outgoing
from service.resume.proofs import Ours, answered_elsewhere, expired, proof_in, proof_in_end
from service.resume.reasons import dead, failed, quoted
from service.resume.sorting import sorted_out
from service.resume.targets import app_of, message_of
from service.resume.trace import Trace, WaitingForm
from service.resume.waiting import Patience, Stop, Waiting
from service.resume.watch import Watch

BAD_REQUEST = 400
NOT_FOUND = 404
CLOSED = 412


class NativeFormResumer:
    """Waits for the pause, answers our form once, follows the run until there is a proof.

    A 200 is no proof: see `proofs`. A try that follows a crash looks for the proof first, and
    never answers a form that may be another's.
    """

    def __init__(
        self,
        apps: Mapping[AppName, App],
        clock: Clock,
        stop: Stop,
        patience: Patience | None = None,
    ) -> None:
        self._apps = apps
        self._clock = clock
        self._stop = stop
        self._patience = patience or Patience()

    def resume(self, delivery: Delivery, log: AttemptLog) -> Proof:
        app = app_of(delivery, self._apps)
        message = message_of(delivery)
        if not app.api_key:
            raise dead("no_key", f"The app {quoted(app.name)} has no API key; set its api_key.")
        if not (delivery.run_id and delivery.user):
            raise dead("no_run", "The decision did not say which run waits and whose it is.")
        with (
            sorted_out(app, self._clock),
            Outgoing(allow_internal=app.allow_internal) as http,
            Watch(
                DifyApi(app, http),
                delivery.run_id,
                delivery.user,
                Waiting(self._stop),
                self._patience,
            ) as watch,
        ):
            return _Attempt(watch, delivery, message, log).make()


class _Attempt:
    """One try at one delivery."""

    def __init__(
        self, watch: Watch, delivery: Delivery, message: ResumeMessage, log: AttemptLog
    ) -> None:
        self._watch = watch
        self._api = watch.api
        self._message = message
        self._log = log
        self._maybe_ours = delivery.attempts > 1
        """An answer that is there already may be ours: a try may have died after sending it."""
        self._ours = Ours(
            task_id=delivery.task_id,
            action=message.gate_action,
            stored=delivery.submitted_at is not None,
        )

    def make(self) -> Proof:
        for state in self._watch.looks():
            if state.over:
                return proof_in_end(state, self._ours)
            if state.status == "paused":
                trace = self._watch.replay()
                if trace.waiting or trace.end is not None:
                    return self._answer(trace)
            elif self._ours.stored:
                return self._follow()
        raise failed(
            "not_paused",
            f"The run reads {quoted(state.status)} and shows no form yet; "
            "an answer now would be lost.",
        )

    def _answer(self, trace: Trace) -> Proof:
        """Answer our form, unless that has happened, and follow the run."""
        proof = proof_in(trace, self._ours)
        if proof is not None:
            return proof
        others_done = bool(trace.forms_done) and (self._maybe_ours or self._ours.stored)
        read = [self._read(form) for form in trace.waiting]
        ours = choose(read, self._ours.task_id, others_done=others_done)
        if ours is None:
            return self._answered_before(trace)
        self._ours = replace(self._ours, form=ours.form, before=trace)
        if ours.closed is not None:
            _demand_unexpired(ours.closed)
        elif ours.form.token is None or ours.definition is None:
            raise dead(
                "no_form_token",
                "The form cannot be answered by the API (it is sent by e-mail only); "
                "switch on its web app delivery, and answer this one in Dify.",
            )
        else:
            self._submit(ours.form.token, ours.definition)
        return self._follow()

    def _read(self, form: WaitingForm) -> ReadForm:
        if form.token is None:
            return ReadForm(form=form)
        try:
            return ReadForm(form=form, definition=self._api.form(form.token))
        except DifyRefused as refusal:
            if refusal.status == CLOSED:
                return ReadForm(form=form, closed=refusal)
            if refusal.status != NOT_FOUND:
                raise
            return ReadForm(form=form)

    def _answered_before(self, trace: Trace) -> Proof:
        """Every form that waits is another task's: ours has been answered, by whomever."""
        if self._ours.stored:
            return Proof(kind="later_form", detail=f"paused at node {trace.waiting[0].node_id}")
        if self._maybe_ours:
            raise failed(
                "no_proof_yet",
                "The run waits at another form. An earlier try may have answered ours; "
                "the run's end will tell.",
            )
        raise answered_elsewhere()

    def _submit(self, token: str, definition: FormDefinition) -> None:
        action = self._ours.action
        if definition.actions and action not in definition.actions:
            raise dead(
                "unknown_action",
                f'The form has no button "{quoted(action)}" (it has '
                f"{quoted(', '.join(definition.actions))}); set the app's actions.",
            )
        inputs = answers(definition.inputs, self._message)
        try:
            self._api.submit(token, inputs=inputs, action=action, user=self._watch.user)
        except (DifyRefused, NotAnswered) as error:
            self._weigh(error, token)
        else:
            self._log.submitted()
            self._ours = replace(self._ours, stored=True)

    def _weigh(self, error: DifyRefused | NotAnswered, token: str) -> None:
        """The submission failed. Returns where the form is answered all the same: follow it."""
        if isinstance(error, DifyRefused):
            if error.status == BAD_REQUEST:
                raise dead("form_refused", f'Dify refuses our answer: "{error.message}".')
            if error.status == CLOSED:
                _demand_unexpired(error)
                return
            if error.status < 500:
                raise error
        # It may have been stored before the answer got lost; the form itself knows.
        if self._is_open(token):
            raise error
        self._maybe_ours = True

    def _is_open(self, token: str) -> bool:
        try:
            self._api.form(token)
        except DifyRefused as refusal:
            if refusal.status != CLOSED:
                raise
            return False
        return True

    def _follow(self) -> Proof:
        proof = self._watch.follow(self._ours)
        if proof is None:
            raise self._unproven()
        return proof

    def _unproven(self) -> DeliveryFailed | DeliveryDead:
        form = self._ours.form
        if form is not None and form.token is not None and self._is_open(form.token):
            return failed("lost", "Dify lost our answer: the form still waits. It is sent again.")
        if self._ours.stored or self._maybe_ours:
            return failed(
                "not_resumed",
                "The form is answered, but nothing shows yet that the run went on. "
                "Dify's worker may be busy or down.",
            )
        return answered_elsewhere()


def _demand_unexpired(refusal: DifyRefused) -> None:
    if refusal.code == "human_input_form_expired":
        raise expired()
