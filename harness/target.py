"""The target file: where the endpoint is, who may call it, and what a run may use. TOML -> frozen values.

Everything is checked when the file is read, so that a mistake is told before the first call, with the
file, the key and what to do. Secrets come from the file, from the environment, from a profile of the
vendor's command line tool, or from the vendor's default chain; they never show in a repr.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from eni_conformance.contract.detach import CALLERS
from eni_conformance.contract.rules import Revision
from eni_conformance.harness import settings

KNOWN_CALLERS = ("account", *CALLERS)


class TargetError(Exception):
    """The target file, or a credential that it names, cannot be used. The text says where and what to do."""


@dataclass(frozen=True)
class Credential:
    """An AccessKey; `security_token` is empty unless it belongs to a session of a role."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Caller:
    """Who calls. Exactly one source: `literal`, `env` (a prefix), `profile` (a name), or none: the chain.

    The prefix P stands for the variables P_ACCESS_KEY_ID, P_ACCESS_KEY_SECRET and P_SECURITY_TOKEN.
    """

    name: str
    literal: Credential | None = field(default=None, repr=False)
    env: str = ""
    profile: str = ""

    @property
    def source(self) -> str:
        """Where the secret comes from, in words without the secret."""
        if self.literal is not None:
            return "the target file"
        if self.env:
            return f"environment {self.env}_ACCESS_KEY_ID"
        return f"profile {self.profile}" if self.profile else "the default chain"


@dataclass(frozen=True)
class Setup:
    """Resources to use instead of creating or discovering them; empty text: none given."""

    zone: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    security_group_id: str = ""
    instance_type: str = ""
    image_id: str = ""


_ELSEWHERE = settings.numbers("limits", loopback=False)


@dataclass(frozen=True)
class Limits:
    """What a run may use. requests_per_second 0: unlimited. Resources are counted while alive.

    settle_seconds: how long a transition may take. lag_seconds: how long a description may lag behind.
    """

    requests_per_second: float = _ELSEWHERE["requests_per_second"]
    instances: int = int(_ELSEWHERE["instances"])
    network_interfaces: int = int(_ELSEWHERE["network_interfaces"])
    minutes: float = _ELSEWHERE["minutes"]
    settle_seconds: float = _ELSEWHERE["settle_seconds"]
    lag_seconds: float = _ELSEWHERE["lag_seconds"]


Passing = Literal["tolerate", "count"]


@dataclass(frozen=True)
class Offers:
    """What the endpoint claims to offer, in lower case. Empty: the file does not say, so it is found out."""

    formats: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()


ALL_OFFERS = Offers(settings.KEYS["offers.formats"].choices, settings.KEYS["offers.signing"].choices)


@dataclass(frozen=True)
class Target:
    """An endpoint that claims to speak ECS. `endpoint` and `vpc_endpoint` have no trailing slash."""

    name: str
    endpoint: str
    vpc_endpoint: str
    region: str
    callers: Mapping[str, Caller]
    second_region: str = ""
    control_url: str = ""
    setup: Setup = Setup()
    limits: Limits = Limits()
    offers: Offers = Offers()
    passing: Passing | None = None
    path: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def tolerates(self) -> bool:
        """Whether an answer that may pass is asked again before it counts: by default, where a network is between."""
        return self.passing == "tolerate" if self.passing else not self.loopback

    @property
    def edition(self) -> Revision:
        """The edition of the page to judge by where the command names none: today's service follows the later one."""
        return "2024" if self.real else "2019"

    @property
    def real(self) -> bool:
        """Whether the endpoint is one of the service itself."""
        return (urlsplit(self.endpoint).hostname or "").endswith(".aliyuncs.com")

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        return is_loopback(self.endpoint)


def is_loopback(url: str) -> bool:
    """Whether the host of `url` is this machine: localhost or an address of the loopback net."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def ecs_endpoint(region: str) -> str:
    """The public endpoint of a region. Source: the vendor's endpoint list; one region has no own host."""
    return "https://ecs.aliyuncs.com" if region == "cn-hangzhou-finance" else f"https://ecs.{region}.aliyuncs.com"


def vpc_endpoint(endpoint: str, region: str) -> str:
    """Where the VPC operations are: vpc.<region>.aliyuncs.com for the service, else the same URL."""
    host = urlsplit(endpoint).hostname or ""
    if not host.endswith(".aliyuncs.com"):
        return endpoint
    return "https://vpc.aliyuncs.com" if host == "ecs.aliyuncs.com" else f"https://vpc.{region}.aliyuncs.com"


ABROAD = Limits(instances=1, network_interfaces=4)
"""What a run may use in the second region, taken off what it may use in all."""


def shares(target: Target, workers: int = 1) -> tuple[Target, Target | None]:
    """The target as it is used in its own region and in its second one; None where the limits, or the file, have
    no room for resources there. Names under [setup] belong to the first region."""
    limits = target.limits
    home = replace(
        limits,
        instances=limits.instances - ABROAD.instances,
        network_interfaces=limits.network_interfaces - ABROAD.network_interfaces,
    )
    if not target.second_region or home.instances < 3 * workers or home.network_interfaces < 12 * workers:
        return target, None
    there = abroad(target)
    limits = replace(limits, instances=ABROAD.instances, network_interfaces=ABROAD.network_interfaces)
    return replace(target, limits=home), replace(there, limits=limits)


def abroad(target: Target) -> Target:
    """The same target seen from its second region: the service has an endpoint for each, others have one."""
    region = target.second_region
    served = _ENDPOINT.fullmatch(urlsplit(target.endpoint).hostname or "")
    endpoint = ecs_endpoint(region) if served else target.endpoint
    return replace(
        target,
        region=region,
        second_region=target.region,
        endpoint=endpoint,
        vpc_endpoint=vpc_endpoint(endpoint, region) if served else target.vpc_endpoint,
        setup=Setup(instance_type=target.setup.instance_type),
    )


LONGEST_FILE = 1_000_000
"""Octets of a target file, which has a few hundred. What has no end (a device) is never read to it."""


def load_target(
    path: str | Path, *, allow_plain_http: bool = False, environ: Mapping[str, str] | None = None
) -> Target:
    """Read and check a target file. Raises TargetError."""
    shown = str(path)
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise TargetError(f"{shown}: cannot be read ({error.strerror}); name an existing target file") from None
    if len(raw) > LONGEST_FILE:
        raise TargetError(f"{shown}: is too long for a target file")
    try:
        data = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{shown}: is not TOML: {error}") from None
    target = parse_target(data, where=shown, allow_plain_http=allow_plain_http, environ=environ)
    return replace(target, path=shown, warnings=target.warnings + _readable_by_others(Path(path), target))


def misnamed_callers(target: Target) -> tuple[str, ...]:
    """A sentence for each caller whose name means nothing to the suite: nothing is tried with it."""
    told = []
    for name in target.callers:
        if name not in KNOWN_CALLERS:
            near = difflib.get_close_matches(name, KNOWN_CALLERS, 1, 0.5)
            meant = f"did you mean {near[0]}? " if near else ""
            known = f"{meant}known: {', '.join(KNOWN_CALLERS)}"
            told.append(f"{target.path}: callers.{name}: nothing is tried with it; {known}")
    return tuple(told)


def edition_of(path: str | Path) -> Revision:
    """The edition of the page to judge the target of a file by, where nobody names one; the earlier one for a file that
    cannot be used, which is told elsewhere."""
    try:
        return load_target(path, allow_plain_http=True).edition
    except TargetError:
        return "2019"


def parse_target(
    data: Mapping[str, Any],
    *,
    where: str = "target",
    allow_plain_http: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Target:
    """Check what a target file holds. `where` begins each message. Raises TargetError."""
    _only(data, where, "", settings.names(""))
    region = _text(data, where, "region", "").strip()
    if not _REGION.fullmatch(region):
        raise _error(where, "region", f"{region!r} is no region", 'write for example region = "cn-hangzhou"')
    second = _text(data, where, "second_region", "")
    if second and not _REGION.fullmatch(second):
        raise _error(where, "second_region", f"{second!r} is no region", "leave it out or name another region")
    if second == region:
        raise _error(where, "second_region", "is the same as region", "leave it out or name another region")
    endpoint = _url(data, where, "endpoint", allow_plain_http) or ecs_endpoint(region)
    other = _ENDPOINT.fullmatch(urlsplit(endpoint).hostname or "")
    if other and other.group(1) != region:
        raise _error(
            where,
            "endpoint",
            f"serves the region {other.group(1)}, not {region}",
            "make endpoint and region agree",
        )
    vpc = _url(data, where, "vpc_endpoint", allow_plain_http) or vpc_endpoint(endpoint, region)
    control = _table(data, where, "control")
    _only(control, where, "control", settings.names("control"))
    control_url = _text(control, where, "url", "", "control")
    if control_url:
        _check_url(control_url, where, "control.url", allow_plain_http)
    return Target(
        name=_name(data, where, endpoint),
        endpoint=endpoint,
        vpc_endpoint=vpc,
        region=region,
        second_region=second,
        callers=_callers(data, where, os.environ if environ is None else environ),
        control_url=control_url,
        setup=_setup(_table(data, where, "setup"), where),
        limits=_limits(_table(data, where, "limits"), where, is_loopback(endpoint)),
        offers=_offers(_table(data, where, "offers"), where),
        passing=_choice(_table(data, where, "judge"), where, "passing"),
    )


_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+")
_ENDPOINT = re.compile(r"ecs(?:-vpc)?\.([a-z0-9-]+)\.aliyuncs\.com")
_CREDENTIAL_KEYS = settings.names("callers.NAME")


def _error(where: str, key: str, what: str, remedy: str) -> TargetError:
    return TargetError(f"{where}: {key}: {what}; {remedy}")


def _only(table: Mapping[str, Any], where: str, prefix: str, known: list[str]) -> None:
    """Refuse keys that mean nothing, and name the nearest that does."""
    for key in table:
        if key not in known:
            near = min(known, key=lambda k: (abs(len(k) - len(key)) + len(set(k) ^ set(key)), k))
            shown = f"{prefix}.{key}" if prefix else key
            raise _error(where, shown, "unknown key", f"did you mean {near!r}? known: {', '.join(sorted(known))}")


def _text(table: Mapping[str, Any], where: str, key: str, default: str, prefix: str = "") -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise _error(where, f"{prefix}.{key}" if prefix else key, f"{value!r} is no text", "put it in quotes")
    return value


def _table(data: Mapping[str, Any], where: str, key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise _error(where, key, "is not a table", f"write it as [{key}]")
    return value


def _name(data: Mapping[str, Any], where: str, endpoint: str) -> str:
    name = _text(data, where, "name", "") or (urlsplit(endpoint).hostname or "target")
    if len(name) > 100 or not name.isprintable():
        raise _error(where, "name", "is too long or holds control characters", "use a short plain name")
    return name


def _url(data: Mapping[str, Any], where: str, key: str, allow_plain_http: bool) -> str:
    url = _text(data, where, key, "").rstrip("/")
    if not url:
        return ""
    _check_url(url, where, key, allow_plain_http)
    if urlsplit(url).path:
        raise _error(where, key, "has a path", "the service is at the root: give scheme, host and port only")
    return url


_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f.]*:[0-9a-f:.]*(%[a-z0-9_.-]+)?")
"""A host name or an IPv6 address, in small letters; names of containers hold underscores."""


def _check_url(url: str, where: str, key: str, allow_plain_http: bool) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _error(where, key, f"is no URL ({error})", "write https://host or https://host:port") from None
    odd = not url.isascii() or any(c.isspace() for c in url)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or "") or odd or port == 0:
        raise _error(where, key, f"{url!r} is no http(s) URL", "write https://host or https://host:port")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _error(where, key, "holds more than scheme, host, port and path", "credentials belong in [callers]")
    if parts.scheme == "http" and not is_loopback(url) and not allow_plain_http:
        raise _error(
            where,
            key,
            "plain http to another machine would send signed calls in clear",
            "use https, or pass --allow-plain-http",
        )


def _callers(data: Mapping[str, Any], where: str, environ: Mapping[str, str]) -> Mapping[str, Caller]:
    tables = _table(data, where, "callers")
    if "account" not in tables:
        raise _error(
            where,
            "callers.account",
            "is missing",
            "add [callers.account]: with nothing in it, the vendor's default credential chain is used",
        )
    made: dict[str, Caller] = {}
    for name in tables:
        table = _table(tables, where, name) if isinstance(tables[name], dict) else None
        if table is None or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
            raise _error(where, f"callers.{name}", "is not a caller", f"write it as [callers.{KNOWN_CALLERS[1]}]")
        made[name] = _caller(name, table, where, environ)
    return MappingProxyType(made)


def _caller(name: str, table: Mapping[str, Any], where: str, environ: Mapping[str, str]) -> Caller:
    prefix = f"callers.{name}"
    _only(table, where, prefix, _CREDENTIAL_KEYS)
    given = {key: _text(table, where, key, "", prefix) for key in _CREDENTIAL_KEYS}
    literal = bool(given["access_key_id"] or given["access_key_secret"] or given["security_token"])
    if literal + bool(given["env"]) + bool(given["profile"]) > 1:
        raise _error(where, prefix, "has more than one source of credentials", "keep one: keys, env or profile")
    if literal:
        for key in ("access_key_id", "access_key_secret"):
            if not given[key]:
                raise _error(where, f"{prefix}.{key}", "is missing", "give both halves of the AccessKey")
        for key in ("access_key_id", "access_key_secret", "security_token"):
            if not (given[key].isascii() and given[key].isprintable() and " " not in given[key]):
                raise _error(where, f"{prefix}.{key}", "holds blanks or non-ASCII characters", "copy it again")
        return Caller(
            name,
            Credential(given["access_key_id"], given["access_key_secret"], given["security_token"]),
        )
    if given["env"]:
        _from_environment(given["env"], environ, f"{where}: {prefix}.env")
    return Caller(name, None, given["env"], given["profile"])


def _from_environment(prefix: str, environ: Mapping[str, str], where: str) -> Credential:
    values = [environ.get(f"{prefix}_{part}", "") for part in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET")]
    for part, value in zip(("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"), values, strict=True):
        if not value:
            raise TargetError(f"{where}: the variable {prefix}_{part} is not set; export it, or change env")
    return Credential(values[0], values[1], environ.get(f"{prefix}_SECURITY_TOKEN", ""))


def _setup(table: Mapping[str, Any], where: str) -> Setup:
    names = settings.names("setup")
    _only(table, where, "setup", names)
    texts = {key: _text(table, where, key, "", "setup") for key in names}
    for key, value in texts.items():
        if not re.fullmatch(r"[\x21-\x7e]{0,200}", value):
            raise _error(where, f"setup.{key}", f"{value!r} is no identifier", "copy it from the console")
    if texts["vswitch_id"] and not texts["vpc_id"]:
        raise _error(where, "setup.vpc_id", "is missing", "name the VPC that setup.vswitch_id lies in")
    return Setup(**texts)


def _limits(table: Mapping[str, Any], where: str, loopback: bool) -> Limits:
    _only(table, where, "limits", settings.names("limits"))
    made: dict[str, Any] = settings.numbers("limits", loopback=loopback)
    for key, value in table.items():
        number = settings.KEYS[f"limits.{key}"].number
        assert number is not None
        if isinstance(value, bool) or not isinstance(value, int if number.whole else (int, float)):
            kind = "whole number" if number.whole else "number"
            raise _error(where, f"limits.{key}", f"{value!r} is no {kind}", f"write a {kind}, without quotes")
        if not math.isfinite(value) or not number.low <= value <= number.high:
            allowed = f"{number.low:g} to {number.high:g} is allowed"
            raise _error(where, f"limits.{key}", f"{value!r} is out of range", allowed)
        made[key] = value if number.whole else float(value)
    return Limits(**made)


def _offers(table: Mapping[str, Any], where: str) -> Offers:
    made = {}
    for key in settings.names("offers"):
        known = settings.KEYS[f"offers.{key}"].choices
        value = table.get(key, [])
        names = [name.lower() for name in value if isinstance(name, str)] if isinstance(value, list) else []
        if key in table and (not names or len(names) != len(value) or set(names) - set(known)):
            remedy = f"write a list of one or more of {', '.join(map(repr, known))}"
            raise _error(where, f"offers.{key}", f"{value!r} is no list of what can be offered", remedy)
        made[key] = tuple(sorted(set(names)))
    _only(table, where, "offers", list(made))
    return Offers(**made)


def _choice(table: Mapping[str, Any], where: str, key: str) -> Any:
    """What stands under [judge] for a key that has a few values; None if nothing does."""
    _only(table, where, "judge", settings.names("judge"))
    value, choices = table.get(key), settings.KEYS[f"judge.{key}"].choices
    if value is None or value in choices:
        return value
    known = " or ".join(map(repr, choices))
    raise _error(where, f"judge.{key}", f"{value!r} is unknown", f"write {known}, or leave it out")


def _readable_by_others(path: Path, target: Target) -> tuple[str, ...]:
    """A warning when a literal secret lies in a file that other users can read."""
    if all(caller.literal is None for caller in target.callers.values()):
        return ()
    try:
        mode = path.stat().st_mode
    except OSError:
        return ()
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return ()
    return (f"{path}: holds secrets and can be read by other users; run chmod 600, or use env or profile",)


def resolver(caller: Caller) -> Callable[[], Credential]:
    """A function that gives the caller's credential of this moment; session tokens are renewed by it.

    Raises TargetError, now or when called, if there is none. alibabacloud-credentials is imported here.
    """
    if caller.literal is not None:
        credential = caller.literal
        return lambda: credential
    if caller.env:
        fixed = _from_environment(caller.env, os.environ, f"caller {caller.name}")
        return lambda: fixed
    return _chain(caller)


def _chain(caller: Caller) -> Callable[[], Credential]:
    where = f"caller {caller.name} ({caller.source})"
    try:
        from alibabacloud_credentials.client import Client
        from alibabacloud_credentials.provider import CLIProfileCredentialsProvider

        if caller.profile:
            source: Any = CLIProfileCredentialsProvider(profile_name=caller.profile)
            fetch = source.get_credentials
        else:
            fetch = Client().get_credential
    except Exception as error:
        raise TargetError(f"{where}: {type(error).__name__}; install or configure alibabacloud-credentials") from None

    def current() -> Credential:
        try:
            got = fetch()
            key_id, secret, token = (
                _part(got, name) for name in ("access_key_id", "access_key_secret", "security_token")
            )
        except Exception as error:
            raise TargetError(f"{where}: no credential ({type(error).__name__}); log in, or name keys") from None
        if not key_id or not secret:
            raise TargetError(f"{where}: the credential has no AccessKey; log in, or name keys in the file")
        return Credential(key_id, secret, token)

    return current


def _part(got: Any, name: str) -> str:
    """One part of a credential; the two kinds of the library offer attributes or getters."""
    value = getattr(got, name, None)
    if value is None:
        getter = getattr(got, f"get_{name}", None)
        value = getter() if getter is not None else None
    return value or ""
