"""Whether what the server is made with is installed: an extra of the package brings it."""

from __future__ import annotations

import importlib.util

MODULES = ("starlette", "uvicorn", "httptools")


def missing() -> str:
    """What is missing and how to install it, "" if nothing is."""
    names = [name for name in MODULES if importlib.util.find_spec(name) is None]
    return f"{', '.join(names)} missing: pip install 'eni-conformance[emulator]'" if names else ""
