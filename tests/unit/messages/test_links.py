"""Links lead to AWS's console of the right partition, and nowhere else."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import record
from tests.unit.messages.records import call, root
from trailwarden.messages.links import Links, links_of

HOSTS = (
    "console.aws.amazon.com",
    "console.amazonaws.cn",
    "console.amazonaws-us-gov.com",
    "console.amazonaws-eusc.eu",
)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("ap-southeast-4", "ap-southeast-4.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
    ],
)
def test_each_partition_has_its_console(region: str, host: str) -> None:
    found = links_of(record(awsRegion=region))
    assert found.event and urlsplit(found.event).hostname == host  # noqa: PT018
    assert found.event.endswith(f"#/events/{record()['eventID']}")
    assert found.history and found.history.endswith("#/events?AccessKeyId=AKIAEXAMPLE")  # noqa: PT018


@pytest.mark.parametrize("region", [None, 7, "", "us-iso-east-1", "evil.example/", "eu-west-1.evil.example"])
def test_a_region_without_a_public_console_has_no_links(region: Any) -> None:
    assert links_of(record(awsRegion=region)) == Links()


@pytest.mark.parametrize(
    ("service", "parameters", "page"),
    [
        ("iam", {"userName": "alice@example.com"}, "iam/home#/users/details/alice%40example.com"),
        ("iam", {"roleName": "Admin"}, "iam/home#/roles/details/Admin"),
        ("iam", {"groupName": "support"}, "iam/home#/groups/details/support"),
        ("ec2", {"groupId": "sg-1"}, "ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-1"),
        ("s3", {"bucketName": "example-invoices"}, "s3/buckets/example-invoices?region=eu-west-1"),
        ("lambda", {"functionName": "billing"}, "lambda/home?region=eu-west-1#/functions/billing"),
        ("kms", {"keyId": "1234"}, "kms/home?region=eu-west-1#/kms/keys/1234"),
    ],
)
def test_what_was_acted_on_has_its_page(service: str, parameters: dict[str, Any], page: str) -> None:
    assert (
        links_of(call(service, "Anything", parameters)).resource
        == f"https://eu-west-1.console.aws.amazon.com/{page}"
    )


def test_the_event_history_holds_management_events_alone() -> None:
    assert links_of(record(managementEvent=False, eventCategory="Data")).event is None
    assert links_of(record(eventID="not one")).event is None


def test_root_is_found_by_its_name() -> None:
    history = links_of(call("iam", "CreateUser", who=root())).history
    assert history and history.endswith("?Username=root")  # noqa: PT018


@given(
    st.text(max_size=40)
    | st.sampled_from(["x/../../evil", "@evil.example", "a b", "\u202e", "//evil.example", "#?&="])
)
def test_no_value_leads_elsewhere(value: str) -> None:
    identity = {"type": "IAMUser", "userName": value, "accessKeyId": value}
    for service in ("iam", "s3", "secretsmanager", "kms"):
        parameters = dict.fromkeys(("userName", "bucketName", "secretId", "keyId", "policyArn"), value)
        found = links_of(call(service, "Anything", parameters, who=identity))
        for link in (found.resource, found.history):
            if link is not None:
                parts = urlsplit(link)
                assert parts.scheme == "https"
                assert parts.netloc.endswith(HOSTS)
                assert link.isascii()
                assert link.isprintable()
                assert " " not in link


def test_no_link_leads_to_a_hidden_name() -> None:
    """CloudTrail hides what was typed where a user name is expected: nothing can be looked up by that."""
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    signed_in = record(userIdentity={"type": "IAMUser", "accessKeyId": "", "userName": hidden})
    assert links_of(signed_in).history is None
    deleted = record(
        eventSource="iam.amazonaws.com", eventName="DeleteUser", requestParameters={"userName": hidden}
    )
    assert links_of(deleted).resource is None
