"""The machine and the versions, in words that fit beside figures."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

PACKAGES = ("onnxruntime", "tokenizers", "numpy", "fastapi", "starlette", "uvicorn", "uvloop")


def described() -> dict[str, str | int | float]:
    """Flat, with the names that `latest.json` has."""
    return {
        "machine.cpu": _processor(),
        "machine.cores": os.cpu_count() or 1,
        "machine.memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "machine.system": f"{platform.system()} {platform.release()}",
        "versions.python": platform.python_version(),
        **{f"versions.{name}": found for name in PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
