"""Another account that acts with access which somebody delegated to it is never taken for that somebody.

https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-cloudtrail.html
"""

from typing import Any

import pytest

from tests.samples import MEMBER, record
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity, sessions
from tests.unit.activity.test_actors import MFA, SSO, SSO_NAME, role, user
from trailwarden.activity.actors import actor_of, principal_of
from trailwarden.activity.describe import describe
from trailwarden.activity.fields import Facts, values
from trailwarden.activity.kinds import Nature
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerts.fields import NORMALISED
from trailwarden.delivery.records import Record

PROVIDER = "777788889999"
DELEGATE = f"account {PROVIDER} as delegate of"


def by_delegate(identity: dict[str, Any], delegate: Any = None, **fields: Any) -> Record:
    delegate = {"accountId": PROVIDER} if delegate is None else delegate
    return record(userIdentity={**identity, "invokedByDelegate": delegate}, **fields)


PEOPLE = [
    (user(), "user alice", "alice", "alice"),
    (user(sessionContext=MFA), "user alice", "alice", "alice"),
    (
        role("carol@example.com", SSO_NAME, SSO),
        f"role {SSO_NAME} (session carol@example.com)",
        "carol@example.com",
        "carol@example.com through permission set Administrator",
    ),
    (role(context=MFA), "role Admin (session bob)", "role Admin", "role Admin (session bob)"),
    (
        role(context={"sourceIdentity": "alice"}),
        "role Admin (session bob)",
        "role Admin",
        "role Admin (session bob, calls itself alice)",
    ),
    ({"type": "Root", "accountId": MEMBER}, *[f"root of {MEMBER}"] * 3),
    (
        {"type": "SAMLUser", "userName": "dave"},
        "SAML user dave",
        "dave",
        "dave",
    ),
    (
        {"type": "IdentityCenterUser", "userName": "erin", "onBehalfOf": {"userId": "9067"}},
        "Identity Center user erin",
        "erin",
        "erin",
    ),
]


@pytest.mark.parametrize(("identity", "label", "name", "through"), PEOPLE)
def test_a_delegate_is_named_beside_whom_it_acts_for(
    identity: dict[str, Any], label: str, name: str, through: str
) -> None:
    actor = actor_of(by_delegate(identity))
    assert (actor.label, actor.name, actor.through) == (
        f"{DELEGATE} {label}",
        f"{DELEGATE} {name}",
        f"{DELEGATE} {through}",
    )
    assert actor.behind == actor.name
    assert (actor.nature, actor.reason, actor.mfa) == (
        Nature.UNKNOWN,
        f"account {PROVIDER} acted with temporary access that was delegated to it",
        None,
    )
    assert NORMALISED["actor"](by_delegate(identity)) == actor.label


@pytest.mark.parametrize("identity", [each[0] for each in PEOPLE])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sessionCredentialFromConsole": "true"},
        {"eventType": "AwsConsoleAction"},
        {"userAgent": "console.amazonaws.com"},
        {"sourceIPAddress": "198.51.100.9"},
    ],
)
def test_a_delegate_is_another_principal_and_no_person(
    identity: dict[str, Any], fields: dict[str, Any]
) -> None:
    own, delegated = record(userIdentity=identity, **fields), by_delegate(identity, **fields)
    other = by_delegate(identity, {"accountId": "222233334444"}, **fields)
    assert len({principal_of(each) for each in (own, delegated, other)}) == 3
    assert len({NORMALISED["actor"](each) for each in (own, delegated, other)}) == 3
    assert len({NORMALISED["actor.name"](each) for each in (own, delegated, other)}) == 3
    assert actor_of(delegated).nature is Nature.UNKNOWN


@pytest.mark.parametrize("delegate", [{}, [], "", {"accountId": None}, {"account": PROVIDER}, PROVIDER])
def test_a_delegate_whose_account_is_not_named_is_one_still(delegate: Any) -> None:
    actor = actor_of(by_delegate(user(), delegate))
    assert (actor.label, actor.nature) == ("an unknown account as delegate of user alice", Nature.UNKNOWN)
    assert actor_of(record(userIdentity=user(invokedByDelegate=None))).label == "user alice"


def test_what_is_hidden_of_an_identity_stays_incomparable() -> None:
    hidden = {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accountId": MEMBER}
    assert principal_of(by_delegate(hidden)) == ""


def test_fields_of_the_person_are_missing_where_a_delegate_acts() -> None:
    identity = role("carol", SSO_NAME, SSO, context={"sourceIdentity": "carol", **MFA})
    for name in ("actor.session", "actor.issuer", "actor.source_identity"):
        assert values(Facts(record(userIdentity=identity)), name)
        assert values(Facts(by_delegate(identity)), name) == ()
    assert values(Facts(by_delegate(identity)), "actor.nature") == ()
    assert values(Facts(by_delegate(identity)), "actor.delegate") == (PROVIDER,)
    assert values(Facts(record(userIdentity=identity)), "actor.delegate") == ()


def test_a_role_that_a_delegate_took_leads_to_the_delegate() -> None:
    taken = assumed({**ALICE, "invokedByDelegate": {"accountId": PROVIDER}}, key("one"))
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=sessions(taken))).actor
    assert actor.through == f"{DELEGATE} alice through role Admin"
    assert (actor.behind, actor.nature) == (f"{DELEGATE} alice", Nature.UNKNOWN)


def test_who_was_given_the_key_does_not_stand_behind_its_delegate() -> None:
    acted = by_delegate(session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=sessions(assumed(ALICE, key("one"))))).actor
    assert actor.through == f"{DELEGATE} role Admin (session s)"


def test_the_accounts_name_is_told_where_it_is_known() -> None:
    accounts = {PROVIDER: AccountInfo("Example Vendor")}
    activity = describe(by_delegate(user()), Context(accounts))
    assert activity.actor.through == f"account Example Vendor ({PROVIDER}) as delegate of alice"
    assert activity.actor.behind == activity.actor.through
    assert activity.sentence().startswith(f"account Example Vendor ({PROVIDER}) as delegate of alice ")
    assert activity.actor.label == f"{DELEGATE} user alice"  # groups do not change with names
