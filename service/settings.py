"""Settings: environment variables `GATE_*` and an optional `.env`, read once and passed on."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting of the service. `python -m service settings` prints this table."""

    model_config = SettingsConfigDict(env_prefix="GATE_", env_file=".env", extra="ignore")

    database_url: str = Field(
        "sqlite:///var/gate.db",
        description="The store: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    redis_url: str | None = Field(
        None,
        description="The bus between replicas: `redis://HOST`. Without it, news stays in-process.",
    )
    models_dir: Path = Field(
        _REPOSITORY / "models", description="Where model bundles lie, one folder each."
    )
    config: Path | None = Field(
        None,
        description="The YAML file of apps and gates. Without it: one gate, `content-moderation`.",
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
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
    provider: Literal["auto", "cpu", "cuda", "tensorrt"] = Field(
        "auto",
        description="ONNX Runtime's execution provider. What really runs is told by `/readyz`.",
    )
    scorer_threads: int = Field(
        2, ge=1, le=256, description="How many model runs go on at once, each on one thread."
    )
    log_format: Literal["json", "console"] = Field("console", description="How logs look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )

    @field_validator("bootstrap_admin")
    @classmethod
    def _name_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            name, colon, password = value.get_secret_value().partition(":")
            if not (name and colon and password):
                raise ValueError("write it as name:password")
        return value

    @property
    def base_url(self) -> str:
        """The public address, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
