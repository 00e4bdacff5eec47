"""What every tier of tests shares."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No test asserts a time: a busy machine must not fail a property.
settings.register_profile("trailwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trailwarden")

# A shell's background jobs ignore Ctrl-C, and so would every process that a test starts to interrupt it.
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What goes to a process as a whole: tests that share what is costly to make, which then is made once. All
# others go module by module, but for those that take long by themselves.
_TOGETHER = {
    "tests/e2e/test_alerts_over_time.py": "over time",
    "tests/e2e/test_correlation.py": "local cloud",
    "tests/e2e/test_delivery.py": "local cloud",
    "tests/e2e/test_iam.py": "with IAM",
    "tests/e2e/test_live_rules.py": "local cloud",
    "tests/e2e/test_live_rules_iam.py": "with IAM",
    "tests/e2e/test_telling.py": "over time",
    "tests/e2e/test_trail.py": "local cloud",
    "tests/e2e/test_tutorial.py": "local cloud",
}
_SYNTHESIZED = "tests/infra/"
_LONG = "tests/budgets/"


@pytest.fixture(autouse=True)
def _leaves_no_trace() -> Iterator[None]:
    """A test that changes its process and does not change it back fails others, in some orders only."""
    before = _of_the_process()
    yield
    after = _of_the_process()
    changed = {name: (was, after[name]) for name, was in before.items() if after[name] != was}
    signal.signal(signal.SIGINT, before["SIGINT"])
    signal.signal(signal.SIGTERM, before["SIGTERM"])
    assert not changed


def _of_the_process() -> dict[str, Any]:
    return {
        "SIGINT": signal.getsignal(signal.SIGINT),
        "SIGTERM": signal.getsignal(signal.SIGTERM),
        "folder": Path.cwd(),
        "log": (logging.root.manager.disable, logging.getLogger("trailwarden").level),
        "recursion": sys.getrecursionlimit(),
    }


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist=loadgroup` with groups of our own: the mark `xdist_group` has no effect under pytest 9.2, whose
    ids of tests pytest-xdist cannot change. A group a test would cost time quadratic in their number."""
    from xdist.scheduler import LoadGroupScheduling

    class Grouped(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(_LONG):
                return nodeid
            if nodeid.startswith(_SYNTHESIZED):
                return _SYNTHESIZED
            module = nodeid.partition("::")[0]
            return _TOGETHER.get(module, module)

    return Grouped(config, log) if config.getvalue("dist") == "loadgroup" else None
