"""Deploys the stacks, unchanged, into the emulator with the real CDK command line.

The audit account's credentials serve both accounts, as they would in AWS: each is bootstrapped, the member
trusts the audit account, and the command line assumes the roles that the bootstrap made.
"""

import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.names import Names
from local.emulator import Emulator
from local.process import REPOSITORY, KeptProcess, clean_environment

CDK = REPOSITORY / "node_modules" / ".bin" / "cdk"
LAST_CHARACTERS = 4000
STEP = re.compile(r"(?: \u2705  )?(?P<what>(?:Building|Installing) .+|Trailwarden\S+$)")

AUDIT_ACCOUNT = "111122223333"
MEMBER_ACCOUNT = "444455556666"
REGION = "eu-central-1"
SECURITY_ADDRESS = "security@example.com"
OPERATIONS_ADDRESS = "operations@example.com"
NAMES = Names(AUDIT_ACCOUNT, REGION)

Say = Callable[[str], None]


class DeploymentError(Exception):
    """A command of the deployment failed; the message names it and ends with its last words."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """The synthesized stacks: what `cdk synth` left in `folder`."""

    folder: Path


class Stopwatch:
    """How long each phase took, in seconds; `say` tells of a phase as it begins."""

    def __init__(self, say: Say = lambda _: None) -> None:
        self.seconds: dict[str, float] = {}
        self.say = say

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.say(f"{name} ...")
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - start


def local_settings() -> dict[str, Any]:
    """The deployment settings of the local cloud: one member account, e-mail, this machine's architecture."""
    return {
        "audit_account": AUDIT_ACCOUNT,
        "region": REGION,
        "accounts": [{"id": MEMBER_ACCOUNT, "name": "member"}],
        "subscribers": [{"protocol": "email", "endpoint": SECURITY_ADDRESS, "min_severity": "informational"}],
        "operations_subscribers": [{"protocol": "email", "endpoint": OPERATIONS_ADDRESS}],
        "functions": {"architecture": "host", "python": "host"},
    }


def synthesize(folder: Path, say: Say = lambda _: None) -> Assembly:
    """The stacks for the local settings, in `folder`; their functions are built. Needs no account."""
    settings = folder / "settings.json"
    settings.write_text(json.dumps(local_settings(), indent=2), encoding="utf-8")
    assembly = Assembly(folder / "cdk.out")
    _run(
        "synth",
        "--quiet",
        *("--app", f"{shlex.quote(sys.executable)} app.py"),
        *("--context", f"settings={settings}"),
        *("--output", str(assembly.folder)),
        environment=_for_cdk(clean_environment()),
        say=say,
    )
    return assembly


def bootstrap(emulator: Emulator, folder: Path) -> None:
    """Bootstrap both accounts, side by side, from `folder` (without an app)."""

    def one(account_id: str, *options: str) -> None:
        _run(
            "bootstrap",
            f"aws://{account_id}/{emulator.region}",
            *options,
            environment=_for_cdk(emulator.environment(account_id)),
            cwd=folder,
        )

    trust = (
        *("--trust", AUDIT_ACCOUNT),
        *("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
    )
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(one, AUDIT_ACCOUNT), pool.submit(one, MEMBER_ACCOUNT, *trust)]
    for task in tasks:
        task.result()


def deploy(emulator: Emulator, assembly: Assembly, say: Say = lambda _: None) -> None:
    """Deploy every stack of `assembly`, in the order of their dependencies."""
    _run(
        "deploy",
        "--all",
        *("--app", str(assembly.folder)),
        *("--require-approval", "never"),
        *("--concurrency", "4"),
        environment=_for_cdk(emulator.environment(AUDIT_ACCOUNT)),
        cwd=assembly.folder.parent,
        say=say,
    )


def _for_cdk(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for the CDK: nothing is asked of the network, no message about versions."""
    return {
        **environment,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "FORCE_COLOR": "0",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, [environment.get("PYTHONPATH")])]),
    }


def _run(
    *arguments: str, environment: Mapping[str, str], cwd: Path = REPOSITORY, say: Say = lambda _: None
) -> None:
    """Run the CDK command line; `say` gets those of its lines that tell of a step done."""
    output = []
    with KeptProcess([str(CDK), "--no-notices", *arguments], environment, cwd=cwd) as process:
        for line in process.output:
            output.append(line)
            if step := STEP.match(line):
                say(f"  {step['what']}")
        status = process.wait()
    if status != 0:
        command = shlex.join(["cdk", *arguments])
        raise DeploymentError(f"{command}\nended with status {status}:\n{''.join(output)[-LAST_CHARACTERS:]}")
