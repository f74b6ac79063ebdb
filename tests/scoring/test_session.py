"""Which provider runs: the wished one where it can be had, else the CPU, and never a false word."""

import onnxruntime
import pytest
from structlog.testing import capture_logs

from service.domain.errors import BrokenBundle
from service.scoring.bundle import Bundle
from service.scoring.session import CPU, WISHES, Provider, open_session


@pytest.mark.parametrize("provider", Provider)
def test_a_session_opens_whatever_is_wished_and_tells_what_runs(
    bundle: Bundle, provider: Provider
) -> None:
    with capture_logs() as told:
        session = open_session(bundle.model, provider)
    running = session.get_providers()[0]
    assert running in WISHES[provider]
    disappointed = provider is not Provider.AUTO and running != WISHES[provider][0]
    assert disappointed == any(line["event"] == "scorer.fell_back" for line in told)


def test_without_a_gpu_the_model_runs_on_the_cpu(bundle: Bundle) -> None:
    if len(onnxruntime.get_available_providers()) > 2:
        pytest.skip("This ONNX Runtime is built for a GPU.")
    assert open_session(bundle.model, Provider.AUTO).get_providers() == [CPU]


def test_a_run_takes_one_thread(bundle: Bundle) -> None:
    options = open_session(bundle.model, Provider.CPU).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(BrokenBundle, match="cannot load"):
        open_session(b"no model", Provider.CPU)
