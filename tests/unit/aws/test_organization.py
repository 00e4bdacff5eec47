"""Names of accounts: from Organizations into the table, and from there over a cache; settings first."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.alert_table import create_alert_table
from trailwarden.accounts import REFRESH_SECONDS, AccountNames, refresh, remember
from trailwarden.activity.model import AccountInfo
from trailwarden.aws.account_table import AccountTable, Source
from trailwarden.aws.organization import OrganizationsAccounts
from trailwarden.errors import OrganizationUnavailableError
from trailwarden.state.accounts import AccountBook, MemoryAccountBook

TABLE = "alerts"
KNOWN = {"111122223333": AccountInfo("Payments", "production")}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def account(organizations: Any, name: str, environment: str | None = None) -> str:
    answer = organizations.create_account(AccountName=name, Email=f"{len(name)}@example.com")
    made = str(answer["CreateAccountStatus"]["AccountId"])
    tags = [{"Key": "team", "Value": "x"}]
    if environment:
        tags.append({"Key": "environment", "Value": environment})
    organizations.tag_resource(ResourceId=made, Tags=tags)
    return made


def organization(*, tag: str = "environment", **options: Any) -> tuple[Any, OrganizationsAccounts]:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    return client, OrganizationsAccounts(client, tag, **options)


def test_accounts_have_their_names_and_the_environment_that_their_tag_says() -> None:
    client, asked = organization()
    payments, sandbox = account(client, "Payments", "production"), account(client, "Sand\nbox")
    found = asked.accounts({})
    assert found[payments] == AccountInfo("Payments", "production")
    assert found[sandbox] == AccountInfo("Sand box", None)
    assert len(found) == 3  # with the management account


def test_an_account_that_is_not_active_is_named_so() -> None:
    client, asked = organization()
    old = account(client, "Old")
    client.close_account(AccountId=old)
    assert asked.accounts({})[old].name == "Old (suspended)"


def test_without_a_tag_nobody_is_asked_for_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    client, asked = organization(tag="")
    payments = account(client, "Payments", "production")
    monkeypatch.setattr(asked, "_tag_of", lambda _account: pytest.fail("asked"))
    assert asked.accounts({})[payments] == AccountInfo("Payments", None)


def test_tags_are_asked_within_a_bound_and_what_was_known_stays(caplog: pytest.LogCaptureFixture) -> None:
    client, asked = organization(tags_at_most=2)
    first, second = account(client, "First", "new"), account(client, "Second", "test")
    found = asked.accounts({first: AccountInfo("First", "old")})
    assert found[first].environment == "old"  # those of whom nothing is known go first
    assert found[second].environment == "test"
    assert "the tags of 1 accounts were not asked" in caplog.text


def test_tags_that_are_refused_cost_no_names(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client, asked = organization()
    payments = account(client, "Payments", "production")

    def refuse(_account: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListTagsForResource")

    monkeypatch.setattr(asked, "_tag_of", refuse)
    assert asked.accounts({payments: AccountInfo("P", "test")})[payments] == AccountInfo("Payments", "test")
    assert len(caplog.records) == 1


def test_an_account_that_left_meanwhile_is_no_failure() -> None:
    _, asked = organization()
    assert asked._tag_of("999999999999") is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "AWSOrganizationsNotInUseException"])
def test_without_an_organisation_the_names_from_before_stay(
    code: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = boto3.client("organizations")

    class Refusing:
        def paginate(self) -> None:
            raise ClientError({"Error": {"Code": code}}, "ListAccounts")

    monkeypatch.setattr(client, "get_paginator", lambda _name: Refusing())
    asked = OrganizationsAccounts(client, "environment")
    with pytest.raises(OrganizationUnavailableError):
        asked.accounts({})
    book = MemoryAccountBook(KNOWN)
    assert refresh(asked, book) is None
    assert book.accounts() == KNOWN
    (record,) = caplog.records
    assert record.levelname == "WARNING"


def test_what_organizations_says_is_kept() -> None:
    client, asked = organization()
    payments = account(client, "Payments", "production")
    book = MemoryAccountBook(KNOWN)
    assert refresh(asked, book) == 2
    assert book.accounts()[payments] == AccountInfo("Payments", "production")


@pytest.fixture
def dynamodb() -> Any:
    client = boto3.client("dynamodb")
    create_alert_table(client, TABLE)
    return client


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> AccountBook:
    if request.param == "memory":
        return MemoryAccountBook()
    return AccountTable(request.getfixturevalue("dynamodb"), TABLE, now=lambda: 1000.0)


def test_a_book_gives_back_what_was_kept_last(book: AccountBook) -> None:
    assert book.accounts() == {}
    book.keep({"1": AccountInfo("Old")})
    book.keep(KNOWN)
    assert book.accounts() == KNOWN


def test_more_than_an_item_holds_is_shortened_then_left_out(
    dynamodb: Any, caplog: pytest.LogCaptureFixture
) -> None:
    many = {f"{number:012}": AccountInfo("name " * 20, None) for number in range(100)}
    AccountTable(dynamodb, TABLE, now=lambda: 1000.0, limit=5000).keep(many)
    kept = AccountTable(dynamodb, TABLE, now=lambda: 1000.0).accounts()
    assert len(kept) == 100
    assert kept["000000000000"].name == "name name name na..."
    AccountTable(dynamodb, TABLE, now=lambda: 1000.0, limit=1000).keep(many)
    kept = AccountTable(dynamodb, TABLE, now=lambda: 1000.0).accounts()
    assert 15 < len(kept) < 30
    assert "do not fit" in caplog.text


def test_ten_thousand_accounts_fit_an_item(dynamodb: Any) -> None:
    many = {f"{number:012}": AccountInfo("payments-production-eu", "production") for number in range(10_000)}
    table = AccountTable(dynamodb, TABLE, now=lambda: 1000.0)
    table.keep(many)
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert (item["pk"]["S"], item["sk"]["S"]) == ("ACCOUNTS", "ACCOUNTS")
    assert len(item["accounts"]["S"]) <= 390 * 1024
    assert len(table.accounts()) > 5_000


def test_the_settings_say_more_than_organizations_and_less_is_filled_up() -> None:
    book = MemoryAccountBook({"1": AccountInfo("Theirs", "test"), "2": AccountInfo("Two")})
    names = AccountNames({"1": AccountInfo("Ours"), "3": AccountInfo("Three", "production")}, book)
    assert names.current() == {
        "1": AccountInfo("Ours", "test"),
        "2": AccountInfo("Two"),
        "3": AccountInfo("Three", "production"),
    }


def test_what_the_settings_say_is_kept_once_beside_what_organizations_says(dynamodb: Any) -> None:
    theirs = AccountTable(dynamodb, TABLE, now=lambda: 1000.0)
    theirs.keep({"111122223333": AccountInfo("Theirs", "test")})
    ours = AccountTable(dynamodb, TABLE, now=lambda: 1000.0, source=Source.SETTINGS)

    remember(KNOWN, ours)
    remember(KNOWN, AccountTable(dynamodb, TABLE, now=lambda: 2000.0, source=Source.SETTINGS))

    assert (ours.accounts(), theirs.accounts()["111122223333"].name) == (KNOWN, "Theirs")
    kept = {item["sk"]["S"]: item["recorded_at"]["N"] for item in dynamodb.scan(TableName=TABLE)["Items"]}
    assert kept == {"ACCOUNTS": "1000", "SETTINGS": "1000"}, "nothing is written again"
    remember({}, ours)
    assert ours.accounts() == {}


class Reads:
    """An account book that counts how often it is read, and may fail."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def accounts(self) -> dict[str, AccountInfo]:
        self.count += 1
        if self.fails:
            raise ConnectionError("out of reach")
        return {"1": AccountInfo(f"read {self.count}")}

    def keep(self, accounts: object) -> None:
        raise AssertionError


def test_names_are_read_every_quarter_of_an_hour_and_never_fail() -> None:
    reads, now = Reads(), [0.0]
    names = AccountNames({}, reads, clock=lambda: now[0])
    for moment in (0.0, 1.0, REFRESH_SECONDS - 1):
        now[0] = moment
        assert names.current()["1"].name == "read 1"
    reads.fails = True
    now[0] = REFRESH_SECONDS
    assert names.current()["1"].name == "read 1"
    assert names.current()["1"].name == "read 1"
    assert reads.count == 2


def test_without_a_book_the_settings_are_all_that_is_known() -> None:
    assert AccountNames(KNOWN).current() == KNOWN
