"""Carrying a verdict to where it is waited for, and proving that it arrived.

`native_form` answers the form of a paused Dify run, `continuation` starts a second run that takes
the verdict, `webhook` posts a signed message. A resume is checked, not hoped for: each gives a
Proof, or says in words why there is none (DeliveryFailed: tried again; DeliveryDead: for a person).
"""

from collections.abc import Mapping

from service.domain.app import App
from service.domain.decision import ResumeMode
from service.domain.ids import AppName
from service.ports.clock import Clock
from service.ports.resumer import Resumer
from service.resume.continuation import ContinuationResumer
from service.resume.message import ResumeMessageWriter
from service.resume.native_form import NativeFormResumer
from service.resume.waiting import Stop
from service.resume.webhook import WebhookResumer

__all__ = ["ResumeMessageWriter", "make_resumers"]


def make_resumers(
    apps: Mapping[AppName, App], clock: Clock, stop: Stop
) -> Mapping[ResumeMode, Resumer]:
    """The resumer of every mode that delivers. `stop`, once set, ends their waits soon."""
    return {
        ResumeMode.NATIVE_FORM: NativeFormResumer(apps, clock, stop),
        ResumeMode.CONTINUATION: ContinuationResumer(apps, clock, stop),
        ResumeMode.WEBHOOK: WebhookResumer(apps, clock),
    }
