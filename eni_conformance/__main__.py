"""`python -m eni_conformance` is the command `eni-conformance`."""

from eni_conformance.command import main

if __name__ == "__main__":
    raise SystemExit(main())
