"""In the checkout, `pytest conformance --target FILE` is the whole suite; elsewhere the option is --eni-target."""

import argparse

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eni-conformance")
    group.addoption("--target", metavar="FILE", dest="eni_target", default=argparse.SUPPRESS, help="as --eni-target")
