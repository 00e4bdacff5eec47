"""Where a call came from, and with which tool."""

from typing import Any

import pytest

from tests.samples import record
from trailwarden.activity.fields import NORMALISED
from trailwarden.activity.model import Place
from trailwarden.activity.origins import origin_of
from trailwarden.activity.tools import tool_of


@pytest.mark.parametrize(
    ("agent", "name", "attack"),
    [
        ("aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 lang/python#3.13", "AWS CLI 2.31.0", False),
        ("aws-cli/2.31.1 md/x exec-env/CloudShell", "AWS CloudShell", False),
        ("Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0", "boto3 1.34.0", False),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)", "Terraform 1.9.5", False),
        ("aws-sdk-go-v2/1.30.0 os/linux", "AWS SDK for Go 1.30.0", False),
        ("aws-sdk-java/2.20.74 Linux/5.10", "AWS SDK for Java 2.20.74", False),
        ("aws-sdk-js/3.360.0 ua/2.0", "AWS SDK for JavaScript 3.360.0", False),
        ("console.amazonaws.com", "AWS console", False),
        ("[S3Console/0.4]", "AWS console", False),
        ("signin.amazonaws.com", "AWS console", False),
        ("cloudformation.amazonaws.com", None, False),
        ("AWS Internal", None, False),
        ("Mozilla/5.0 (Windows NT 10.0)", "a browser", False),
        ("my-script/1.2 (linux)", "my-script/1.2", False),
        ("stratus-red-team_5d25952b", "Stratus Red Team", True),
        ("Scout Suite/5.13", "Scout Suite", True),
        ("trufflehog", "TruffleHog", True),
        ("Boto3/1.34.0 Python/3.11 Linux/6.6.9-kali1-amd64", "boto3 1.34.0 on Kali Linux", True),
        ("aws-cli/1.16 Linux/5.4-parrot", "AWS CLI 1.16 on Parrot Linux", True),
        ("compacuter", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_the_tool_of_a_user_agent(agent: str | None, name: str | None, attack: bool) -> None:
    tool = tool_of(agent)
    assert (tool.name, tool.attack) == (name, attack)


def test_the_console_shows_in_the_record() -> None:
    assert (
        origin_of(record(userAgent="Mozilla/5.0", sessionCredentialFromConsole="true")).tool == "AWS console"
    )


class Here:
    def place(self, address: str) -> Place | None:
        return Place("Iceland", "AS64500 Example")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "203.0.113.7 (Iceland, AS64500 Example)"),
        ({"sourceIPAddress": "config.amazonaws.com"}, "AWS Config"),
        ({"sourceIPAddress": "AWS Internal"}, "AWS"),
        ({"sourceIPAddress": "AWS Internal/3"}, "AWS"),
        ({"sourceIPAddress": "AWS Internal/#"}, "AWS"),
        ({"sourceIPAddress": "ec2.amazonaws.com.cn"}, "EC2"),
        ({"sourceIPAddress": "AWS Internally/3"}, "AWS Internally/3 (Iceland, AS64500 Example)"),
        ({"userAgent": "AWS Internal/3"}, "203.0.113.7 (Iceland, AS64500 Example)"),
        ({"userAgent": "ec2.amazonaws.com"}, "203.0.113.7 (Iceland, AS64500 Example)"),
        ({"sourceIPAddress": None}, "unknown"),
    ],
)
def test_where_a_call_came_from(fields: dict[str, Any], text: str) -> None:
    assert str(origin_of(record(**fields), Here())) == text


@pytest.mark.parametrize("own", ["AWS Internal", "AWS Internal/3", "ec2.amazonaws.com"])
def test_the_vpc_of_a_service_is_no_endpoint(own: str) -> None:
    assert origin_of(record(sourceIPAddress=own, vpcEndpointId=own)).vpc_endpoint is None


def test_what_aws_does_inside_comes_from_one_place() -> None:
    told = {
        NORMALISED["origin"](record(sourceIPAddress=f"AWS Internal{number}")) for number in ("", "/3", "/12")
    }
    assert told == {"AWS Internal"}
    assert NORMALISED["origin"](record(sourceIPAddress="203.0.113.7/3")) == "203.0.113.7/3"


def test_a_service_on_behalf_of_an_actor_and_a_vpc_endpoint() -> None:
    identity = {"type": "IAMUser", "userName": "alice", "invokedBy": "cloudformation.amazonaws.com"}
    origin = origin_of(record(userIdentity=identity, vpcEndpointId="vpce-1"))
    assert (origin.address, origin.aws_service, origin.vpc_endpoint) == (
        "203.0.113.7",
        "CloudFormation",
        "vpce-1",
    )
