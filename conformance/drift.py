"""The subcommand `drift`: does the contract still say what the vendor's page or metadata says?

`read_page` turns a reference page (Markdown with the vendor's headings, Chinese or English) or an API metadata
file (one operation, or all of a product) into a Page; `differences` compares it with a revision of the contract.
Both are pure. Compared are parameters, error rows and response fields, never prose, messages or examples.
What a metadata file leaves out by its nature is named as not compared, so that silence is not taken for consent.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from eni_conformance.contract.detach import ACTION, CONTRACTS
from eni_conformance.contract.rules import Operation, Revision

Kind = Literal[
    "parameter missing",
    "parameter added",
    "parameter type",
    "parameter required",
    "error removed",
    "error added",
    "error status",
    "response missing",
    "response added",
    "response type",
]


class Unreadable(ValueError):
    """The text is neither a page nor metadata of the operation; the message says why, for its reader."""


@dataclass(frozen=True)
class Row:
    """A parameter or a field of the response as the page has it. `required` None: the page does not say."""

    type: str
    required: bool | None = None


@dataclass(frozen=True)
class Page:
    """What a page or a metadata file says. None for a table that it does not have at all.

    errors: code -> every status the page gives it. implied: parameters that this kind of file never lists,
    because they are common to all operations.
    """

    parameters: Mapping[str, Row]
    errors: Mapping[str, frozenset[int]] | None
    response: Mapping[str, Row] | None
    implied: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Difference:
    """One fact on which contract and page differ; "" on the side that does not have it."""

    kind: Kind
    name: str
    contract: str
    page: str

    def __str__(self) -> str:
        sides = f"contract {self.contract or 'has none'}, page {self.page or 'has none'}"
        return f"{self.kind:<18}  {self.name}: {sides}"


# --- reading a page ------------------------------------------------------------------------------

_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "parameters": ("请求参数", "request parameters"),
    "response": ("返回参数", "response parameters", "返回数据", "response elements", "return parameters"),
    "errors": ("错误码", "error codes", "error code"),
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("名称", "参数", "name", "parameter", "field"),
    "type": ("类型", "type"),
    "required": ("是否必选", "是否必填", "必选", "必填", "required"),
    "status": ("httpcode", "http code", "http状态码", "http status code", "http status", "status code"),
    "code": ("错误码", "错误代码", "error code", "code"),
}
_YES, _NO = frozenset({"是", "必选", "必填", "yes", "true"}), frozenset({"否", "可选", "no", "false", "optional"})
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*(?:\{[^}]*\})?\s*#*\s*$")
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?\Z")
_IDENTIFIER = re.compile(r"[A-Z][A-Za-z]+\Z")


def read_page(text: str) -> Page:
    """The page or metadata file as a Page. Raises Unreadable."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise Unreadable("it is empty")
    return _read_json(text) if text.lstrip()[0] in "{[" else _read_markdown(text)


def _read_markdown(text: str) -> Page:
    sections = _sections(text)
    for name, titles in _SECTIONS.items():
        if name not in sections:
            raise Unreadable(f"no heading {titles[1].capitalize()!r} or {titles[0]!r} was found")
    parameters: dict[str, Row] = {}
    for row in _table(sections["parameters"], "parameters", ("name", "type", "required")):
        parameters.setdefault(row["name"], Row(row["type"], _yes_or_no(row["name"], row["required"])))
    response: dict[str, Row] = {}
    for row in _table(sections["response"], "response", ("name", "type")):
        response.setdefault(row["name"], Row(row["type"]))
    errors: dict[str, frozenset[int]] = {}
    for row in _table(sections["errors"], "errors", ("status", "code")):
        errors[row["code"]] = errors.get(row["code"], frozenset()) | {_status(row["code"], row["status"])}
    return Page(parameters, errors, response)


def _sections(text: str) -> dict[str, list[str]]:
    """The lines below each heading that we know, deeper headings included; code blocks are passed over."""
    out: dict[str, list[str]] = {}
    current, depth, fenced, titled = "", 0, False, False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            if current and not fenced:
                out[current].append(line)
            continue
        level, title = len(heading[1]), _plain(heading[2])
        if level == 1 and not titled:
            titled = True
            if _IDENTIFIER.match(title) and title != ACTION:
                raise Unreadable(f"it is the page of {title}, not of {ACTION}")
        known = next((name for name, titles in _SECTIONS.items() if title.lower() in titles), "")
        if known:
            current, depth = known, level
            out.setdefault(known, [])
        elif level <= depth:
            current = ""
    return out


def _table(lines: Sequence[str], section: str, wanted: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows of the tables of a section, as column -> text; other columns are left out."""
    columns: dict[str, int] = {}
    shown = _SECTIONS[section][1]
    for line in lines:
        if not line.startswith("|"):
            continue
        cells = [_plain(cell.replace("\\|", "|")) for cell in _CELL.split(line.rstrip())[1:]]
        if cells and cells[-1] == "" and line.rstrip().endswith("|"):
            cells.pop()
        if all(_RULE.match(cell) for cell in cells) or not any(cells):
            continue
        header = {name: i for name in wanted for i, c in enumerate(cells) if c.lower() in _COLUMNS[name]}
        if not columns or len(header) == len(wanted):
            missing = [name for name in wanted if name not in header]
            if missing:
                raise Unreadable(f"the table below {shown!r} has no column for: {', '.join(missing)}")
            columns = header
            continue
        if len(cells) <= max(columns.values()):
            raise Unreadable(f"a row below {shown!r} is cut short: {line[:60]}")
        yield {name: cells[i] for name, i in columns.items()}


def _plain(cell: str) -> str:
    """A cell or title without emphasis, code marks and surrounding space."""
    text = cell.strip()
    for mark in ("**", "__", "`", "*"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
    return text


def _yes_or_no(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise Unreadable(f"whether {name} is required is given as {text!r}")


def _status(code: str, text: str) -> int:
    if re.fullmatch(r"[1-5][0-9]{2}", text):
        return int(text)
    raise Unreadable(f"the status of {code} is given as {text!r}")


# --- reading metadata ----------------------------------------------------------------------------


def _read_json(text: str) -> Page:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it looks like JSON and is not: {str(error)[:80]}") from None
    api = _operation(value)
    given = api.get("parameters")
    if not isinstance(given, list):
        raise Unreadable(f"it holds no list of parameters of {ACTION}")
    parameters: dict[str, Row] = {}
    for entry in given:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise Unreadable("a parameter without a name")
        schema = entry["schema"] if isinstance(entry.get("schema"), dict) else entry
        required = schema.get("required", entry.get("required", False)) is True
        earlier = parameters.get(entry["name"])  # RegionId is often listed twice
        kind = str(schema.get("type", entry.get("type", "")))
        parameters[entry["name"]] = Row(kind, required or bool(earlier and earlier.required))
    return Page(parameters, _json_errors(api), _json_response(api), frozenset({"Action"}))


def _operation(value: Any) -> Mapping[str, Any]:
    """The operation's own object within a file of one operation or of a whole product."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict) and "parameters" not in value:
        value = value["data"]
    if not isinstance(value, dict):
        raise Unreadable("it is JSON, and not an object")
    if isinstance(value.get("apis"), dict):
        value = value["apis"].get(ACTION)
        if not isinstance(value, dict):
            raise Unreadable(f"it describes a product without {ACTION}")
        return value
    for key in ("action", "name", "apiName"):
        if isinstance(value.get(key), str) and value[key] != ACTION:
            raise Unreadable(f"it describes {value[key]}, not {ACTION}")
    return value


def _json_errors(api: Mapping[str, Any]) -> dict[str, frozenset[int]] | None:
    given = api.get("errorCodes")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Unreadable("errorCodes is not an object")
    errors: dict[str, frozenset[int]] = {}
    for status, rows in given.items():
        if not isinstance(rows, list):
            raise Unreadable(f"errorCodes.{status} is not a list")
        for row in rows:
            code = row.get("errorCode") if isinstance(row, dict) else None
            if not isinstance(code, str):
                raise Unreadable(f"errorCodes.{status} holds a row without errorCode")
            errors[code] = errors.get(code, frozenset()) | {_status(code, status)}
    return errors


def _json_response(api: Mapping[str, Any]) -> dict[str, Row] | None:
    value: Any = api
    for key in ("responses", "200", "schema", "properties"):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        return None
    return {name: Row(str(field.get("type", "")) if isinstance(field, dict) else "") for name, field in value.items()}


# --- comparing -----------------------------------------------------------------------------------


def differences(contract: Operation, page: Page) -> list[Difference]:
    """Every difference, in the contract's order, what only the page has last. Types match whatever their case."""
    out: list[Difference] = []
    for ours in contract.parameters:
        row = page.parameters.get(ours.name)
        if row is None:
            if ours.name not in page.implied:
                shown = _shown(Row(ours.type, ours.declared_required))
                out.append(Difference("parameter missing", ours.name, shown, ""))
            continue
        if row.type.lower() != ours.type.lower():
            out.append(Difference("parameter type", ours.name, ours.type, row.type or "no type"))
        if row.required != ours.declared_required:
            out.append(
                Difference("parameter required", ours.name, _word(ours.declared_required), _word(bool(row.required)))
            )
    declared = {p.name for p in contract.parameters}
    for name, row in page.parameters.items():
        if name not in declared:
            out.append(Difference("parameter added", name, "", _shown(row)))
    if page.errors is not None:
        out += _of_errors(contract, page.errors)
    if page.response is not None:
        for name, kind in contract.response.items():
            field = page.response.get(name)
            if field is None:
                out.append(Difference("response missing", name, kind, ""))
            elif field.type.lower() != kind.lower():
                out.append(Difference("response type", name, kind, field.type or "no type"))
        for name, field in page.response.items():
            if name not in contract.response:
                out.append(Difference("response added", name, "", field.type or "no type"))
    return out


def _of_errors(contract: Operation, errors: Mapping[str, frozenset[int]]) -> list[Difference]:
    """The contract may admit several statuses for a code; the page must then give it no other."""
    out = []
    for row in contract.errors.values():
        found = errors.get(row.code)
        if found is None:
            out.append(Difference("error removed", row.code, _numbers(row.http), ""))
        elif not found <= set(row.http):
            out.append(Difference("error status", row.code, _numbers(row.http), _numbers(found)))
    for code, found in errors.items():
        if code not in contract.codes:
            out.append(Difference("error added", code, "", _numbers(found)))
    return out


def _shown(row: Row) -> str:
    return f"{row.type or 'no type'}, {_word(bool(row.required))}"


def _word(required: bool) -> str:
    return "required" if required else "optional"


def _numbers(statuses: Iterable[int]) -> str:
    return "/".join(str(s) for s in sorted(statuses))


# --- the command ---------------------------------------------------------------------------------


def main(args: argparse.Namespace) -> int:
    """0 no difference, 1 differences, 2 the file cannot be read. `args`: page, and revision and json if given."""
    revision: Revision = vars(args).get("revision") or "2019"
    try:
        page = read_page(Path(args.page).read_text(encoding="utf-8"))
    except OSError as error:
        return _refuse(args.page, error.strerror or "it cannot be opened")
    except UnicodeDecodeError:
        return _refuse(args.page, "it is not UTF-8")
    except Unreadable as error:
        return _refuse(args.page, str(error))
    found = differences(CONTRACTS[revision], page)
    tables = (("error codes", page.errors), ("response parameters", page.response))
    skipped = [name for name, table in tables if table is None]
    if getattr(args, "json", False):
        shown = {
            "page": str(args.page),
            "revision": revision,
            "differences": [asdict(d) for d in found],
            "not_compared": skipped,
        }
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return 1 if found else 0
    for difference in found:
        print(difference)
    for name in skipped:
        print(f"not compared: {name} (the file has none)")
    count = "no difference" if not found else f"{len(found)} difference{'s' if len(found) > 1 else ''}"
    print(f"{count} between the contract, revision {revision}, and {args.page}")
    return 1 if found else 0


def _refuse(path: str, reason: str) -> int:
    print(f"eni-conformance drift: {path}: {reason}", file=sys.stderr)
    return 2
