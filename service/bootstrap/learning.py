"""Who certifies gates."""

from collections.abc import Mapping

from service.bootstrap.shelf import Shelf
from service.bus.memory import InProcessBus
from service.domain.language_model import LanguageModel
from service.ports.bus import Bus
from service.ports.clock import Clock
from service.ports.store import Store
from service.scoring.openai.question import version_of
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import CertifyGate
from service.usecases.gates.policy_cache import GateBook
from service.web.text.certificates import in_english


def certifier(store: Store, gates: GateBook, clock: Clock) -> CertifyGate:
    """For a command: other processes notice the new version by themselves."""
    return CertifyGate(
        store=store, gates=gates, bus=InProcessBus(), clock=clock, in_words=in_english
    )


def build_learner(
    store: Store,
    bus: Bus,
    gates: GateBook,
    clock: Clock,
    shelf: Shelf,
    language_models: Mapping[str, LanguageModel],
) -> Learner:
    return Learner(
        store=store,
        gates=gates,
        certify=CertifyGate(store=store, gates=gates, bus=bus, clock=clock, in_words=in_english),
        version_of=lambda name: (
            version_of(language_models[name]) if name in language_models else shelf.version_of(name)
        ),
    )
