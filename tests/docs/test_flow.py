"""The picture of the flow in docs/ is drawn from the imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_picture_is_that_of_the_present_imports() -> None:
    done = subprocess.run([sys.executable, "docs/flow.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
