"""Hooks for Schemathesis (SCHEMATHESIS_HOOKS): sign each call, and note when each was answered.

Environment: BENCH_KEY, BENCH_SECRET; BENCH_TIMES names the file that gets one line for each call, Unix seconds.
"""

from __future__ import annotations

import os
import time
from typing import Any

import schemathesis
from signed import signed

KEY, SECRET = os.environ["BENCH_KEY"], os.environ["BENCH_SECRET"]
TIMES = open(os.environ["BENCH_TIMES"], "a", buffering=1)  # noqa: SIM115 - open for as long as the process lives


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: dict[str, Any]) -> None:
    given = {name: value if isinstance(value, str) else str(value) for name, value in dict(case.query or {}).items()}
    case.query = signed(case.method, given, KEY, SECRET)


@schemathesis.hook
def after_call(ctx: Any, case: Any, response: Any) -> None:
    TIMES.write(f"{time.time()}\n")
