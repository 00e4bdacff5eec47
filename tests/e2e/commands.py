"""The command `trailwarden`, as people call it, against a local cloud."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from local.cloud import LocalCloud
from local.deployment import AUDIT_ACCOUNT
from local.process import REPOSITORY
from tests.patience import SECONDS


def trailwarden(
    cloud: LocalCloud, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it; `environment` holds somebody's credentials, the audit account's owner's if left out."""
    known = environment or cloud.emulator.environment(AUDIT_ACCOUNT)
    return subprocess.run(
        [sys.executable, "-m", "trailwarden", *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **known},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * SECONDS,
    )


def alerts(cloud: LocalCloud, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """`trailwarden alerts ...`, which must end well; gives what it printed."""
    done = trailwarden(cloud, "alerts", *arguments, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr + cloud.emulator.log
    return done.stdout


def listed(cloud: LocalCloud, *arguments: str) -> list[dict[str, Any]]:
    """What `trailwarden alerts list --json` lists."""
    printed = alerts(cloud, "list", "--json", "--limit", "1000", *arguments)
    return [json.loads(line) for line in printed.splitlines()]
