"""Loads the conformance plugin, so that `pytest conformance --target FILE` is the whole suite."""

pytest_plugins = ["eni_conformance.conformance.plugin"]
