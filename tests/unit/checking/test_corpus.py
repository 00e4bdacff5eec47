"""The checker on real records and real rules: nothing that a real record holds is called unknown."""

from collections.abc import Iterator
from typing import Any

from tests.corpus import CORPUS, corpus_records, needs_corpus
from tests.unit.checking.writing import API
from trailwarden.checking import Severity, check_rules
from trailwarden.checking.calls import REQUEST, RESPONSE, Call, unknown_event, unknown_parameter
from trailwarden.rules.fields import unknown_field
from trailwarden.rules.load import read_rules
from trailwarden.rules.shipped import shipped_rules_path

_CONTENTS = (REQUEST, RESPONSE)
MISSPELT_BY_SAMPLES = {"accesKeyId", "accesskeyid", "accountid", "principalid", "sessioncontext"}
"""Keys of `userIdentity` that some vendors' samples spell as CloudTrail never does."""
EVENTS_OF_SAMPLES = {
    *("ListBucket", "DescribeTrail", "NotCreateUser", "DetachUserGroup", "PutPolicy"),  # no such calls
    *("DeleteBucketReplication", "CreateServiceLinkedRole", "EnableRegion", "DeleteRule", "DescribePolicy"),
}
"""Events that vendors' samples made up; those of the second line are calls, but of other sources."""


def paths(value: Any, above: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            if "." not in key:
                yield f"{above}.{key}".lstrip(".")
                yield from paths(below, f"{above}.{key}".lstrip("."))
    elif isinstance(value, list):
        for below in value:
            yield from paths(below, above)


@needs_corpus
def test_no_field_of_a_real_record_is_called_unknown() -> None:
    told = {
        path
        for _, _, record in corpus_records()
        for path in paths({key: below for key, below in record.items() if not key.startswith("p_")}, "")
        if unknown_field(path) and path.split(".")[1:2] not in [[name] for name in MISSPELT_BY_SAMPLES]
    }
    assert told == set()


@needs_corpus
def test_no_parameter_of_a_real_record_is_called_unknown() -> None:
    checked, told = set(), []
    for _, _, record in corpus_records():
        source, name = str(record.get("eventSource")).lower(), str(record.get("eventName")).lower()
        call = Call(frozenset({source}), frozenset({name}))
        for path in {path for side in _CONTENTS for path in paths(record.get(side), side)}:
            if (source, name, path) not in checked:
                checked.add((source, name, path))
                told += [complaint for complaint in [unknown_parameter(API, call, path)] if complaint]
    assert len(checked) > 2000
    assert told == []


@needs_corpus
def test_no_event_of_a_real_record_is_called_unknown() -> None:
    events = {(str(r.get("eventSource")).lower(), str(r.get("eventName"))) for _, _, r in corpus_records()}
    sources = sorted({source for source, _ in events})
    told = {name for source, name in events if unknown_event(API, source, name, sources)}
    assert told <= EVENTS_OF_SAMPLES


@needs_corpus
def test_what_is_told_of_a_public_pack_is_right() -> None:
    """SigmaHQ's rules name calls that ElastiCache, Route 53 and S3 do not have, and fields of other logs."""
    findings = check_rules(*read_rules([CORPUS / "sigma_aws"]), api=API)
    about_names = {each.message for each in findings if each.code.startswith("unknown-")}
    assert {message.split("`")[3] for message in about_names if "has no event" in message} == {
        "AuthorizeCacheSecurityGroupEgress",
        "RevokeCacheSecurityGroupEgress",
        "DisableDomainTransferLock",  # a call of Route 53 Domains
        "TransferDomainToAnotherAwsAccount",
        "PutEncryptionConfiguration",  # CloudTrail calls it PutBucketEncryption
        "PutReplicationConfiguration",
    }
    assert {message.split("`")[1] for message in about_names if "no field" in message} == {
        "status",
        "src_country",
        "src_ip",
    }
    assert {each.code for each in findings if each.severity is Severity.ERROR} == {"not-evaluated"}
    assert not {"never-true", "always-true", "no-effect", "unknown-parameter"} & {
        each.code for each in findings
    }


def test_the_shipped_rules_earn_nothing() -> None:
    assert check_rules(*read_rules([shipped_rules_path()]), api=API) == []
