"""What every process does first: the store, the configuration, the gates in force."""

from contextlib import suppress

from service.bootstrap.adapters import make_registry
from service.bootstrap.shelf import Shelf
from service.configuration import Configuration, ConfigurationError, load
from service.configuration.sections import EMBEDDED_SCORER
from service.domain.access import Role, Scope
from service.domain.errors import Conflict
from service.domain.gate import SIGNALS_SCORER, SampleAgreement
from service.ports.clock import Clock
from service.ports.store import Store
from service.settings import Settings
from service.usecases.access.authentication import Doorkeeper
from service.usecases.gates.policy_cache import GateBook
from service.usecases.models.activation_cache import ModelBook


def prepare(
    settings: Settings, store: Store, clock: Clock
) -> tuple[Configuration, GateBook, Shelf]:
    """Migrate the store, read the configuration, make its gates the gates in force."""
    store.migrate()
    book = ModelBook(store)
    book.load()
    shelf = Shelf(make_registry(settings), book)
    configuration = load(settings.config, shelf.labels_of)
    gates = GateBook(store)
    gates.adopt(configuration.gates, clock.now())
    _check_what_people_put(configuration, gates, shelf)
    if any(policy.samples is SampleAgreement.MEANING for policy in gates.offered()):
        shelf.labels_of(EMBEDDED_SCORER)  # its encoder tells what samples mean
    return configuration, gates, shelf


def _check_what_people_put(configuration: Configuration, gates: GateBook, shelf: Shelf) -> None:
    """Gates that were changed since the file was read need their apps and models too."""
    for policy in gates.offered():
        gone = [app for app in policy.apps if app not in configuration.apps]
        if gone:
            raise ConfigurationError(
                f"The gate {policy.gate!r} names the app {gone[0]!r} in version {policy.version}, "
                "and GATE_CONFIG no longer has it.",
                fix="Put it back under apps until the gate is changed.",
            )
        for scorer in policy.scorers:
            if scorer not in (SIGNALS_SCORER, *configuration.language_models):
                shelf.labels_of(scorer)


def first_access(settings: Settings, doorkeeper: Doorkeeper) -> None:
    """The first key and the first administrator, where the store has none. Processes that start
    at once may both try: the second finds that it is done."""
    if settings.bootstrap_key and not doorkeeper.list_keys():
        with suppress(Conflict):
            doorkeeper.create_key(
                "bootstrap",
                frozenset(Scope),
                None,
                secret=settings.bootstrap_key.get_secret_value(),
                actor="bootstrap",
            )
    if settings.bootstrap_admin and not doorkeeper.list_people():
        name, _, password = settings.bootstrap_admin.get_secret_value().partition(":")
        with suppress(Conflict):
            doorkeeper.create_person(name, password, Role.ADMINISTRATOR, None, actor="bootstrap")
