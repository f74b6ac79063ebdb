"""The credential check, and the dynamic list of gates."""

import json
import socket
from typing import Any

import pytest

from lab.plugin_process import PluginError, PluginProcess

PROVIDER = "confidence_gate"
GATE = {"name": "content-moderation", "policy_version": 1, "resume_mode": "native_form"}


def as_json(status: int, body: Any, content_type: str = "application/json") -> Any:
    return status, {"Content-Type": content_type}, json.dumps(body).encode()


def problem(status: int, title: str, detail: str = "") -> Any:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return as_json(status, body, "application/problem+json")


def refusal(plugin: PluginProcess, credentials: dict[str, Any]) -> str:
    with pytest.raises(PluginError) as caught:
        plugin.validate(PROVIDER, credentials)
    assert caught.value.error_type == "ToolProviderCredentialValidationError"
    assert "cg_key_4711" not in str(caught.value)
    return str(caught.value)


def test_good_credentials_pass(plugin: PluginProcess, service: Any, credentials: Any) -> None:
    service.answer = lambda _: as_json(200, {"gates": [GATE]})
    plugin.validate(PROVIDER, credentials)
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("GET", "/v1/gates")
    assert asked.headers["authorization"] == "Bearer cg_key_4711"


def test_an_address_with_a_path_and_a_slash_works(
    plugin: PluginProcess, service: Any, credentials: Any
) -> None:
    service.answer = lambda _: as_json(200, {"gates": []})
    plugin.validate(PROVIDER, {**credentials, "service_url": f" {service.url}/gate/ "})
    assert service.asked[0].path == "/gate/v1/gates"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gate.example",
        "ftp://gate.example",
        "http://",
        "http://host:port",
        "https://me:secret@gate.example",
        "http://gate.example/?a=b",
    ],
)
def test_an_address_that_is_none_is_named(plugin: PluginProcess, url: str) -> None:
    said = refusal(plugin, {"service_url": url, "api_key": "cg_key_4711"})
    assert "service_url" in said
    assert "secret" not in said


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_is_none_is_named(
    plugin: PluginProcess, service: Any, credentials: Any, key: str
) -> None:
    said = refusal(plugin, {**credentials, "api_key": key})
    assert "api_key" in said
    assert not service.asked


def test_nobody_listening_is_named(plugin: PluginProcess) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        assert "cannot be reached" in refusal(
            plugin, {"service_url": url, "api_key": "cg_key_4711"}
        )


def test_a_refused_key_is_named(plugin: PluginProcess, service: Any, credentials: Any) -> None:
    service.answer = lambda _: problem(401, "Unknown API key", "No such key: cg_key_4711")
    assert "refused the api_key: Unknown API key" in refusal(plugin, credentials)


def test_a_key_without_the_right_is_named(
    plugin: PluginProcess, service: Any, credentials: Any
) -> None:
    service.answer = lambda _: problem(403, "Scope missing", "This needs the scope read")
    assert "not allowed" in refusal(plugin, credentials)


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"Content-Type": "text/html"}, b"<html>Welcome to nginx!</html>"),
        (200, {}, b""),
        (200, {}, b"\xff\xfe\x00"),
        (200, {}, b'{"gates": 5}'),
        (200, {}, b"[]"),
        (204, {}, b""),
        (301, {"Location": "http://127.0.0.1/elsewhere"}, b""),
        (401, {}, b"Unauthorized"),
        (404, {"Content-Type": "text/html"}, b"<h1>Not found</h1>"),
    ],
)
def test_another_kind_of_server_is_named(
    plugin: PluginProcess, service: Any, credentials: Any, reply: Any
) -> None:
    service.answer = lambda _: reply
    assert "does not answer as a Confidence Gate service" in refusal(plugin, credentials)


def test_gates_are_listed_from_the_service(
    plugin: PluginProcess, service: Any, credentials: Any
) -> None:
    service.answer = lambda _: as_json(200, {"gates": [GATE, {**GATE, "name": "refunds"}]})
    options = plugin.options(PROVIDER, "confidence_gate", "gate", credentials)
    assert [option["value"] for option in options] == ["content-moderation", "refunds"]
    assert options[0]["label"]["en_US"] == "content-moderation"


def test_only_the_gate_has_a_list(plugin: PluginProcess, credentials: Any) -> None:
    with pytest.raises(PluginError, match="no list of choices"):
        plugin.options(PROVIDER, "confidence_gate", "category", credentials)
