"""What the fault tests share: a lab with the shipped native workflow, and where its plugin looks
for the service."""

from collections.abc import Iterator

import pytest

from demo.service_process import ROOT
from lab.process import LabProcess
from tests.installation import free_ports, start_lab


@pytest.fixture(scope="module")
def port() -> int:
    """The service's, known before it starts."""
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[LabProcess]:
    apps = {"native": ROOT / "workflows" / "content-review-native.yml"}
    with start_lab(apps, tmp_path_factory.mktemp("lab"), f"http://127.0.0.1:{port}") as lab:
        yield lab
