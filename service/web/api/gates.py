"""The gates in force."""

from fastapi import APIRouter, Request

from plugin.contract.gates import GateList, GateSummary
from service.domain.gate import GatePolicy
from service.web.auth import Caller
from service.web.services import services_of

router = APIRouter(tags=["gates"])


@router.get("/gates")
def browse(caller: Caller, request: Request) -> GateList:
    """The gates that the key may ask: what the editor's drop-down offers."""
    visible = services_of(request).gates.visible_to(caller)
    return GateList(gates=[_summary(policy) for policy in visible])


@router.get("/gates/{gate}")
def read(gate: str, caller: Caller, request: Request) -> GateSummary:
    return _summary(services_of(request).gates.get(gate, caller))


def _summary(policy: GatePolicy) -> GateSummary:
    return GateSummary(
        name=policy.gate,
        policy_version=policy.version,
        labels=list(policy.labels),
        approve_labels=list(policy.approve_labels),
        apps=list(policy.apps),
        resume_mode=policy.resume.mode.value,
    )
