"""The one codec of values: dataclasses to plain JSON and back, and the JSON schema of their types.

The type hints say everything. A tuple or a set is an array (a set is sorted), a mapping is an object, bytes are text in
which octets that are no UTF-8 stand as surrogate escapes. Which class of a union is meant is told by the field that
all of them have as a Literal of one value (`kind: Literal["act"] = "act"`).

A class with a function `from_earlier` has had other fields: it says what an object of an earlier version means.
A class with a field `extra` is open: what a later version adds to it is kept there and written again. Every other class
is closed: a key that it does not know is refused. An absent key takes the default. This file knows no other of the
project.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Literal, TypeVar

T = TypeVar("T")

ALWAYS = "always"
Always = Annotated[T, ALWAYS]
"""A field that has a default for files that were cut short, and that the schema requires nevertheless."""
Count = Annotated[int, {"minimum": 0}]
"""A whole number from 0 up. Limits of this kind stand in the schema; `build` does not check them."""
Share = Annotated[float, {"minimum": 0, "maximum": 1}]
"""A number from 0 to 1."""
Name = Annotated[str, {"minLength": 1}]
"""A text that is not empty."""

BRIEF = "brief"
Brief = Annotated[T, BRIEF]
"""A field whose value is written without what is at its default."""

_AS_IS = frozenset({str, int, float, bool, type(None)})
_WORDS: dict[Any, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_JSON_TYPES: dict[Any, str] = {str: "string", bytes: "string", int: "integer", float: "number", bool: "boolean"}


# --- writing -------------------------------------------------------------------------------------------


def plain(value: Any, *, brief: bool = False) -> Any:
    """A copy of a value that json.dumps takes. brief: fields at their default are left out, apart from tags."""
    if type(value) in _AS_IS or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [plain(item, brief=brief) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "__dataclass_fields__"):
        return _plain_object(value, brief)
    if isinstance(value, Mapping):
        return {key: plain(item, brief=brief) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return [plain(item, brief=brief) for item in sorted(value)]
    raise TypeError(f"{type(value).__name__} is no value that can be written")


def _plain_object(value: Any, brief: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, default, tag, short in _written(typing.cast(Any, type(value))):
        item = getattr(value, name)
        if name == "extra":
            out.update(item)
        elif not brief or tag or item != default:
            out[name] = plain(item, brief=brief or short)
    return out


@functools.cache
def _written(kind: Any) -> tuple[tuple[str, Any, bool, bool], ...]:
    """(name, default, whether it is a tag, whether it is brief) of each field of a dataclass. Raises TypeError if it is
    none."""
    ordered = sorted(dataclasses.fields(kind), key=lambda f: f.name == "extra")
    tags = _tags(kind)
    return tuple((f.name, _default(f), f.name in tags, BRIEF in _notes(_hints(kind)[f.name])) for f in ordered)


def _notes(hint: Any) -> tuple[Any, ...]:
    """What stands beside a type in Annotated."""
    return getattr(hint, "__metadata__", ())


def _default(f: dataclasses.Field[Any]) -> Any:
    """The default of a field, MISSING if it has none."""
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


# --- reading -------------------------------------------------------------------------------------------


def build(kind: type[T], data: Any, where: str) -> T:
    """`data`, as `plain` made it and JSON brought it, as a value of `kind`.

    where: what the errors call it. Raises ValueError that names the bad place and what was expected there.
    """
    return typing.cast(T, _value(kind, data, where))


def _value(kind: Any, data: Any, where: str) -> Any:
    """`data` as a value of the type `kind`, which may be any that this file knows."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _value(kind.__origin__, data, where)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(kind), data, where)
    if origin is Literal:
        if data not in typing.get_args(kind):
            raise ValueError(f"{where}: {_shown(data)} is not one of {typing.get_args(kind)}")
        return data
    if origin is tuple:
        return _tuple(typing.get_args(kind), _list(data, where), where)
    if origin is list:
        return list(_tuple((*typing.get_args(kind), ...), _list(data, where), where))
    if origin in (frozenset, set, AbstractSet):
        items = [_value(typing.get_args(kind)[0], item, where) for item in _list(data, where)]
        return set(items) if origin is set else frozenset(items)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(typing.get_args(kind)[-1], data, where)
    if dataclasses.is_dataclass(kind):
        return _object(kind, data, where)
    return _leaf(kind, data, where)


def _leaf(kind: Any, data: Any, where: str) -> Any:
    """A text, a number, octets, true or false. A float without a fraction will do for a whole number."""
    if isinstance(data, int | float) and not isinstance(data, bool):
        if kind is float:
            return float(data)
        if kind is int and data == data // 1:
            return int(data)
    if kind is bytes and isinstance(data, str):
        return data.encode("utf-8", "surrogateescape")
    if kind in (str, bool) and isinstance(data, kind):
        return data
    raise _unexpected(where, _WORDS.get(kind, str(kind)), data)


def _tuple(args: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    """Any number of one type, or one of each."""
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_value(args[0], item, f"{where}[{n}]") for n, item in enumerate(data))
    if len(args) != len(data):
        raise ValueError(f"{where}: {len(args)} items were expected, not {len(data)}")
    return tuple(_value(arg, item, f"{where}[{n}]") for n, (arg, item) in enumerate(zip(args, data, strict=True)))


def _mapping(inner: Any, data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _unexpected(where, "an object", data)
    return {str(key): _value(inner, item, f"{where}.{key}") for key, item in data.items()}


def _object(kind: Any, data: Any, where: str) -> Any:
    """A dataclass out of an object."""
    if not isinstance(data, Mapping):
        raise _unexpected(where, "an object", data)
    hints = _hints(kind)
    data = getattr(kind, "from_earlier", dict)(dict(data))
    known = {key: data[key] for key in data if key in hints and key != "extra"}
    more = {key: data[key] for key in data if key not in known}
    if more and "extra" not in hints:
        raise ValueError(f"{where}: unknown key {min(more)!r}")
    absent = [name for name, default, *_ in _written(kind) if default is dataclasses.MISSING and name not in known]
    if absent:
        raise ValueError(f"{where}: {absent[0]!r} is missing")
    made = {key: _value(hints[key], item, f"{where}.{key}") for key, item in known.items()}
    return kind(**made, **({"extra": more} if "extra" in hints else {}))


def _one_of(options: tuple[Any, ...], data: Any, where: str) -> Any:
    """`data` as the class that its tag names, or else as the first of these types that takes it."""
    if data is None and type(None) in options:
        return None
    classes: list[Any] = [option for option in options if dataclasses.is_dataclass(option)]
    shared = set.intersection(*(set(_tags(option)) for option in classes)) if classes else set()
    if shared:
        tag = min(shared)
        name = data.get(tag) if isinstance(data, Mapping) else None
        for option in classes:
            if _tags(option)[tag] == name:
                return _object(option, data, where)
        raise ValueError(f"{where}: {tag} must be one of {tuple(_tags(option)[tag] for option in classes)}")
    if type(data) in options:
        return data
    others = [option for option in options if option is not type(None)]
    problems = []
    for option in others:
        try:
            return _value(option, data, where)
        except ValueError as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    expected = (_WORDS.get(option, option.__name__) if isinstance(option, type) else str(option) for option in others)
    raise _unexpected(where, " or ".join(expected), data)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind)}


@functools.cache
def _tags(kind: Any) -> dict[str, str]:
    """Fields that hold one text always, with that text."""
    return {
        name: typing.get_args(hint)[0]
        for name, hint in _hints(kind).items()
        if typing.get_origin(hint) is Literal and len(typing.get_args(hint)) == 1
    }


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise _unexpected(where, "a list", data)
    return list(data)


def _unexpected(where: str, expected: str, data: Any) -> ValueError:
    return ValueError(f"{where}: {expected} was expected, not {_shown(data)}")


def _shown(data: Any) -> str:
    """What was found, short enough for a line."""
    if data is None:
        return "null"
    if isinstance(data, list | tuple):
        return "a list"
    if isinstance(data, Mapping):
        return "an object"
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- schema --------------------------------------------------------------------------------------------


def schema(kind: type, title: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `plain` writes for a dataclass.

    Every class is one of its definitions, described by the first paragraph of its docstring. A class may add to its
    definition by a class attribute SCHEMA.
    """
    definitions: dict[str, Any] = {}
    top = _schema_of(kind, definitions)
    body = definitions.pop(kind.__name__) if kind.__name__ in definitions else top
    ordered = {"$defs": dict(sorted(definitions.items()))} if definitions else {}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **body, **ordered}


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of one type; classes in it are added to the definitions."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        limits = [limit for limit in kind.__metadata__ if isinstance(limit, dict)]
        return functools.reduce(lambda known, limit: {**known, **limit}, limits, _schema_of(args[0], definitions))
    if kind is Any:
        return {}
    if kind is type(None):
        return {"type": "null"}
    if isinstance(kind, type) and kind in _JSON_TYPES:
        return {"type": _JSON_TYPES[kind]}
    if origin in (typing.Union, types.UnionType):
        return _schema_of_union([_schema_of(option, definitions) for option in args])
    if origin is Literal:
        return {"const": args[0]} if len(args) == 1 else {"enum": list(args)}
    if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        items = [_schema_of(arg, definitions) for arg in args]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin in (tuple, frozenset, set, AbstractSet):
        return {"type": "array", "items": _schema_of(args[0], definitions)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema_of(args[-1], definitions)}
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"{kind}: the codec does not know this type")
    name = typing.cast(type, kind).__name__
    if name not in definitions:
        definitions[name] = {}  # so that a class may hold itself
        definitions[name] = _schema_of_class(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _schema_of_union(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain types as a list of names, everything else as alternatives."""
    if all(set(option) == {"type"} for option in options):
        return {"type": [option["type"] for option in options]}
    return {"anyOf": options}


def _schema_of_class(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = {name: hint for name, hint in _hints(kind).items() if name != "extra"}
    required = [
        name
        for name, default, *_ in _written(kind)
        if name in hints and (default is dataclasses.MISSING or ALWAYS in _notes(hints[name]))
    ]
    out: dict[str, Any] = {"description": " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())}
    out["type"] = "object"
    if required:
        out["required"] = required
    out["properties"] = {name: _schema_of(hint, definitions) for name, hint in hints.items()}
    if "extra" not in _hints(kind):
        out["additionalProperties"] = False
    return {**out, **getattr(kind, "SCHEMA", {})}
