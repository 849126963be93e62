"""`python -m emulator`."""

from __future__ import annotations

import sys

from eni_conformance.emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
