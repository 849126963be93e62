"""`python -m eni_conformance` is the command `eni-conformance`."""

from eni_conformance.conformance.cli import main

raise SystemExit(main())
