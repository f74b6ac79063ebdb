"""Settings: environment variables `GATE_*` and an optional `.env`, read once and passed on."""

import re
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

_REPOSITORY = Path(__file__).resolve().parent.parent
_STORE = re.compile(r"sqlite:///(?!:memory:).+|postgres(ql)?(\+psycopg)?://.+")
_BUS = re.compile(r"(rediss?|unix)://.+")
_WEB = re.compile(r"https?://[^\s/]+(/\S*)?")
_PASSWORD = re.compile(r"(://[^:@/]*:).*(?=@)|([?&]password=)[^&]*")


class Settings(BaseSettings):
    """Every setting of the service. `python -m service settings` prints this table."""

    # A variable that is set to nothing, as compose files do, is one that is not set.
    model_config = SettingsConfigDict(
        env_prefix="GATE_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    database_url: str = Field(
        "sqlite:///var/gate.db",
        repr=False,
        description="The store: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    redis_url: str | None = Field(
        None,
        repr=False,
        description="The bus between replicas: `redis://HOST`. Without it, news stays in-process.",
    )
    models_dir: Path = Field(
        _REPOSITORY / "models", description="Where model bundles lie, one folder each."
    )
    registry_dir: Path = Field(
        _REPOSITORY / "var" / "models",
        description="Where added versions of models are kept. Replicas may share it.",
    )
    mlflow_url: str | None = Field(
        None,
        repr=False,
        description="The MLflow server that `model add mlflow:...` and `model push` speak to,"
        " and that experiments and retrainings are logged to.",
    )
    config: Path | None = Field(
        None,
        description="The YAML file of apps and gates. Without it: one gate, `content-moderation`.",
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
    processes: int = Field(
        1,
        ge=1,
        le=256,
        description="How many processes `serve` runs behind that port: as many as there are cores"
        " do most. Each keeps the models in memory.",
    )
    public_url: str | None = Field(
        None,
        description="How browsers reach the service, for `review_url`. Default: host and port.",
    )
    bootstrap_key: SecretStr | None = Field(
        None, description="An API key with every scope, created when the store has none."
    )
    bootstrap_admin: SecretStr | None = Field(
        None, description="`name:password` of an administrator, created when the store has none."
    )
    rate_limit: int = Field(
        500,
        ge=0,
        description="Requests a second of one API key, each item of a batch being one; bursts of"
        " ten seconds' worth. 0 is no limit.",
    )
    provider: Literal["auto", "cpu", "cuda", "tensorrt"] = Field(
        "auto",
        description="ONNX Runtime's execution provider. What really runs is told by `/readyz`.",
    )
    scorer_threads: int = Field(
        2,
        ge=1,
        le=256,
        description="How many model runs go on at once in one process: in all, one per core.",
    )
    scorer_run_threads: int = Field(
        1,
        ge=1,
        le=256,
        description="Threads of one run. Runs of one thread side by side do more than one of many.",
    )
    scorer_batch: int = Field(
        32, ge=1, le=4096, description="The most items that one run takes. On a GPU, rather more."
    )
    scorer_queue: int = Field(
        1024,
        ge=2,
        description="How many items may wait for a model. One gate may have as many as are free.",
    )
    scorer_arena: bool = Field(
        True,
        description="Keep a run's memory for the next one: faster, and memory stays at its peak.",
    )
    gpu_memory_mib: int | None = Field(
        None, ge=64, description="The most memory that a model takes of a GPU. Without it: all."
    )
    cuda_graphs: bool = Field(
        False,
        description="Record the run of each shape on a GPU once, and replay it.",
    )
    tensorrt_cache: Path = Field(
        _REPOSITORY / "var" / "tensorrt",
        description="Where TensorRT keeps built engines and their timings.",
    )
    log_format: Literal["json", "console"] = Field("console", description="How logs look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )

    @field_validator("database_url")
    @classmethod
    def _store_that_lasts(cls, value: str) -> str:
        if not _STORE.fullmatch(value):
            raise ValueError("write it as sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not _BUS.fullmatch(value):
            raise ValueError("write it as redis://HOST, rediss://HOST or unix://PATH")
        return value

    @field_validator("mlflow_url")
    @classmethod
    def _mlflow(cls, value: str | None) -> str | None:
        if value is not None and not _WEB.fullmatch(value):
            raise ValueError("write it as http://HOST:PORT or https://USER:PASSWORD@HOST")
        return value

    @field_validator("bootstrap_admin")
    @classmethod
    def _name_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            name, colon, password = value.get_secret_value().partition(":")
            if not (name and colon and password):
                raise ValueError("write it as name:password")
        return value

    def shown(self, name: str) -> str:
        """A setting's value as it may be shown to anybody: with no password in it."""
        value = getattr(self, name)
        text = "" if value is None else str(value)
        return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", text)

    @property
    def base_url(self) -> str:
        """The public address, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"GATE_{name.upper()}"


def settings_table() -> str:
    """Every setting and its default as a Markdown table: the one in the documentation."""
    rows = [("Variable", "Default", "Meaning"), ("---", "---", "---")]
    for name, info in Settings.model_fields.items():
        default = _default(info)
        rows.append((f"`{variable_of(name)}`", default and f"`{default}`", _meaning(info)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _default(info: FieldInfo) -> str:
    match info.default:
        case None:
            return ""
        case Path() as path:
            return str(path.relative_to(_REPOSITORY))
        case value:
            return str(value)


def _meaning(info: FieldInfo) -> str:
    if get_origin(info.annotation) is not Literal:
        return info.description or ""
    choices = ", ".join(f"`{choice}`" for choice in get_args(info.annotation))
    return f"{info.description} One of {choices}."
