"""The package indexes that the user's pip is set to, so that a file comes from where packages come from."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PipSettings:
    """What of pip's settings concerns a download.

    Attributes:
        index: Base URL of the index, None where the user set none.
        extra: Base URLs of further indexes.
        cert: File of trusted certificates, None where the user set none.
    """

    index: str | None
    extra: tuple[str, ...]
    cert: str | None


def pip_settings() -> PipSettings:
    """Return the settings from pip's environment variables, then from its configuration files."""
    configured = _configured()
    extra = _value("extra-index-url", configured) or ""
    return PipSettings(
        index=_value("index-url", configured) or None,
        extra=tuple(extra.split()),
        cert=_value("cert", configured) or None,
    )


def _value(name: str, configured: dict[str, str]) -> str | None:
    """Return one setting; pip ranks variables over the section of a command over `global`."""
    variable = "PIP_" + name.upper().replace("-", "_")
    places = (os.environ.get(variable), configured.get(f"install.{name}"), configured.get(f"global.{name}"))
    return next((value for value in places if value is not None), None)


def _configured() -> dict[str, str]:
    """Return pip's configuration as {"section.name": value}, empty where there is no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = (line.partition("=") for line in listing.stdout.splitlines())
    return {key: _unquoted(value) for key, equals, value in lines if equals}


def _unquoted(value: str) -> str:
    try:
        return str(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return value
