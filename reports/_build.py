"""JSON to dataclasses and back, without losing what this version does not know.

A report must open what a newer or an interrupted suite wrote. So: an absent key takes the default, an
unknown key is kept in the field `extra` and written back, a number may stand where a float is expected.
Only a value of an impossible type is refused, with the place named.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def build(kind: type[T], data: Any, where: str) -> T:
    """`data` as an instance of the dataclass `kind`. Raises ValueError that names the bad place."""
    if not isinstance(data, dict):
        raise ValueError(f"{where}: an object was expected, not {_kind_of(data)}")
    hints = typing.get_type_hints(kind)
    made: dict[str, Any] = {}
    known = {f.name for f in dataclasses.fields(typing.cast(Any, kind))} - {"extra"}
    for name in known & set(data):
        made[name] = _value(hints[name], data[name], f"{where}.{name}")
    if "extra" in hints:
        made["extra"] = {key: value for key, value in data.items() if key not in known}
    try:
        return kind(**made)
    except TypeError as problem:
        missing = sorted(known - set(made))
        raise ValueError(f"{where}: a required key is missing (of {', '.join(missing)})") from problem


def plain(value: Any) -> Any:
    """A JSON-ready copy of a value of the model; fields at None and empty extensions are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        for f in dataclasses.fields(value):
            item = getattr(value, f.name)
            if f.name == "extra":
                out.update(item)
            elif item is not None:
                out[f.name] = plain(item)
        return out
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def _kind_of(data: Any) -> str:
    return "null" if data is None else type(data).__name__


def _value(kind: Any, data: Any, where: str) -> Any:
    """`data` as a value of the type `kind`."""
    origin = typing.get_origin(kind)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        options = typing.get_args(kind)
        if data is None and type(None) in options:
            return None
        problems = []
        for option in options:
            if option is type(None):
                continue
            try:
                return _value(option, data, where)
            except ValueError as problem:
                problems.append(str(problem))
        raise ValueError(problems[0] if problems else f"{where}: unexpected {_kind_of(data)}")
    if origin is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{where}: a list was expected, not {_kind_of(data)}")
        args = typing.get_args(kind)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_value(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if len(args) != len(data):
            raise ValueError(f"{where}: {len(args)} items were expected, not {len(data)}")
        return tuple(_value(arg, item, f"{where}[{i}]") for i, (arg, item) in enumerate(zip(args, data, strict=True)))
    if origin is dict:
        if not isinstance(data, dict):
            raise ValueError(f"{where}: an object was expected, not {_kind_of(data)}")
        inner = typing.get_args(kind)[1]
        return {str(key): _value(inner, item, f"{where}.{key}") for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        return build(typing.cast(Any, kind), data, where)
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if kind is int and isinstance(data, bool):
        return int(data)
    if kind is int and isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(kind, type) and isinstance(data, kind):
        return data
    raise ValueError(f"{where}: {getattr(kind, '__name__', kind)} was expected, not {_kind_of(data)}")
