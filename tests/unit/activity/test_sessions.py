"""Who stands behind a role: learned from the records that issue keys, whatever their order."""

from itertools import permutations
from typing import Any

import pytest

from tests.corpus import corpus_records, needs_corpus
from tests.samples import MEMBER, record
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity, sessions
from trailwarden.activity.describe import describe
from trailwarden.activity.kinds import Nature
from trailwarden.activity.learning import LESSON, LearnedSessions, learn
from trailwarden.activity.model import Context
from trailwarden.activity.sessions import CREDENTIAL_EVENTS, Session
from trailwarden.alerts.fields import NORMALISED
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet
from trailwarden.state.sessions import MemorySessionStore


def through(acted: Record, *learned: Record) -> str:
    store = MemorySessionStore()
    for each in learned:
        session = learn(each)
        if session is not None:
            store.put(session)
    return describe(acted, Context(sessions=store)).actor.through


def test_who_assumed_a_role_is_named() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=sessions(assumed(ALICE, key("one"))))).actor
    assert (actor.through, actor.behind) == ("alice through role Admin", "alice")


def test_a_session_that_is_not_known_stays_unknown() -> None:
    actor = describe(
        record(userIdentity=session_identity("Admin", "s", key("one"))), Context(sessions=sessions())
    ).actor
    assert (actor.through, actor.behind, actor.is_session) == ("role Admin (session s)", None, True)


def test_a_chain_of_roles_is_followed_in_any_order_of_records() -> None:
    records = [
        assumed(ALICE, key("one"), "Deploy"),
        assumed(session_identity("Deploy", "s", key("one")), key("two")),
        assumed(session_identity("Admin", "s", key("two")), key("three"), "Break"),
    ]
    acted = record(userIdentity=session_identity("Break", "s", key("three")))
    for order in permutations(records):
        assert through(acted, *order) == "alice through role Deploy, role Admin, role Break"


def test_a_chain_of_which_the_beginning_is_not_known_tells_what_is() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("two")))
    told = through(acted, assumed(session_identity("Deploy", "ci", key("one")), key("two")))
    assert told == "role Deploy (session ci) through role Admin"


def test_a_loop_ends() -> None:
    first = assumed(session_identity("A", "s", key("two")), key("one"))
    second = assumed(session_identity("B", "s", key("one")), key("two"))
    assert through(record(userIdentity=session_identity("A", "s", key("one"))), first, second)


def test_a_long_chain_is_cut() -> None:
    chain = [
        assumed(session_identity(f"r{n}", "s", key(f"k{n}")), key(f"k{n + 1}"), f"r{n + 1}")
        for n in range(30)
    ]
    assert len(through(record(userIdentity=session_identity("r30", "s", key("k30"))), *chain)) <= 240


@pytest.mark.parametrize(
    ("claimed", "told"), [("bob", "alice (calls itself bob)"), ("alice", "alice"), ("ALICE", "alice")]
)
def test_a_source_identity_is_a_claim_beside_who_is_known(claimed: str, told: str) -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    learned = assumed(ALICE, key("one"), request={"sourceIdentity": claimed})
    actor = describe(acted, Context(sessions=sessions(learned))).actor
    assert (actor.through, actor.behind) == (f"{told} through role Admin", "alice")


def test_who_began_a_chain_beyond_the_bound_is_unknown() -> None:
    chain = [
        assumed(session_identity(f"r{n}", "alice", key(f"k{n}")), key(f"k{n + 1}"), f"r{n + 1}")
        for n in range(40)
    ]
    acted = record(userIdentity=session_identity("r40", "alice", key("k40")))
    for session in ({}, {"sessionContext": {"sourceIdentity": "alice"}}):
        acted["userIdentity"] |= session
        actor = describe(acted, Context(sessions=sessions(*chain))).actor
        assert actor.behind is None
        assert actor.through.startswith("somebody unknown (more than 32 sessions before")
        assert "session alice" not in actor.through
    short = [assumed(ALICE, key("k20"), "r20"), *chain[20:]]
    assert through(acted, *short).startswith("alice through role r20, role r21")


def test_a_federated_user_without_issuer_is_its_callers() -> None:
    learned = assumed(ALICE, key("one"), eventName="GetFederationToken", request={"name": "bob"})
    identity = {
        "type": "FederatedUser",
        "arn": f"arn:aws:sts::{MEMBER}:federated-user/bob",
        "accessKeyId": key("one"),
    }
    assert through(record(userIdentity=identity), learned) == "alice through federated user bob"


def test_an_identity_center_user_is_the_person_behind_the_next_role() -> None:
    name = "AWSReservedSSO_Ops_0123456789abcdef"
    issuer = {
        "userName": name,
        "arn": f"arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/{name}",
        "type": "Role",
    }
    carol = session_identity(name, "carol", key("sso"), sessionContext={"sessionIssuer": issuer})
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=sessions(assumed(carol, key("one"))))).actor
    assert (actor.through, actor.nature) == ("carol through role Admin", Nature.PERSON)


def test_the_instance_that_ec2_gave_a_role_to_is_named() -> None:
    ec2 = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    learned = assumed(ec2, key("one"), "web", request={"roleSessionName": "i-0123456789abcdef0"})
    acted = record(userIdentity=session_identity("web", "i-0123456789abcdef0", key("one")))
    actor = describe(acted, Context(sessions=sessions(learned))).actor
    assert actor.through == "EC2 instance i-0123456789abcdef0 through role web"
    assert actor.nature is Nature.AUTOMATION


def test_a_switched_role_tells_from_whom() -> None:
    switched = record(
        eventSource="signin.amazonaws.com",
        eventName="SwitchRole",
        userIdentity=session_identity("Admin", "alice", key("one")),
        additionalEventData={"SwitchFrom": f"arn:aws:iam::{MEMBER}:user/alice"},
        responseElements={"SwitchRole": "Success"},
    )
    acted = record(userIdentity=session_identity("Admin", "alice", key("one")))
    assert through(acted, switched) == "alice through role Admin"


def test_of_two_records_of_one_key_the_caller_s_own_stays() -> None:
    own = assumed(ALICE, key("one"))
    others = assumed({"type": "AWSAccount", "accountId": MEMBER, "principalId": "AIDAX"}, key("one"))
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    assert through(acted, own, others) == through(acted, others, own) == "alice through role Admin"


@pytest.mark.parametrize(
    "taught",
    [
        record(),
        assumed(ALICE, "AKIALONGTERMKEY12345"),
        assumed(ALICE, "ASIA"),
        assumed({}, key("one")),
        {**assumed(ALICE, key("one")), "responseElements": None},
        {**assumed(ALICE, key("one")), "responseElements": {"credentials": [1]}},
        {**assumed(ALICE, key("one")), "eventName": ["AssumeRole"]},
        record(eventName="SwitchRole"),
        record(eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Success"}),
    ],
)
def test_a_record_that_issues_no_key_teaches_nothing(taught: Record) -> None:
    assert learn(taught) is None


@pytest.mark.parametrize(
    ("stated", "expires"),
    [
        ("Mar 1, 2026, 1:00:00 PM", "2026-03-01T13:00:00Z"),
        ("Mar 1, 2026 1:00:00 PM", "2026-03-01T13:00:00Z"),
        ("Mar 1, 2026, 1:00:00\u202fPM", "2026-03-01T13:00:00Z"),
        ("2026-03-01T13:00:00Z", "2026-03-01T13:00:00Z"),
        ("soon", "2026-03-03T00:00:00Z"),
        ("Mar 1, 0926, 1:00:00 PM", "0926-03-01T13:00:00Z"),
    ],
)
def test_when_a_session_ends(stated: str, expires: str) -> None:
    issued = assumed(ALICE, key("one"))
    issued["responseElements"]["credentials"]["expiration"] = stated
    session = learn(issued)
    assert session is not None
    assert session.expires == expires


def test_groups_do_not_depend_on_what_was_learned() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    known = describe(acted, Context(sessions=sessions(assumed(ALICE, key("one"))))).actor
    assert known.label == NORMALISED["actor"](acted) == "role Admin (session s)"


def test_a_record_that_cannot_be_read_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(given: Record) -> Session | None:
        if given.get("eventID") == "odd":
            raise RecursionError("too\ndeep")
        return learn(given)

    monkeypatch.setattr("trailwarden.activity.learning.learn", raising)
    learned = LearnedSessions()
    for each in [{"eventID": "odd"}] * 30 + [assumed(ALICE, key("one"))]:
        learned.add(each)
    assert learned.failures == ["RecursionError: too deep"] * 20
    assert [session.who for session in learned.drain()] == ["alice"]
    assert learned.pending == 0


# Each a record of the form that AWS documents.
ABROAD = "777788889999"


def test_a_role_of_another_account_is_followed_through_the_caller_s_own_trail() -> None:
    """Both accounts' trails tell of one key; the role's account knows the caller's account alone."""
    request = {"roleArn": f"arn:aws:iam::{ABROAD}:role/Audit", "roleSessionName": "s"}
    at_home = assumed(session_identity("Deploy", "ci", key("one")), key("two"), request=request)
    abroad = assumed(
        {"type": "AWSAccount", "accountId": MEMBER, "principalId": "AROAX:ci"},
        key("two"),
        request=request,
        recipientAccountId=ABROAD,
    )
    first = assumed(ALICE, key("one"), "Deploy")
    arn = f"arn:aws:sts::{ABROAD}:assumed-role/Audit/s"
    acted = record(
        userIdentity=session_identity("Audit", "s", key("two"), arn=arn, accountId=ABROAD),
        recipientAccountId=ABROAD,
    )
    for order in permutations([at_home, abroad, first]):
        assert through(acted, *order) == "alice through role Deploy, role Audit"
    assert through(acted, abroad) == f"account {MEMBER} through role Audit"


def test_a_source_identity_that_a_session_carries_needs_no_other_record() -> None:
    identity = session_identity("Admin", "s", key("three"), sessionContext={"sourceIdentity": "alice"})
    actor = describe(record(userIdentity=identity)).actor
    assert (actor.through, actor.behind, actor.source_identity) == (
        "role Admin (session s, calls itself alice)",
        None,
        "alice",
    )


def test_a_source_identity_is_carried_through_a_chain() -> None:
    first = assumed(ALICE, key("one"), "Deploy", request={"sourceIdentity": "alice@example.com"})
    carried = session_identity(
        "Deploy", "s", key("one"), sessionContext={"sourceIdentity": "alice@example.com"}
    )
    second = assumed(carried, key("two"))
    acted = record(userIdentity=session_identity("Admin", "s", key("two")))
    begins = "role Deploy (session s, calls itself alice@example.com)"
    assert through(acted, second) == f"{begins} through role Admin"
    begins = "alice (calls itself alice@example.com)"
    assert through(acted, second, first) == f"{begins} through role Deploy, role Admin"


def test_a_privileged_root_session_is_its_callers() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-privileged-tasks.html"""
    learned = assumed(
        session_identity("Security", "alice", key("one")),
        key("root"),
        eventName="AssumeRoot",
        request={"targetPrincipal": ABROAD},
    )
    acted = record(
        userIdentity={
            "type": "Root",
            "accountId": ABROAD,
            "arn": f"arn:aws:iam::{ABROAD}:root",
            "accessKeyId": key("root"),
            "sessionContext": {"assumedRoot": "true"},
        }
    )
    told = through(acted, learned, assumed(ALICE, key("one"), "Security"))
    assert told == f"alice through role Security, root session of {ABROAD}"


def test_a_federated_user_is_its_issuers_by_its_own_record() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html"""
    identity = {
        "type": "FederatedUser",
        "arn": f"arn:aws:sts::{MEMBER}:federated-user/bob",
        "accountId": MEMBER,
        "accessKeyId": key("fed"),
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "alice"}},
    }
    actor = describe(record(userIdentity=identity)).actor
    assert (actor.through, actor.behind) == ("alice through federated user bob", "alice")


@pytest.mark.parametrize(
    ("by", "event_name", "told"),
    [
        (
            {"type": "SAMLUser", "userName": "alice@example.com", "identityProvider": "idp"},
            "AssumeRoleWithSAML",
            "alice@example.com through role Admin",
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "system:serviceaccount:shop:web",
                "identityProvider": "arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/1",
            },
            "AssumeRoleWithWebIdentity",
            "system:serviceaccount:shop:web through role Admin",
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "system:serviceaccount:shop:web",
                "identityProvider": "arn:aws:iam::1:oidc-provider/oidc.example.net/id/1",
            },
            "AssumeRoleWithWebIdentity",
            "system:serviceaccount:shop:web (by its identity provider oidc.example.net) through role Admin",
        ),
    ],
)
def test_who_signed_in_elsewhere_is_named(by: dict[str, Any], event_name: str, told: str) -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    assert through(acted, assumed(by, key("one"), eventName=event_name)) == told


def test_a_console_session_that_a_role_opened_leads_to_who_assumed_the_role() -> None:
    """`GetSigninToken` gives the console session a key of its own."""
    opened = record(
        eventSource="signin.amazonaws.com",
        eventName="GetSigninToken",
        eventType="AwsConsoleSignIn",
        userIdentity=session_identity("Admin", "s", key("one")),
        responseElements={"credentials": {"accessKeyId": key("console")}, "GetSigninToken": "Success"},
    )
    acted = record(
        userIdentity=session_identity("Admin", "s", key("console")), sessionCredentialFromConsole="true"
    )
    for order in permutations([opened, assumed(ALICE, key("one"))]):
        actor = describe(acted, Context(sessions=sessions(*order))).actor
        assert (actor.through, actor.nature) == ("alice through role Admin", Nature.PERSON)


def test_the_user_behind_a_console_sign_in_is_in_each_record() -> None:
    """A user's, or root's, console session has keys of its own, but is theirs by name; `ConsoleLogin` issues
    none that another session could be followed by."""
    signed_in = record(
        eventName="ConsoleLogin",
        eventType="AwsConsoleSignIn",
        responseElements={"ConsoleLogin": "Success"},
        additionalEventData={"MFAUsed": "Yes"},
    )
    assert learn(signed_in) is None
    acted = record(userIdentity={**ALICE, "accessKeyId": key("one")}, sessionCredentialFromConsole="true")
    actor = describe(acted).actor
    assert (actor.name, actor.nature) == ("alice", Nature.PERSON)


@pytest.mark.parametrize(
    ("role_of", "told"),
    [
        ({"ec2RoleDelivery": "2.0"}, "EC2 instance i-0123456789abcdef0 through role web"),
        (None, "role web (session i-0123456789abcdef0)"),
    ],
)
def test_an_instance_is_named_by_its_own_records_though_services_teach_nothing(
    role_of: dict[str, Any] | None, told: str
) -> None:
    identity = session_identity("web", "i-0123456789abcdef0", key("one"), sessionContext=role_of or {})
    assert describe(record(userIdentity=identity)).actor.through == told


def test_a_function_is_named_by_its_own_records() -> None:
    scope = {
        "issuerType": "AWS::Lambda::Function",
        "credentialsIssuedTo": "arn:aws:lambda:eu-west-1:444455556666:function:resize",
    }
    identity = session_identity("web", "resize", key("one"), inScopeOf=scope)
    assert describe(record(userIdentity=identity)).actor.through == "Lambda function resize through role web"


@needs_corpus
def test_the_lesson_of_the_corpus_is_all_that_teaches_but_services() -> None:
    engine = Engine(RuleSet(rules=()), lesson=LESSON)
    taught = {"AssumeRole": 0, "AssumeRoleWithWebIdentity": 0, "GetFederationToken": 0}
    for _, _, each in corpus_records():
        session = learn(each)
        by_service = each.get("userIdentity") and each["userIdentity"].get("type") == "AWSService"
        if session is not None and not by_service:
            assert engine.teaches(each)
            taught[session.issued_by] += 1
        if engine.teaches(each):
            assert each["eventName"] in CREDENTIAL_EVENTS
            assert not by_service
    assert all(taught.values()), taught


@pytest.mark.parametrize("event_name", sorted(CREDENTIAL_EVENTS))
@pytest.mark.parametrize(
    "source",
    ["example.amazonaws.com", "ec2.amazonaws.com", "sts.amazonaws.com.example", "", None, 1],
)
def test_another_services_event_of_that_name_teaches_nothing(event_name: str, source: Any) -> None:
    taught = record(
        eventName=event_name,
        eventSource=source,
        userIdentity=session_identity("Admin", "alice", key("one")),
        additionalEventData={"SwitchFrom": f"arn:aws:iam::{MEMBER}:user/alice"},
        responseElements={"credentials": {"accessKeyId": key("two")}},
    )
    assert learn(taught) is None
    engine = Engine(RuleSet(rules=()), lesson=LESSON)
    assert not engine.teaches(taught)
    right = taught | {"eventSource": CREDENTIAL_EVENTS[event_name]}
    assert learn(right) is not None
    assert engine.teaches(right)
