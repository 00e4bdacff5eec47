"""The parameters of a call are laid out for reading, whatever they hold, on few and bounded lines."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.messages.changes import LINES_AT_MOST, laid_out


def text(parameters: Any) -> list[str]:
    return ["  " * line.depth + line.text for line in laid_out(parameters)]


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_no_parameters_make_no_lines(nothing: Any) -> None:
    assert laid_out(nothing) == []


def test_plain_parameters_stand_by_name_and_value() -> None:
    parameters = {"name": "x", "enable": False, "count": 3, "ids": ["a", "b"], "none": None, "empty": {}}
    assert text(parameters) == [
        "name: x",
        "enable: no",
        "count: 3",
        "ids: a, b",
        "none: (none)",
        "empty: (empty)",
    ]


def test_parameters_may_be_a_text() -> None:
    assert text("just words") == ["just words"]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            {
                "ipProtocol": "tcp",
                "fromPort": 22,
                "toPort": 22,
                "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
            },
            "- tcp 22, 0.0.0.0/0 (everyone on the internet)",
        ),
        (
            {"ipProtocol": "-1", "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}},
            "- all traffic, ::/0 (everyone on the internet, IPv6)",
        ),
        (
            {
                "ipProtocol": "udp",
                "fromPort": 1000,
                "toPort": 2000,
                "groups": {"items": [{"groupId": "sg-1"}]},
            },
            "- udp 1000 to 2000, sg-1",
        ),
        ({"ipProtocol": "icmp", "fromPort": -1, "toPort": -1}, "- icmp, all ports, (no address named)"),
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIpv4": "10.0.0.0/8"}, "- tcp 1, 10.0.0.0/8"),
    ],
)
def test_a_security_group_rule_reads_as_traffic_and_peers(rule: dict[str, Any], line: str) -> None:
    assert text({"ipPermissions": {"items": [rule]}}) == ["ipPermissions:", f"  {line}"]


def test_a_policy_reads_by_its_statements_whether_text_object_or_percent_encoded() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"], "Service": "ec2.amazonaws.com"},
        "Action": "*",
        "Resource": ["a", "b"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
    }
    lines = [
        "document: a policy with one statement",
        "  - Allow everything (*)",
        "    to AWS everyone (*); Service ec2.amazonaws.com",
        "    on a, b",
        "    only if StringEquals aws:PrincipalOrgID: o-1",
    ]
    document = policy(statement)
    encoded = document.replace("{", "%7B").replace("}", "%7D").replace('"', "%22")
    assert text({"document": document}) == lines
    assert text({"document": json.loads(document)}) == lines
    assert text({"document": encoded}) == lines


def test_what_a_policy_leaves_out_is_said_as_such() -> None:
    statement = {"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "r", "NotPrincipal": {"AWS": "a"}}
    assert text({"p": policy(statement)})[1:] == [
        "  - Deny everything but iam:*",
        "    to everyone but AWS a",
        "    on everything but r",
    ]


@pytest.mark.parametrize(
    "tags",
    [
        [{"key": "Name", "value": "web"}],
        [{"Key": "Name", "Value": "web"}],
        {"items": [{"key": "Name", "value": "web"}]},
        [{"tagKey": "Name", "tagValue": "web"}],
    ],
)
def test_tags_read_as_names_and_values_in_every_spelling(tags: Any) -> None:
    assert text({"tags": tags}) == ["tags:", "  Name = web"]


def test_what_cloudtrail_omitted_is_said() -> None:
    (line,) = text({"omitted": True, "originalSize": 131072, "reason": "too large"})
    assert line.startswith("CloudTrail left the parameters out")


def test_many_lines_are_cut_and_that_is_said() -> None:
    lines = text({f"a{number}": {"b": number, "c": {"d": 1}} for number in range(39)})
    assert len(lines) == LINES_AT_MOST + 1
    assert "more of it" in lines[-1]


def test_broken_documents_are_shown_as_text() -> None:
    assert text({"policyDocument": '{"Statement": ['}) == ['policyDocument: {"Statement": [']
    assert len(text({"policyDocument": "[" * 100_000})) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text()
            | st.sampled_from(["Statement", "items", "key", "value", "ipProtocol", "ipRanges", "Condition"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_anything_is_laid_out_on_bounded_lines_that_print(parameters: Any) -> None:
    lines = laid_out(parameters)
    assert len(lines) <= LINES_AT_MOST + 1
    for line in lines:
        assert line.text.isprintable()
        assert len(line.text) < 20_000
