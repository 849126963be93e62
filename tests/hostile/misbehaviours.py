"""Every way to misbehave that the tests know, as one table: what is done, what the client must make of it, and
which requirement it is evidence against when a DetachNetworkInterface is answered like that.

`outcome` is the kind of Exchange; several may be named where the moment decides. `status` is None where it does
not matter. `violates` are rows of the contract: at least one of them must be violated in a run; none: the answer
is no evidence (throttling), or an admissible form of HTTP.
"""

from __future__ import annotations

import functools
import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from hostile_server import Behaviour, Line

JSON = b'{"RequestId":"0BF35E8A-A8D2-59DC-9039-1976C392BA92"}'
XML = b"<DetachNetworkInterfaceResponse><RequestId>0BF35E8A-A8D2-59DC-9039-1976C392BA92</RequestId>"
XML += b"</DetachNetworkInterfaceResponse>"
OK = "200 OK"
JSON_TYPE = "application/json;charset=utf-8"
HTML = b"<!doctype html><html><body><h1>%s</h1><script>alert(1)</script></body></html>"


@dataclass(frozen=True)
class Misbehaviour:
    """One row of the table. `run`: also tried against a whole run. `early`: before a request is read."""

    name: str
    behave: Behaviour
    outcome: str
    status: int | None
    violates: str = "B02"
    run: bool = False
    early: bool = False
    format: str = "JSON"


def answer(body: bytes = JSON, status: str = OK, kind: str = JSON_TYPE, extra: bytes = b"") -> bytes:
    """A plain answer with a length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + extra + b"\r\n" + body


def head(*lines: bytes, status: str = OK) -> bytes:
    """A status line and headers, and nothing more."""
    return f"HTTP/1.1 {status}\r\n".encode() + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


CHUNKED = head(b"Transfer-Encoding: chunked", b"Content-Type: application/json")


def says(data: bytes | Callable[[Line], bytes], then: str = "keep") -> Behaviour:
    """Send `data`, then keep the connection, close it, reset it, or say nothing for long."""

    def behave(line: Line) -> bool:
        line.send(data if isinstance(data, bytes) else data(line))
        if then == "reset":
            line.reset()
        elif then == "wait":
            line.wait()
        return then == "keep"

    return behave


def drips(start: bytes, data: bytes, seconds: float = 1.0) -> Behaviour:
    """Send `start`, then `data` one byte at a time."""

    def behave(line: Line) -> bool:
        line.send(start)
        line.drip(data, seconds)
        line.wait()
        return False

    return behave


def forever(start: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Send `start`, then `piece` again and again until the client goes away."""

    def behave(line: Line) -> bool:
        line.send(start)
        while not line.stopped.wait(pause) if pause else not line.stopped.is_set():
            line.send(piece)
        return False

    return behave


def amount(start: bytes, total: int) -> Behaviour:
    """Send `start` and then `total` octets."""

    def behave(line: Line) -> bool:
        line.send(start)
        block = b" " * 65536
        for _ in range(total // len(block)):
            line.send(block)
        return True

    return behave


def redirect(status: str, where: Callable[[Line], str]) -> Behaviour:
    """Send the client away."""

    def text(line: Line) -> bytes:
        return answer(b"", status, extra=f"Location: {where(line)}\r\n".encode())

    return says(text)


def elsewhere(line: Line) -> str:
    return f"{line.elsewhere}/?{line.request.split(b' ')[1].decode().partition('?')[2]}"


def itself(line: Line) -> str:
    return line.request.split(b" ")[1].decode()


@functools.cache
def bomb(kind: str, size: int) -> bytes:
    """`size` octets of zeros, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if kind == "gzip" else 15)
    block = bytes(1 << 20)
    return b"".join([packer.compress(block) for _ in range(size >> 20)]) + packer.flush()


def packed(body: Callable[[], bytes], encoding: bytes) -> Behaviour:
    """An answer that says it is compressed; made when it is needed."""
    return says(lambda _line: answer(body(), extra=b"Content-Encoding: " + encoding + b"\r\n"))


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><Error><RequestId>&a9;</RequestId></Error>"
)
BLOWUP = b'<!DOCTYPE l [<!ENTITY a "' + b"A" * 50_000 + b'">]><Error><Code>' + b"&a;" * 50_000 + b"</Code></Error>"
FILE = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><Error><Code>&a;</Code></Error>'


def external(line: Line) -> bytes:
    entity = f'<!DOCTYPE l [<!ENTITY a SYSTEM "{line.elsewhere}/entity">]><Error><Code>&a;</Code></Error>'
    return answer(entity.encode(), kind="text/xml;charset=utf-8")


def document_type(line: Line) -> bytes:
    text = f'<!DOCTYPE Error SYSTEM "{line.elsewhere}/error.dtd"><Error><Code>x</Code></Error>'
    return answer(text.encode(), kind="text/xml;charset=utf-8")


def stylesheet(line: Line) -> bytes:
    text = f'<?xml version="1.0"?><?xml-stylesheet href="{line.elsewhere}/x.xsl" type="text/xsl"?>'
    text += f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{line.elsewhere}/x"/></r>'
    return answer(text.encode(), kind="text/xml;charset=utf-8")


def page(status: str, text: bytes, extra: bytes = b"") -> Behaviour:
    """What a proxy or a portal in front shows to people."""
    return says(answer(HTML % text, status, "text/html", extra))


def _reset(line: Line) -> bool:
    line.reset()
    return False


def _wait(line: Line) -> bool:
    line.wait()
    return False


def _half_close(line: Line) -> bool:
    line.sock.shutdown(1)
    line.wait()
    return False


def _reset_later(line: Line) -> bool:
    line.send(answer())
    line.stopped.wait(0.02)
    line.reset()
    return False


def m(name: str, behave: Behaviour, outcome: str, status: int | None, violates: str = "B02", **more: bool | str) -> Misbehaviour:  # fmt: skip  # noqa: E501
    return Misbehaviour(name, behave, outcome, status, violates, **more)  # type: ignore[arg-type]


XML_KIND = "text/xml;charset=utf-8"
SHAPE = "R01 R02 R03 R04 R05 R08"
TABLE = (
    # --- before an answer
    m("closed before the request is read", lambda _: False, "reset", 0, early=True),
    m("reset before the request is read", _reset, "reset refused", 0, early=True),
    m("silence before the request is read", _wait, "timeout", 0, early=True),
    m("closed before the answer", lambda _: False, "reset", 0, run=True),
    m("reset before the answer", _reset, "reset", 0, run=True),
    m("silence", _wait, "timeout", 0, run=True),
    m("half-open: the sending side is shut", _half_close, "reset", 0, run=True),
    # --- in the head
    m("half a status line", says(b"HTTP/1.1 2", "close"), "unreadable", 0, run=True),
    m(
        "closed in the headers",
        says(b"HTTP/1.1 200 OK\r\nContent-Le", "close"),
        "answered reset unreadable",
        200,
        "B02 R01 R02 R03",  # read as an empty body, where the end of the headers is taken for granted
    ),
    m("reset in the headers", says(b"HTTP/1.1 200 OK\r\nContent-Le", "reset"), "reset", 0, run=True),
    m("silence in the headers", says(b"HTTP/1.1 200 OK\r\nContent-Le", "wait"), "timeout", 0),
    m("one byte a second", drips(b"", answer()), "timeout", 0, run=True),
    m("endless headers", forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.02), "timeout unreadable", None),
    m(
        "endless headers, fast",
        forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 99),
        "timeout unreadable",
        None,
        run=True,
    ),
    m("endless header line", forever(b"HTTP/1.1 200 OK\r\nX-A: ", b"b" * 9999), "timeout unreadable", None),
    m("endless status line", forever(b"HTTP/1.1 200 ", b"OK" * 9999), "timeout unreadable", 0),
    m("endless interim answers", forever(b"", head(status="103 Early Hints"), 0.01), "timeout", 0, run=True),
    m("endless interim answers, fast", forever(b"", head(status="102 Processing") * 99), "timeout unreadable", 0),
    m("a thousand headers", says(head(*[b"a: b"] * 1000)), "unreadable", 0, run=True),
    m("a header of 100 kB", says(head(b"a: " + b"b" * 100_000)), "unreadable", 0, run=True),
    m(
        "9 headers of 60 kB",
        says(answer(extra=b"".join(b"a%d: %s\r\n" % (n, b"b" * 60_000) for n in range(9)))),
        "answered",
        200,
        "",
    ),
    m(
        "NUL in the head",
        says(b"HTTP/1.1 200 OK\r\nX\0: a\0b\r\nContent-Length: 0\r\n\r\n"),
        "answered unreadable timeout",
        None,
        "B02 R01 R02",
    ),
    m("header without a colon", says(answer(extra=b"nonsense\r\n")), "answered unreadable", None, ""),
    m("folded header", says(answer(extra=b"X-A: b\r\n c\r\n")), "answered unreadable", None, ""),
    m("header beyond ASCII", says(answer(extra=b"X-A: \xff\xfe\r\n")), "answered", 200, ""),
    m("two content types", says(answer(extra=b"Content-Type: text/html\r\n")), "answered", 200, "R05", run=True),
    m(
        "two lengths that differ",
        says(answer(extra=b"Content-Length: 3\r\n")),
        "answered unreadable",
        None,
        "B02 R01 R02 R05",
        run=True,
    ),
    m(
        "length and chunks",
        says(CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        "answered unreadable",
        None,
        "B02 R01 R02",
    ),
    m("another server's greeting", says(b"SSH-2.0-OpenSSH_9.0\r\n", "close"), "unreadable", 0, run=True),
    m("HTTP/0.9", says(JSON, "close"), "unreadable", 0, run=True),
    m(
        "HTTP/2 frames",
        says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0\0\x06\0\0@\0", "close"),
        "unreadable",
        0,
    ),
    m("garbage", says(bytes(range(256)) * 40, "close"), "unreadable", 0, run=True),
    m("endless garbage", forever(b"", bytes(range(256)) * 40), "unreadable", 0),
    m("line feeds alone", says(b"\r\n\r\n\r\n", "close"), "unreadable", 0),
    m("a status that is no number", says(b"HTTP/1.1 OK OK\r\n\r\n"), "unreadable", 0),
    m("a status of four digits", says(answer(status="2000 OK")), "unreadable", 0),
    m("a status of 999", says(answer(status="999 Odd")), "answered", 999, "B01", run=True),
    # --- in the body
    m("closed in the body", says(answer()[:-5], "close"), "reset", 200, run=True),
    m("reset in the body", says(answer()[:-5], "reset"), "reset", None, run=True),
    m("silence in the body", says(answer()[:-5], "wait"), "timeout", 200, run=True),
    m("reset after the body", _reset_later, "answered", 200, ""),
    m("body one byte a second", drips(answer()[: -len(JSON)], JSON), "timeout", 200, run=True),
    m("length too small", says(answer().replace(b"Length: 52", b"Length: 20")), "answered", 200, "R01 R02", run=True),
    m("length too large by a gigabyte", says(head(b"Content-Length: 1073741824") + b"x"), "timeout", 200),
    m("negative length", says(head(b"Content-Length: -5"), "close"), "answered unreadable", 200, "B02 R01 R02"),
    m("length that is no number", says(head(b"Content-Length: x"), "close"), "answered unreadable", 200, "B02 R01 R02"),
    m(
        "length of 10000 digits",
        says(head(b"Content-Length: " + b"9" * 10_000), "close"),
        "answered reset unreadable",
        200,
        "B02 R01 R02",
    ),
    m("a body of a gigabyte", amount(head(b"Content-Length: 1073741824"), 1 << 30), "unreadable", 200, run=True),
    m("endless body in chunks", forever(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), "unreadable", 200, run=True),
    m("endless body without a length", forever(head(), b"x" * 65536), "unreadable", 200, run=True),
    m("endless body of tiny chunks", forever(CHUNKED, b"1\r\nx\r\n" * 999), "timeout unreadable", 200),
    m("chunk size that is no number", says(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), "unreadable", 200, run=True),
    m("chunk size that is negative", says(CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n", "close"), "unreadable reset", 200),
    m("chunk size without an end", forever(CHUNKED, b"0" * 9999), "timeout unreadable", 200),
    m("huge chunk cut off", says(CHUNKED + b"ffffffffffffffff\r\nabc", "close"), "reset unreadable", 200),
    m("chunks without an end", says(CHUNKED + b"3\r\nabc\r\n", "close"), "reset unreadable", 200, run=True),
    m("endless trailers", forever(CHUNKED + b"0\r\n", b"X-A: b\r\n", 0.01), "timeout unreadable", 200),
    m("nothing in the body", says(answer(b"")), "answered", 200, "R01 R02", run=True),
    m("NUL bytes in the body", says(answer(b"\0" * 2000)), "answered", 200, "R02", run=True),
    # --- what the body is
    m("gzip bomb", packed(lambda: bomb("gzip", 256 << 20), b"gzip"), "unreadable", 200, run=True),
    m("deflate bomb", packed(lambda: bomb("deflate", 256 << 20), b"deflate"), "unreadable", 200),
    m(
        "bomb in a bomb",
        packed(lambda: gzip.compress(bomb("gzip", 64 << 20)), b"gzip"),
        "answered unreadable",
        200,
        "B02 R02 R05",
    ),
    m("compressed without saying so", says(answer(gzip.compress(JSON))), "answered", 200, "R02", run=True),
    m("compressed without being asked", packed(lambda: gzip.compress(JSON), b"gzip"), "answered", 200, "R05", run=True),
    m("broken compression", packed(lambda: b"\x1f\x8bxxxx", b"gzip"), "unreadable", 200, run=True),
    m("unknown compression", packed(lambda: JSON, b"br"), "unreadable", 200, run=True),
    m("not UTF-8", says(answer(b'{"RequestId":"\xff\xfe\xe9"}')), "answered", 200, "R02", run=True),
    m("UTF-16", says(answer(JSON.decode().encode("utf-16"))), "answered", 200, "R02", run=True),
    m("byte order mark", says(answer(b"\xef\xbb\xbf" + JSON)), "answered", 200, "R05", run=True),
    m("lone surrogate", says(answer(b'{"RequestId":"\\ud800"}')), "answered", 200, "R01", run=True),
    m("JSON 200000 lists deep", says(answer(b"[" * 200_000)), "answered", 200, "R02", run=True),
    m(
        "JSON 100000 objects deep",
        says(answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
        "answered",
        200,
        "R02",
        run=True,
    ),
    m(
        "JSON number of a million digits",
        says(answer(b'{"RequestId":' + b"1" * 1_000_000 + b"}")),
        "answered",
        200,
        "R01 R02",
        run=True,
    ),
    m("JSON with NaN", says(answer(b'{"RequestId":NaN}')), "answered", 200, "R02", run=True),
    m("JSON that is a list", says(answer(b"[1]")), "answered", 200, "R02", run=True),
    m(
        "JSON with 20000 keys",
        says(answer(b"{" + b",".join(b'"%d":0' % n for n in range(20_000)) + b"}")),
        "answered",
        200,
        "R01",
    ),
    m("two JSON objects", says(answer(JSON + JSON)), "answered", 200, "R02", run=True),
    m("XML entity bomb", says(answer(LAUGHS, kind=XML_KIND)), "answered", 200, "R03", run=True, format="XML"),
    m("XML quadratic blow-up", says(answer(BLOWUP, kind=XML_KIND)), "answered", 200, "R03", run=True, format="XML"),
    m("XML entity of a file", says(answer(FILE, kind=XML_KIND)), "answered", 200, "R03", run=True, format="XML"),
    m("XML entity of another server", says(external), "answered", 200, "R03", run=True, format="XML"),
    m("XML document type of another server", says(document_type), "answered", 200, "R03", run=True, format="XML"),
    m("XML stylesheet and inclusion", says(stylesheet), "answered", 200, "R03", run=True, format="XML"),
    m(
        "XML 20000 elements deep",
        says(answer(b"<a>" * 20_000 + b"</a>" * 20_000, kind=XML_KIND)),
        "answered",
        200,
        "R01 R03",
        run=True,
        format="XML",
    ),
    m(
        "XML in an unknown encoding",
        says(answer(b'<?xml version="1.0" encoding="x-none"?><a/>', kind=XML_KIND)),
        "answered",
        200,
        "R03",
        run=True,
        format="XML",
    ),
    m("XML though JSON was asked for", says(answer(XML, kind=XML_KIND)), "answered", 200, "R02 R05", run=True),
    m(
        "script in a refusal",
        says(
            answer(
                b'{"RequestId":"<script>","Code":"<img src=x onerror=alert(1)>","Message":"m","HostId":"h"}',
                "400 Bad Request",
            )
        ),
        "answered",
        400,
        "R01 R08",
        run=True,
    ),
    # --- statuses, and what stands between client and endpoint
    m(
        "interim answers first",
        says(head(status="100 Continue") + head(status="103 Early Hints") + answer()),
        "answered",
        200,
        "",
    ),
    m("interim answer only", says(head(status="100 Continue"), "wait"), "timeout", 0, run=True),
    m(
        "switching protocols",
        says(head(b"Upgrade: websocket", status="101 Switching Protocols")),
        "answered",
        101,
        SHAPE,
        run=True,
    ),
    m("204", says(head(status="204 No Content")), "answered", 204, "R01 R02", run=True),
    m("205 with a body", says(answer(status="205 Reset")), "answered", 205, "R02 R08", run=True),
    m(
        "206",
        says(answer(status="206 Partial", extra=b"Content-Range: bytes 0-51/99\r\n")),
        "answered",
        206,
        "R02 R08",
        run=True,
    ),
    m("300", redirect("300 Multiple Choices", elsewhere), "answered", 300, SHAPE),
    m("301 elsewhere", redirect("301 Moved Permanently", elsewhere), "answered", 301, SHAPE, run=True),
    m("302 elsewhere", redirect("302 Found", elsewhere), "answered", 302, SHAPE, run=True),
    m("303 elsewhere", redirect("303 See Other", elsewhere), "answered", 303, SHAPE),
    m("307 elsewhere", redirect("307 Temporary Redirect", elsewhere), "answered", 307, SHAPE, run=True),
    m("308 elsewhere", redirect("308 Permanent Redirect", elsewhere), "answered", 308, SHAPE, run=True),
    m("302 to another host", redirect("302 Found", lambda _: "http://ecs.example.invalid/"), "answered", 302, SHAPE),
    m("302 to itself", redirect("302 Found", itself), "answered", 302, SHAPE, run=True),
    m("302 to a file", redirect("302 Found", lambda _: "file:///etc/passwd"), "answered", 302, SHAPE),
    m("302 to nonsense", redirect("302 Found", lambda _: "http://["), "answered", 302, SHAPE),
    m("304", says(head(status="304 Not Modified")), "answered", 304, SHAPE, run=True),
    m("cookies", says(answer(extra=b"Set-Cookie: a=b; Path=/\r\n" * 50)), "answered", 200, ""),
    m(
        "401 that asks for a password",
        page("401 Unauthorized", b"Who?", b"WWW-Authenticate: Basic realm=x\r\n"),
        "answered",
        401,
        SHAPE,
        run=True,
    ),
    m("403 page of a firewall", page("403 Forbidden", b"Blocked"), "answered", 403, SHAPE, run=True),
    m("404 page", page("404 Not Found", b"nginx"), "answered", 404, SHAPE, run=True),
    m(
        "407 page",
        page("407 Proxy Authentication Required", b"Proxy", b"Proxy-Authenticate: Basic realm=x\r\n"),
        "answered",
        407,
        SHAPE,
        run=True,
    ),
    m("413 page", page("413 Payload Too Large", b"Too large"), "answered", 413, SHAPE, run=True),
    m("429 page", page("429 Too Many Requests", b"Slow"), "answered", 429, ""),
    m("500 page", page("500 Internal Server Error", b"Oops"), "answered", 500, "B01", run=True),
    m("502 page of a proxy", page("502 Bad Gateway", b"Bad gateway"), "answered", 502, "B01", run=True),
    m("503 page", page("503 Service Unavailable", b"Busy"), "answered", 503, ""),
    m("504 page of a proxy", page("504 Gateway Time-out", b"Time-out"), "answered", 504, "B01", run=True),
    m("511 page of a portal", page("511 Network Authentication Required", b"Log in"), "answered", 511, "B01", run=True),
    m("200 page of a portal", page("200 OK", b"Log in"), "answered", 200, "R02 R05", run=True),
    m("empty 500", says(answer(b"", "500 Internal Server Error")), "answered", 500, "B01", run=True),
)
NAMES = [row.name for row in TABLE]
assert len(set(NAMES)) == len(TABLE)
