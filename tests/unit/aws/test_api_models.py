"""botocore's service models, as the checker asks for them."""

from pathlib import Path
from typing import Any

import pytest

from trailwarden.aws import api_models
from trailwarden.aws.api_models import BotocoreModels

MODELS = BotocoreModels()


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("iam.amazonaws.com", "CreateUser"),
        ("monitoring.amazonaws.com", "DeleteAlarms"),  # the service cloudwatch
        ("elasticmapreduce.amazonaws.com", "RunJobFlow"),  # emr
        ("ses.amazonaws.com", "SendEmail"),  # its endpoint is email
        ("ecr.amazonaws.com", "PutImage"),  # its endpoint is api.ecr
        ("states.amazonaws.com", "StartExecution"),
        ("servicequotas.amazonaws.com", "RequestServiceQuotaIncrease"),
        ("sso.amazonaws.com", "CreatePermissionSet"),
        ("s3.amazonaws.com", "GetPublicAccessBlock"),
        ("bedrock.amazonaws.com", "InvokeModel"),
    ],
)
def test_an_event_source_leads_to_its_services(source: str, call: str) -> None:
    assert call in (MODELS.calls(source) or ())
    assert [each.name for each in MODELS.operations(source, call.lower())][:1] == [call]


@pytest.mark.parametrize("source", ["signin.amazonaws.com", "example.com", "", "nobody.amazonaws.com"])
def test_a_source_without_a_model_is_unknown(source: str) -> None:
    assert not MODELS.operations(source, "ConsoleLogin")


def test_shapes_are_walked_through_lists_maps_and_circles() -> None:
    (put,) = MODELS.operations("dynamodb.amazonaws.com", "PutItem")
    assert put.request is not None
    item = put.request.member("item")
    assert item is not None
    assert item.is_open
    (selectors,) = MODELS.operations("cloudtrail.amazonaws.com", "PutEventSelectors")
    assert selectors.request is not None
    each = selectors.request.member("EventSelectors")
    assert each is not None
    element = each.element()
    assert element is not None
    assert "ReadWriteType" in element.members
    assert element.element() is None
    assert element.member("nothing") is None


def test_a_call_may_take_or_return_nothing() -> None:
    (delete,) = MODELS.operations("iam.amazonaws.com", "DeleteUser")
    assert delete.response is None
    (who,) = MODELS.operations("sts.amazonaws.com", "GetCallerIdentity")
    assert who.request is None or not who.request.members


def test_a_model_is_read_once_and_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    read_model = api_models._model_in

    def counted(folder: Path) -> Any:
        read.append(folder.parent.name)
        return read_model(folder)

    monkeypatch.setattr(api_models, "_model_in", counted)
    models = BotocoreModels()

    for _ in range(3):
        models.calls("iam.amazonaws.com")
        models.operations("iam.amazonaws.com", "CreateUser")

    assert read.count("iam") == 1
    assert "ec2" not in read
