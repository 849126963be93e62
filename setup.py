"""What the package index is told that depends on where the project lives: its addresses, and a README with whole links.

Everything else stands in pyproject.toml. The place is a placeholder until the project has one; ENI_CONFORMANCE_HOME
overrides it for a build.
"""

import os
import re
from pathlib import Path

from setuptools import setup

HOME = os.environ.get("ENI_CONFORMANCE_HOME", "https://github.com/your-organisation/eni-conformance").rstrip("/")


def absolute(text: str) -> str:
    """The README as it can be read elsewhere: pictures and links lead to files of the project, and not to nothing."""
    text = re.sub(r"(!\[[^]]*\])\((?!https?:)([^)\s]+)\)", rf"\1({HOME}/raw/main/\2)", text)
    return re.sub(r"(?<!!)(\[[^]]*\])\((?!https?:|#)([^)\s]+)\)", rf"\1({HOME}/blob/main/\2)", text)


setup(
    long_description=absolute(Path(__file__).with_name("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
    project_urls={
        "Homepage": HOME,
        "Documentation": f"{HOME}/tree/main/docs",
        "Source": HOME,
        "Issues": f"{HOME}/issues",
        "Changelog": f"{HOME}/blob/main/CHANGELOG.md",
    },
)
