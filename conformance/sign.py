"""The subcommand `sign`: a kept call with a fresh signature, as a curl config or as a Python program.

What is printed can be sent once, by whoever reads it, until its time stamp is too old; so it goes into a pipe:
`eni-conformance sign CALL.json | curl -sS -i -K -`. The call is what `replay --keep` has written down.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eni_conformance.conformance.commands import OK, USAGE
from eni_conformance.contract import codec
from eni_conformance.contract.codec import Always
from eni_conformance.contract.detach import ACTION, VERSION
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.target import TargetError, is_loopback, load_target, resolver
from eni_conformance.harness.wire.client import Parts, build
from eni_conformance.harness.wire.tamper import public, tampered
from eni_conformance.harness.wire.transport import Prepared

Pair = tuple[str, str]


@dataclass(frozen=True)
class KeptCall:
    """One call, with everything that a fresh signature needs but the secret. target: the target file. probe: name of
    the probe of the gateway that it is, "" if it is none. skew: seconds by which the endpoint's clock is ahead."""

    target: Always[str]
    caller: Always[str] = "account"
    pairs: Always[tuple[Pair, ...]] = ()
    wire: Wire = field(default_factory=Wire)
    probe: str = ""
    skew: float = 0.0
    plain_http: bool = False


def prepared(call: KeptCall, now: float, nonce: str) -> Prepared:
    """The call as it goes on the wire now. Raises TargetError where the caller's credential cannot be had."""
    target = load_target(Path(call.target), allow_plain_http=call.plain_http)
    known = target.callers.get(call.caller)
    if known is None:
        raise TargetError(f"{call.target}: [callers.{call.caller}] is gone; the call was kept for it")
    probe = PROBES.get(call.probe)
    at = now + call.skew
    made = build(
        Parts(
            action=(probe.action if probe else "") or ACTION,
            version=(probe.version if probe else "") or VERSION,
            pairs=call.pairs,
            wire=call.wire,
            endpoint=target.endpoint,
            host=urlsplit(target.endpoint).netloc,
            caller=call.caller,
            credential=resolver(known)(),
            common=public(probe.common, at) if probe else {},
            now=at,
            nonce=nonce,
            unsigned=probe.unsigned if probe else (),
        )
    )
    return tampered(probe.tamper, made) if probe and probe.tamper else made


def as_curl(request: Prepared) -> str:
    """A config for `curl -K -`."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}

    def line(option: str, text: str) -> str:
        return f'{option} = "{"".join(escapes.get(char, char) for char in text)}"\n'

    out = line("url", request.url) + line("request", request.method) + "globoff\npath-as-is\nmax-time = 60\n"
    out += line("noproxy", "*") if is_loopback(request.url) else ""
    out += "".join(line("header", f"{name}: {value}") for name, value in request.headers)
    if request.body or request.method == "POST":
        out += line("data-raw", request.body.decode("ascii"))
    return out


def as_python(request: Prepared) -> str:
    """A program that needs the standard library alone."""
    at = urlsplit(request.url)
    path = at.path + (f"?{at.query}" if at.query else "")
    return (
        "import http.client\n\n"
        f"connection = http.client.HTTP{'S' if at.scheme == 'https' else ''}Connection({at.netloc!r}, timeout=60)\n"
        f"connection.putrequest({request.method!r}, {path!r}, skip_host=True, skip_accept_encoding=True)\n"
        f"for name, value in {list(request.headers)!r}:\n    connection.putheader(name, value)\n"
        f"body = {request.body!r}\n"
        'if body:\n    connection.putheader("content-length", str(len(body)))\n'
        "connection.endheaders(body or None)\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.reason)\n"
        "print(answer.headers)\n"
        'print(answer.read().decode("utf-8", "replace"))\n'
    )


def read(path: Path) -> KeptCall:
    """A call that was kept. Raises ValueError with the path if it is none."""
    try:
        return codec.build(KeptCall, json.loads(path.read_text()), str(path))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is no kept call: {error}") from None


def main(args: Any) -> int:
    """Print the call, freshly signed."""
    try:
        call = read(Path(args.call))
    except ValueError as error:
        print(f"eni-conformance sign: {error}", file=sys.stderr)
        return USAGE
    request = prepared(call, REAL.now(), os.urandom(16).hex())
    print(as_python(request) if args.python else as_curl(request), end="")
    return OK
