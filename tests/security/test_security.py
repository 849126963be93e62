"""What SECURITY.md promises and no other test looks at: the lock, the parsers, the exceptions, the socket."""

from __future__ import annotations

import ast
import json
import re
import socket
from pathlib import Path

import pytest
from processes import EMULATOR, listening

ROOT = Path(__file__).parents[2]
PARTS = ("contract", "strategies", "harness", "oracle", "conformance", "reports", "emulator")
SOURCES = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]
WRITING_XML = {"Element", "SubElement", "ElementTree", "indent", "tostring", "register_namespace"}


def test_every_dependency_is_pinned_with_hashes() -> None:
    """One exact version each, sha256 only, nothing from a URL or a directory, no other index."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 50
    for line in lines:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^\s;]+( ;.*?)?( +--hash=sha256:[0-9a-f]{64})+\s*$", line), line[:80]
    assert "://" not in text
    assert "file:/" not in text


def test_every_dependency_of_the_package_is_in_the_lock() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"(?m)^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text()))
    for wanted in project["dependencies"]:
        assert re.split(r"[<>=; \[]", wanted)[0].lower() in locked, wanted


@pytest.mark.parametrize("lock", sorted(ROOT.glob("tests/*/node/package-lock.json")), ids=lambda p: p.parts[-3])
def test_npm_packages_have_hashes(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    for name, one in packages.items():
        assert not name or one.get("integrity", "").startswith("sha512-") or one.get("link"), name


def names_used(tree: ast.AST, module: str) -> set[str]:
    """What a source file takes from `module`, whatever it calls it."""
    aliases: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {a.asname or a.name for a in node.names if a.name.startswith(module)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(module):
            used |= {a.name for a in node.names if a.name != "ElementTree"}
            aliases |= {a.asname or a.name for a in node.names if a.name == "ElementTree"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            used.add(node.attr)
    return used


def test_xml_is_parsed_by_the_safe_parser_alone() -> None:
    """The standard library's XML is used for writing; nothing else can parse it."""
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        assert names_used(tree, "xml.") <= WRITING_XML, path
        imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not imported & {"lxml", "pickle", "shelve", "marshal", "yaml", "xmlrpc"}, path


def test_nothing_is_evaluated_and_no_shell_is_used() -> None:
    """No eval or exec, no shell, no unverified TLS."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name):
                    assert node.func.id not in ("eval", "exec"), path
                for keyword in node.keywords:
                    off = isinstance(keyword.value, ast.Constant) and keyword.value.value is (keyword.arg == "shell")
                    assert not (keyword.arg in ("shell", "verify") and off), (path, node.lineno)


def test_each_exception_from_the_security_rules_has_a_reason() -> None:
    """A `noqa` of such a rule is followed by why."""
    for path in SOURCES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.search(r"# noqa: *S\d+(.*)$", line)
            assert not match or len(match[1].strip(" -")) > 5, f"{path}:{number}"


def own_address() -> str:
    """An address of this machine that others could use, "" if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def test_the_emulator_is_reachable_from_loopback_only() -> None:
    """By its own word, and by trying: at another address of this machine nobody answers."""
    with listening([*EMULATOR, "--port", "0"]) as (url, _):
        host, _, port = url.rpartition("/")[2].partition(":")
        assert host == "127.0.0.1"
        with socket.create_connection((host, int(port)), 5):
            pass
        address = own_address()
        if address and not address.startswith("127."):
            with pytest.raises(OSError, match=r".*"), socket.create_connection((address, int(port)), 2):
                pass
