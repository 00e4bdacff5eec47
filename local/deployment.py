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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

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
AUTHORS_ADDRESS = "detection-engineers@example.com"
NAMES = Names(AUDIT_ACCOUNT, REGION)

ASSEMBLY = "cdk.out"
TRUST = (
    *("--trust", AUDIT_ACCOUNT),
    *("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
)

_NODE_RELEASES = ",".join(map(str, range(18, 40)))
"""The releases of Node.js that jsii need not call old: it prints a banner for those that are not named."""

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
        "accounts": [{"id": MEMBER_ACCOUNT, "name": "member", "environment": "production"}],
        "subscribers": [{"protocol": "email", "endpoint": SECURITY_ADDRESS, "min_severity": "informational"}],
        "operations_subscribers": [{"protocol": "email", "endpoint": OPERATIONS_ADDRESS}],
        "rule_authors": [{"protocol": "email", "endpoint": AUTHORS_ADDRESS}],
        "rule_writers": [f"arn:aws:iam::{AUDIT_ACCOUNT}:root"],
        "responders": [f"arn:aws:iam::{AUDIT_ACCOUNT}:root"],
        "functions": {"architecture": "host", "python": "host"},
    }


def synthesize(
    folder: Path, say: Say = lambda _: None, *, settings: Mapping[str, Any] | None = None
) -> Assembly:
    """The stacks for `settings` (`local_settings()` if left out), in `folder`; their functions are built.
    Needs no account."""
    with _synthesis(folder, settings or local_settings()) as command:
        command.finish(say)
    return Assembly(folder / ASSEMBLY)


def prepare(emulator: Emulator, folder: Path, assembly: Assembly | None, say: Say) -> Assembly:
    """Bootstrap both accounts, and meanwhile synthesize into `folder` where there is no `assembly` yet."""
    with ExitStack() as stack:
        commands = [stack.enter_context(_synthesis(folder, local_settings()))] if assembly is None else []
        commands.append(stack.enter_context(_bootstrap(emulator, folder, AUDIT_ACCOUNT)))
        commands.append(stack.enter_context(_bootstrap(emulator, folder, MEMBER_ACCOUNT, *TRUST)))
        for command in commands:
            command.finish(say)
    return assembly or Assembly(folder / ASSEMBLY)


def deploy(emulator: Emulator, assembly: Assembly, say: Say = lambda _: None) -> None:
    """Deploy every stack of `assembly`, in the order of their dependencies."""
    arguments = (
        *("deploy", "--all"),
        *("--app", str(assembly.folder)),
        *("--require-approval", "never"),
        *("--concurrency", "4"),
    )
    with _Cdk(arguments, emulator.environment(AUDIT_ACCOUNT), cwd=assembly.folder.parent) as command:
        command.finish(say)


class _Cdk:
    """A run of the CDK command line, which ends at the latest with the `with` block."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, cwd: Path = REPOSITORY
    ) -> None:
        self._arguments = arguments
        self._process = KeptProcess([str(CDK), "--no-notices", *arguments], _for_cdk(environment), cwd=cwd)

    def finish(self, say: Say) -> None:
        """Wait for its end; `say` gets those of its lines that tell of a step. Raises `DeploymentError`."""
        output = []
        for line in self._process.output:
            output.append(line)
            if step := STEP.match(line):
                say(f"  {step['what']}")
        status = self._process.wait()
        if status != 0:
            command, last = shlex.join(["cdk", *self._arguments]), "".join(output)[-LAST_CHARACTERS:]
            raise DeploymentError(f"{command}\nended with status {status}:\n{last}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()


def _synthesis(folder: Path, settings: Mapping[str, Any]) -> _Cdk:
    file = folder / "settings.json"
    file.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    arguments = (
        *("synth", "--quiet"),
        *("--app", f"{shlex.quote(sys.executable)} app.py"),
        *("--context", f"settings={file}"),
        *("--output", str(folder / ASSEMBLY)),
    )
    return _Cdk(arguments, clean_environment())


def _bootstrap(emulator: Emulator, folder: Path, account_id: str, *options: str) -> _Cdk:
    """The folder holds no cdk.json: bootstrapping needs no app."""
    arguments = ("bootstrap", f"aws://{account_id}/{emulator.region}", *options)
    return _Cdk(arguments, emulator.environment(account_id), cwd=folder)


def _for_cdk(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for the CDK: nothing is asked of the network, no message about versions."""
    return {
        **environment,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "FORCE_COLOR": "0",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": _NODE_RELEASES,
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, [environment.get("PYTHONPATH")])]),
    }
