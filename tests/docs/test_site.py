"""The documentation site: every page is in its contents, and no link leads nowhere. (`make site` builds it.)"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.oracle import findings
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "pages"
    subprocess.run([sys.executable, str(ROOT / "docs" / "site.py"), str(out)], check=True, timeout=60)
    return out


def test_every_page_is_in_the_contents_and_there(pages: Path) -> None:
    text = re.sub(r"!ENV (\[.*\])", r"\1", (ROOT / "mkdocs.yml").read_text())
    contents = YAML(typ="safe").load(text)["nav"]
    named = set(re.findall(r"[\w-]+\.md", str(contents)))
    assert named == {path.name for path in pages.glob("*.md")}


def test_no_link_leads_nowhere(pages: Path) -> None:
    for page in pages.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
            assert (pages / target).exists(), (page.name, target)


def test_the_catalogues_are_what_the_code_says(pages: Path) -> None:
    told = (pages / "requirements.md").read_text()
    assert all(f"`{full_id(short)}`" in told for one in CONTRACTS.values() for short in one.requirements)
    told = (pages / "findings.md").read_text()
    assert f"`{findings.WrongStatus.__name__}` | {findings.WrongStatus.title}" in told
    assert "`status-primary`" in (pages / "faults.md").read_text()
    assert "--first-violation" in (pages / "command-line.md").read_text()
