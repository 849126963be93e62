"""The names of the emulator's conforming variants, as its own command line lists them."""

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_LISTED = subprocess.run(
    [sys.executable, "-m", "eni_conformance.emulator", "--list-variants", "--json"],
    capture_output=True,
    text=True,
    cwd=_ROOT,
    check=True,
).stdout
VARIANTS = sorted(entry["name"] if isinstance(entry, dict) else entry for entry in json.loads(_LISTED))
