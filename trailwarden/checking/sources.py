"""Event sources and regions that no record has: rules that name only such are dead."""

import re
from collections.abc import Iterator

from trailwarden.checking.api import ApiModels
from trailwarden.checking.places import at_part
from trailwarden.rules.fields import nearest
from trailwarden.rules.finding import Finding
from trailwarden.rules.outline import Kind, Part
from trailwarden.rules.source import RuleSource

_SUFFIX = ".amazonaws.com"
_NAMES_WITHOUT_MODEL = """
    amazonmq aws-marketplace aws-portal awssupportconsole backup-storage billingconsole chatbot cloudshell
    codewhisperer console consoleapp ec2messages elasticmapreduce health identitystore monitoring
    notifications payments q signin ssmmessages sso-directory sts support tagging
    trustedadvisor user-subscriptions userpooldomain uxc vpce"""
_WITHOUT_MODEL = frozenset(f"{name}{_SUFFIX}" for name in _NAMES_WITHOUT_MODEL.split())
"""Sources of records that no API model is known for."""
_RETIRED_NAMES = """
    a4b apptest codestar deepcomposer deeplens elastictranscoder evidently gamesparks honeycode iot1click
    iotanalytics iotevents iotfleethub lookoutmetrics lookoutvision macie mobilehub nimble opsworks
    opsworks-cm panorama private-networks qldb robomaker simspaceweaver sms sumerian wam worklink"""
_RETIRED = frozenset(f"{name}{_SUFFIX}" for name in _RETIRED_NAMES.split())
"""Sources of services that AWS has shut down; botocore drops their models sooner or later."""
_NAME = re.compile(r"[\w.-]+")
_TEXT = frozenset({"is", "is_cased"})


def of_rule(source: RuleSource, whole: Part, api: ApiModels) -> Iterator[Finding]:
    """The sources and regions that a rule names and that there are not."""
    for part in whole.walk():
        if part.kind is not Kind.LINE or part.field not in {"eventSource", "awsRegion"}:
            continue
        written = {str(value).lower(): str(value) for value in part.values}
        for text in _texts(part):
            shown = written.get(text.lower(), text)
            if not _NAME.fullmatch(text):
                continue  # several names in one text, which is said elsewhere
            if part.field == "eventSource" and text.lower() in _RETIRED - api.sources:
                message = f"AWS has retired the service of `{shown}`: it writes no records any more"
                cure = "leave it out, unless the rule is for old records"
                yield at_part(source, part, "unknown-source", message, cure)
            elif part.field == "eventSource" and (cure := _source_cure(text.lower(), api)):
                message = f"there is no event source `{shown}` that AWS's models know"
                yield at_part(source, part, "unknown-source", message, cure)
            elif part.field == "awsRegion" and text.lower() not in api.regions:
                near = nearest(text, api.regions)
                cure = f"did you mean `{near}`?" if near else "write a region's code, such as eu-west-1"
                yield at_part(source, part, "unknown-region", f"there is no region `{shown}`", cure)


def _texts(part: Part) -> Iterator[str]:
    """The plain texts that a line asks for."""
    pending = [part.node]
    while pending:
        name, *arguments = pending.pop()
        if name in {"and", "or", "not"}:
            pending += reversed(arguments)
        elif name == "field" and arguments[1][0] in _TEXT:
            yield from arguments[1][1:]


def _source_cure(text: str, api: ApiModels) -> str:
    """How to write a source that there is not; empty where there is."""
    known = api.sources | _WITHOUT_MODEL
    if text in known:
        return ""
    head = text.removeprefix("aws.").removesuffix(".aws.amazon.com").partition(".")[0]
    meant = f"{head}{_SUFFIX}" if f"{head}{_SUFFIX}" in known else nearest(text, known, cutoff=0.75)
    return f"did you mean `{meant}`?" if meant else f"write it as a record has it, such as iam{_SUFFIX}"
