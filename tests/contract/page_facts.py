"""Facts of the vendor's reference page as a table: python tests/contract/page_facts.py PAGE.md > .../page_facts.json

Names, types, statuses and codes alone; the page's sentences stay with the vendor. Reads nothing but the shape of the
page, on purpose without the project's own reader of pages.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

NOTES, PARAMETERS, RESPONSE, EXAMPLES, ERRORS = "描述", "请求参数", "返回参数", "示例", "错误码"


def section(page: str, title: str) -> str:
    """What stands below a heading of the second level."""
    return re.split(r"^## ", page.split(f"## {title} ", 1)[1], flags=re.M)[0]


def rows(page: str, title: str) -> list[list[str]]:
    """The rows of the one table below a heading, without its head and its rule."""
    lines = [line for line in section(page, title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:]] for line in lines[2:]]


def facts(page: str) -> dict[str, list[object]]:
    """The facts of one page, in its order."""
    examples = section(page, EXAMPLES)
    return {
        "operation": re.findall(r"\A# (\w+)", page),
        "parameters": [[row[0], row[1], row[2] == "是", row[3]] for row in rows(page, PARAMETERS)],
        "response": [row[:2] for row in rows(page, RESPONSE)],
        "errors": [[int(row[0]), row[1]] for row in rows(page, ERRORS)],
        "statuses in notes": [
            re.findall(r"（(\w+)）", line) for line in section(page, NOTES).splitlines() if line.startswith("-")
        ],
        "names in examples": [
            re.findall(r"[?&](\w+)=", examples),
            re.findall(r"<(\w+)>", examples, re.A),
            re.findall(r'"(\w+)":', examples),
        ],
    }


def written(found: dict[str, list[object]]) -> str:
    """The facts as JSON, one row a line."""
    lines = {name: ",\n".join(f"  {json.dumps(row)}" for row in table) for name, table in found.items()}
    tables = (f' "{name}": [\n{text}\n ]' for name, text in lines.items())
    return "{\n" + ",\n".join(tables) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(written(facts(Path(sys.argv[1]).read_text(encoding="utf-8"))))
