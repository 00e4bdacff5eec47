"""The CDK app, synthesized once a variant for the whole session: each takes seconds."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")

from aws_cdk import App

from infra.application import build
from infra.bundling import Bundler
from infra.settings import Settings, parse_settings
from infra.wheels import Target

ROOT = Path(__file__).parents[2]

ORGANIZATION = {"id": "o-a1b2c3d4e5", "management_account": "999900001111"}


class Synthesized:
    """The templates of one deployment, by stack name, and what asks them."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.templates: dict[str, dict[str, Any]] = {
            file.name.removesuffix(".template.json"): json.loads(file.read_text(encoding="utf-8"))
            for file in sorted(folder.glob("*.template.json"))
        }

    def resources(self, stack: str, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of one type, by logical id."""
        found = self.templates[stack]["Resources"]
        return {name: resource for name, resource in found.items() if resource["Type"] == kind}

    def properties(self, stack: str, kind: str, **wanted: Any) -> dict[str, Any]:
        """The properties of the one resource of a type whose properties include `wanted`."""
        all_of_kind = [resource["Properties"] for resource in self.resources(stack, kind).values()]
        found = [one for one in all_of_kind if all(one.get(k) == v for k, v in wanted.items())]
        assert len(found) == 1, f"{len(found)} of {kind} with {wanted}"
        properties: dict[str, Any] = found[0]
        return properties

    def role(self, stack: str, function: str) -> list[dict[str, Any]]:
        """The statements of the role of a function, which has no others."""
        (properties,) = (
            resource["Properties"]
            for resource in self.resources(stack, "AWS::IAM::Role").values()
            if f"What {function} may do" in resource["Properties"]["Description"]
        )
        assert "ManagedPolicyArns" not in properties
        (policy,) = properties["Policies"]
        statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
        return statements

    def statements(self, stack: str, kind: str, key: str) -> Iterator[dict[str, Any]]:
        """Every policy statement in the property `key` of a type's resources."""
        for resource in self.resources(stack, kind).values():
            yield from resource["Properties"][key]["Statement"]


def grants(statements: list[dict[str, Any]]) -> dict[str, set[str]]:
    """`{resource: actions}`; a resource that is a parameter is named by what the parameter holds."""
    found: dict[str, set[str]] = {}
    for statement in statements:
        assert statement["Effect"] == "Allow"
        resources, actions = statement["Resource"], statement["Action"]
        for resource in resources if isinstance(resources, list) else [resources]:
            name = resource if isinstance(resource, str) else resource["Ref"].split("C96584")[0]
            found.setdefault(name, set()).update([actions] if isinstance(actions, str) else actions)
    return found


def notices(built: Synthesized) -> list[str]:
    """What `synth` says of the stacks, besides errors and warnings."""
    manifest = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    return [
        entry["data"]
        for artifact in manifest["artifacts"].values()
        for entries in read_metadata(built.folder, artifact).values()
        for entry in entries
        if entry["type"] == "aws:cdk:info"
    ]


def read_metadata(folder: Path, artifact: Mapping[str, Any]) -> Mapping[str, list[dict[str, Any]]]:
    """Of an artifact, by path; the CDK may keep it in a file of its own."""
    found: dict[str, Any] = artifact.get("metadata", {})
    if "additionalMetadataFile" in artifact:
        found = json.loads((folder / artifact["additionalMetadataFile"]).read_text("utf-8"))
    return found


def checkout(folder: Path, wheels: Path) -> Path:
    """A copy of what is deployed, in another place; it shares the wheels that are there already."""
    for name in ("infra", "lambdas", "trailwarden", "rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "app.py", folder / "app.py")
    (folder / "build").mkdir()
    (folder / "build" / "wheels").symlink_to(wheels)
    return folder


def sample(**changes: Any) -> dict[str, Any]:
    """The settings that ship in cdk.json, with changes."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    changed: dict[str, Any] = {**context["trailwarden"], **changes}
    return changed


def synthesize(folder: Path, raw: Mapping[str, Any]) -> Synthesized:
    """Build the app as app.py does, but without bundling. Raises where cdk-nag finds something."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = App(
        analytics_reporting=False,
        outdir=str(folder),
        context={**context, "aws:cdk:bundling-stacks": []},
    )
    settings = parse_settings(raw)
    build(app, settings, Bundler(ROOT, Target.of(settings.functions)))
    app.synth()
    return Synthesized(folder, settings)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The sample settings: named accounts, no Object Lock."""
    return synthesize(tmp_path_factory.mktemp("sample"), sample())


@pytest.fixture(scope="session")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """An organisation's trail alone, in another partition, with Object Lock and other subscribers."""
    raw = sample(
        region="us-gov-west-1",
        accounts=[],
        organization=ORGANIZATION,
        object_lock={"mode": "compliance", "days": 30},
        subscribers=[
            {
                "protocol": "lambda",
                "endpoint": "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:triage",
            },
            {
                "protocol": "sqs",
                "endpoint": "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts",
                "severities": ["high", "low"],
            },
        ],
        operations_subscribers=[],
        retention={"log_days": 30, "archive_after_days": 14, "function_log_days": 400},
        functions={"architecture": "x86_64", "python": "3.13", "detect_timeout_seconds": 300},
    )
    return synthesize(tmp_path_factory.mktemp("organization"), raw)


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Everything about alerts that can be switched on: a route, responders, Security Hub, Organizations."""
    raw = sample(
        organization=ORGANIZATION | {"names": True, "environment_tag": "stage"},
        routes=[
            {
                "name": "network-team",
                "owners": ["network team"],
                "exclusive": True,
                "subscribers": [
                    {"protocol": "email", "endpoint": "network@example.com", "min_severity": "high"},
                    {"protocol": "sms", "endpoint": "+4930123456"},
                    {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:555566667777:siem"},
                ],
            },
            {"name": "audit", "subscribers": []},
        ],
        responders=["arn:aws:iam::111122223333:role/on-call", "arn:aws:iam::444455556666:root"],
        operations_subscribers=[
            {"protocol": "lambda", "endpoint": "arn:aws:lambda:eu-central-1:555566667777:function:triage"}
        ],
        security_hub=True,
        protect=True,
    )
    return synthesize(tmp_path_factory.mktemp("routed"), raw)


@pytest.fixture(scope="session")
def wheels() -> Path:
    """Where wheels stay between runs, as they do for `cdk synth`: only the first run asks the index."""
    folder = ROOT / "build" / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def host() -> Target:
    """This machine and interpreter."""
    raw = sample(functions={"architecture": "host", "python": "host"})
    return Target.of(parse_settings(raw).functions)
