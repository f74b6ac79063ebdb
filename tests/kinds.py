"""What a test needs, as a marker: told by the folder it lies in and the fixtures it asks for.

`make test-fast` runs the tests that have none of these markers.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent

KINDS = {
    "server": "needs PostgreSQL, Redis or MLflow",
    "browser": "needs Chromium",
    "lab": "needs the lab's environment: Dify's engine, or the plugin under its SDK",
    "training": "trains models, loads or runs them at length, or replays long streams of labels",
    "process": "starts whole processes of the product",
    "fault": "kills, cuts off and races what it tests; SEEDS=n says how often",
}

PLACES = {
    "api/test_api_shadow.py": ("training",),
    "architecture": ("process",),
    "bench": ("process",),
    "browser": ("browser",),
    "cli/test_collector.py": ("process",),
    "cli/test_commands.py": ("process",),
    "cli/test_model_commands.py": ("training",),
    "cli/test_model_retrain.py": ("training",),
    "cli/test_model_train.py": ("process", "training"),
    "cli/test_threads.py": ("process",),
    "deploy/test_image_processes.py": ("process",),
    "demo": ("lab", "process"),
    "docs/test_docs_api_tour.py": ("process",),
    "experiments": ("training",),
    "faults": ("fault", "process"),
    "lab": ("lab",),
    "pages/test_page_explanation.py": ("training",),
    "plugin/test_plugin_package.py": ("process",),
    "registry/test_blue_green.py": ("process",),
    "registry/test_live_models.py": ("training",),
    "registry/test_mlflow.py": ("server",),
    "resume/test_against_lab.py": ("lab",),
    "retraining": ("training",),
    "scoring/test_embedded_bundle.py": ("training",),
    "scoring/test_embedding.py": ("training",),
    "scoring/test_onnx_scorer.py": ("training",),
    "scoring/test_precision.py": ("training",),
    "scoring/test_session.py": ("training",),
    "skipping": ("process",),
    "store/test_migrations.py": ("process",),
    "thresholds/test_alarms.py": ("training",),
    "thresholds/test_certify_synthetic.py": ("training",),
    "thresholds/test_economy.py": ("training",),
    "thresholds/test_outlook.py": ("training",),
    "thresholds/test_standing.py": ("training",),
    "training": ("training",),
    "usecases/certification/test_watch.py": ("training",),
}
"""By folder or file."""

FIXTURES = {
    "hasty_plugin": "lab",
    "lonely_lab": "lab",
    "own_lab": "lab",
    "own_redis": "server",
    "plugin": "lab",
    "plugin_from": "lab",
    "postgres": "server",
    "redis_url": "server",
    "workflow_lab": "lab",
}

PARAMETERS = {"postgresql": "server", "redis": "server"}
"""Values of parameters by which a fixture asks for a server."""


def pytest_configure(config: pytest.Config) -> None:
    for kind, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by these markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for kind in sorted(_kinds_of(item)):
            item.add_marker(kind)


def _kinds_of(item: pytest.Item) -> set[str]:
    kinds: set[str] = set()
    if item.path.is_relative_to(TESTS):
        place = item.path.relative_to(TESTS).as_posix()
        kinds |= {kind for prefix in PLACES if place.startswith(prefix) for kind in PLACES[prefix]}
    fixtures = getattr(item, "fixturenames", ())
    kinds |= {FIXTURES[name] for name in fixtures if name in FIXTURES}
    if call := getattr(item, "callspec", None):
        values = [value for value in call.params.values() if isinstance(value, str)]
        kinds |= {PARAMETERS[value] for value in values if value in PARAMETERS}
    return kinds
