"""What every tier of tests shares."""

import signal
import threading
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

# Which modules share a local cloud that no other has: in one process, so that it is started once.
_TOGETHER = {
    "tests/e2e/test_alerts_over_time.py": "over time",
    "tests/e2e/test_telling.py": "over time",
    "tests/e2e/test_iam.py": "with IAM",
    "tests/e2e/test_live_rules_iam.py": "with IAM",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist=loadgroup` by module. The mark `xdist_group` has no effect under pytest 9.2, whose ids of tests
    pytest-xdist cannot change."""
    from xdist.scheduler import LoadGroupScheduling

    class ByModule(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _TOGETHER.get(nodeid.partition("::")[0], nodeid)

    return ByModule(config, log) if config.getvalue("dist") == "loadgroup" else None
