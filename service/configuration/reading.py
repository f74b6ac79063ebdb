"""YAML with the line of every setting, and secrets from the environment."""

import os
import re
from collections.abc import Hashable
from typing import Any

import yaml

from service.domain.errors import GateError


class ConfigurationError(GateError):
    """The configuration cannot be used."""


class Loader(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one, a whole gate even, in silence. Not here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # no key that could be known here: refused below, or as none of ours
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value} is there twice: keep one",
                    problem_mark=key.start_mark,
                )
            keys.add(key.value)
        return super().construct_mapping(node, deep)


class Lines:
    """Where in the file a setting stands."""

    def __init__(self, name: str, tree: yaml.Node | None) -> None:
        self._name = name
        self._tree = tree

    def say(self, path: tuple[int | str, ...], message: str) -> str:
        what = ".".join(map(str, path)) or "the whole"
        return f"{self._name}, line {self._line(path)}: {what} {message}."

    def _line(self, path: tuple[int | str, ...]) -> int:
        node, line = self._tree, 1
        for step in path:
            match node:
                case yaml.MappingNode():
                    pair = next((p for p in node.value if p[0].value == str(step)), None)
                    if pair is None:
                        return line
                    line, node = pair[0].start_mark.line + 1, pair[1]
                case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                    node = node.value[step]
                    line = node.start_mark.line + 1
                case _:
                    return line
        return line


def with_secrets(node: Any, path: tuple[int | str, ...], lines: Lines) -> Any:
    """`${NAME}` becomes the environment variable's value: secrets never stand in the file."""
    match node:
        case dict():
            return {k: with_secrets(v, (*path, k), lines) for k, v in node.items()}
        case list():
            return [with_secrets(v, (*path, i), lines) for i, v in enumerate(node)]
        case str():
            return re.sub(r"\$\{([^}]*)\}", lambda m: _secret(m[1], path, lines), node)
        case _:
            return node


def _secret(variable: str, path: tuple[int | str, ...], lines: Lines) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(
            lines.say(path, f"names ${{{variable}}}, which is not set: set it in the environment")
        )
    return value
