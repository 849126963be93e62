"""A recorded call as commands for a shell: curl, the aliyun command line, Python.

A recorded request cannot be sent again as it is: the signature covers a nonce and a time stamp. So each
reproduction signs afresh (the HMAC-SHA1 scheme, whatever the original used), with the AccessKey taken
from ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, and no secret is in the text.

The values of a counterexample are hostile by nature: quotes, line feeds, right-to-left marks, bytes that
are not UTF-8. In Python they stand as pure ASCII literals inside a quoted here-document, in a shell as
`shell_quote` writes them, so what is pasted is what was sent.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from eni_conformance.oracle.evidence import SentRequest

Pair = tuple[str, str]

SIGNING = frozenset(
    {
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "SecurityToken",
        "Timestamp",
    }
)
"""Parameters that the reproduction makes itself."""

_SKIPPED_HEADERS = re.compile(
    r"(?i)^(host|content-length|transfer-encoding|connection|authorization|accept-encoding|user-agent"
    r"|x-acs-.*|cookie)$"
)
_LOOPBACK = re.compile(r"(?i)^https?://(127\.[0-9.]+|localhost|\[::1\])(:|/|$)")
_PLAIN = re.compile(r"[\x20-\x7e]*")

_SIGNER = """\
def octets(text):
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def encode(text):
    return quote(octets(text), safe="-_.~")


def joined(pairs):
    return "&".join(encode(name) + "=" + encode(value) for name, value in pairs)


fresh = [
    ("AccessKeyId", os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureVersion", "1.0"),
    ("SignatureNonce", str(uuid.uuid4())),
    ("Timestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
]
if os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN"):
    fresh.append(("SecurityToken", os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"]))
ordered = sorted(query + form + fresh, key=lambda pair: (octets(pair[0]), octets(pair[1])))
to_sign = method + "&%2F&" + encode(joined(ordered))
key = (os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] + "&").encode()
signature = base64.b64encode(hmac.new(key, to_sign.encode(), hashlib.sha1).digest()).decode()
fresh.append(("Signature", signature))
if form:
    form += fresh
else:
    query += fresh
url = base + ("?" + joined(query) if query else "")
body = joined(form) if form else raw
"""


_CONFIG = """\
def line(option, text):
    escapes = {"\\\\": "\\\\\\\\", '"': '\\\\"', "\\n": "\\\\n", "\\r": "\\\\r", "\\t": "\\\\t"}
    print(option + ' = "' + "".join(escapes.get(char, char) for char in text) + '"')


line("url", url)
line("request", method)
print("globoff\\npath-as-is\\nmax-time = 60")
for name, value in headers:
    line("header", name + ": " + value)
if method != "GET" or body:
    line("data-raw", body)
"""


@dataclass(frozen=True)
class Request:
    """A recorded request without what a fresh signature replaces."""

    method: str
    base: str
    query: tuple[Pair, ...]
    form: tuple[Pair, ...]
    raw: str
    headers: tuple[Pair, ...]
    caller: str
    scheme: str


def request(sent: SentRequest, endpoint: str) -> Request:
    """Where each parameter of the recorded request stood, and all else that has to be sent again."""
    base, query_text = split(sent.url or endpoint)
    method = (sent.method or "GET").upper()
    headers = {name.lower(): value for name, value in sent.headers}
    body = sent.body or ""
    is_form = bool(body) and "form-urlencoded" in headers.get("content-type", "form-urlencoded").lower()
    query, form = decoded(query_text), decoded(body) if is_form else []
    own = [pair for pair in sent.pairs if pair[0] not in SIGNING]
    query = [pair for pair in query if pair[0] not in SIGNING]
    form = [pair for pair in form if pair[0] not in SIGNING]
    if Counter(own) - Counter(query + form):  # the stored URL does not tell all: the parameters do
        query, form = ([], own) if method == "POST" and is_form else (own, [])
    names = {name for name, _ in query + form}
    version3 = sent.signing == "v3" or headers.get("authorization", "").startswith("ACS3")
    front = [(n, v) for n, v in (("Action", sent.action), ("Version", sent.version)) if v and n not in names]
    if version3 and "json" in headers.get("accept", "") and "Format" not in names:
        front.append(("Format", "JSON"))
    if form:
        form = front + form
    else:
        query = front + query
    kept = tuple(
        (name, value)
        for name, value in sent.headers
        if not _SKIPPED_HEADERS.match(name)
        and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        and _PLAIN.fullmatch(value)
    )
    return Request(
        method=method,
        base=base,
        query=tuple(query),
        form=tuple(form),
        raw="" if is_form else body,
        headers=kept,
        caller=sent.caller,
        scheme="ACS3-HMAC-SHA256" if version3 else "HMAC-SHA1",
    )


def shell_quote(text: str) -> str:
    """`text` as one word of a POSIX shell; in the $'...' form where it holds what cannot be seen."""
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    out = []
    for byte in _octets(text):
        char = chr(byte)
        if char in "\\'":
            out.append("\\" + char)
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\x{byte:02x}")
    return "$'" + "".join(out) + "'"


def curl(sent: SentRequest, endpoint: str) -> str:
    """A shell command: a signer in Python (standard library) that hands the signed call to curl."""
    call = request(sent, endpoint)
    loopback = "--noproxy '*' " if _LOOPBACK.match(call.base) else ""
    return (
        f"python3 - <<'PY' | curl -sS -i {loopback}-K -\n"
        "import base64, hashlib, hmac, os, time, uuid\n"
        "from urllib.parse import quote\n\n" + _literals(call) + "\n" + _SIGNER + "\n\n" + _CONFIG + "PY\n"
    )


def python(sent: SentRequest, endpoint: str) -> str:
    """A Python script that needs nothing but `requests`."""
    call = request(sent, endpoint)
    trust = "session.trust_env = False\n" if _LOOPBACK.match(call.base) else ""
    return (
        "import base64, hashlib, hmac, os, time, uuid\n"
        "from urllib.parse import quote\n\n"
        "import requests\n\n" + _literals(call) + "\n" + _SIGNER + "\n"
        "if form and not any(name.lower() == 'content-type' for name, _ in headers):\n"
        '    headers.append(("Content-Type", "application/x-www-form-urlencoded"))\n'
        "session = requests.Session()\n" + trust + "answer = session.request(\n"
        "    method, url, data=body.encode() if body else None, headers=dict(headers), timeout=60\n"
        ")\n"
        "print(answer.status_code, answer.reason)\n"
        "for name, value in answer.headers.items():\n"
        '    print(name + ": " + value)\n'
        "print()\n"
        "print(answer.text)\n"
    )


def aliyun(sent: SentRequest, endpoint: str, region: str = "") -> str:
    """The call for the vendor's command line, its own checks switched off.

    What its argument list cannot carry (a parameter given twice, a NUL) is said in a comment.
    """
    call = request(sent, endpoint)
    parts = ["aliyun", "ecs", sent.action or "DetachNetworkInterface"]
    notes = []
    seen: set[str] = set()
    own = [pair for pair in (*call.query, *call.form) if pair[0] not in ("Action", "Version", "Format")]
    for name, value in own:
        if name in seen:
            notes.append(f"# {name} was sent more than once; this tool sends it once, so use curl or Python")
            continue
        seen.add(name)
        if "\0" in name + value:
            notes.append(f"# {name} holds a NUL, which no command line can carry, so use curl or Python")
        flag, word = "--" + name.replace("\0", ""), value.replace("\0", "")
        parts.append(shell_quote(f"{flag}={word}") if word.startswith("-") else f"{_flag(flag)} {shell_quote(word)}")
    scheme, _, rest = call.base.partition("://")
    host = rest.split("/")[0] if rest else call.base
    parts += [
        "--force",
        f"--version {shell_quote(sent.version or '2014-05-26')}",
        f"--endpoint {shell_quote(host)}",
    ]
    parts.append("--insecure" if scheme.lower() == "http" else "--secure")
    parts.append(f"--method {shell_quote(call.method)}")
    if "RegionId" not in seen and region:
        parts.append(f"--region {shell_quote(region)}")
    lines = "".join(_visible(note) + "\n" for note in dict.fromkeys(notes))
    return lines + " \\\n  ".join([" ".join(parts[:3]), *parts[3:]]) + "\n"


def _flag(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_.-]+", text) else shell_quote(text)


def _visible(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\r", " ")


def _literals(call: Request) -> str:
    """The request as assignments, in ASCII only, and what the reader should know first."""
    out = []
    if call.caller and call.caller != "account":
        out.append(f"# the AccessKey in the environment must be that of the caller {_visible(call.caller)}\n")
    if call.scheme != "HMAC-SHA1":
        out.append(f"# the recorded call was signed with {call.scheme}; this one is signed with HMAC-SHA1\n")
    out.append(f"method = {call.method!a}\nbase = {call.base!a}\n")
    out.append(_list("query", call.query) + _list("form", call.form))
    out.append(f"headers = {list(call.headers)!a}\nraw = {call.raw!a}\n")
    return "".join(out) + "\n"


def _list(name: str, pairs: tuple[Pair, ...]) -> str:
    if not pairs:
        return f"{name} = []\n"
    return f"{name} = [\n" + "".join(f"    {pair!a},\n" for pair in pairs) + "]\n"


def split(url: str) -> tuple[str, str]:
    """The URL without its query, with at least the path "/", and the query."""
    front, _, query = url.partition("#")[0].partition("?")
    try:
        if "://" in front and not urlsplit(front).path:
            front += "/"
    except ValueError:
        pass
    return front, query


def decoded(text: str) -> list[Pair]:
    """The pairs of a query string or form; bytes that are not UTF-8 become surrogate escapes."""
    pairs = []
    for item in text.split("&"):
        if item:
            name, _, value = item.partition("=")
            pairs.append((_unquote(name), _unquote(value)))
    return pairs


def _unquote(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
