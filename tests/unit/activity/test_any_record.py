"""Whatever a record holds: no failure, bounded output, one line, nothing hidden."""

import unicodedata
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import corpus_records, needs_corpus
from tests.samples import record
from trailwarden.activity.describe import describe
from trailwarden.activity.identity import KNOWN_TYPES
from trailwarden.activity.kinds import ActorKind
from trailwarden.activity.learning import learn
from trailwarden.activity.model import Activity, Context
from trailwarden.activity.sessions import CREDENTIAL_EVENTS
from trailwarden.alerts.fields import NORMALISED
from trailwarden.safety.text import UNKNOWN
from trailwarden.state.sessions import MemorySessionStore

_TEXT_LIMIT = 300
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

NAMES = st.sampled_from(
    """type arn userName principalId accountId accessKeyId invokedBy sessionContext sessionIssuer attributes
    mfaAuthenticated webIdFederationData federatedProvider sourceIdentity inScopeOf credentials bucketName key
    instancesSet items instanceId roleArn name ARN ConsoleLogin SwitchFrom MFAUsed""".split()  # noqa: SIM905
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *sorted(KNOWN_TYPES),
            "arn:aws:sts::1:assumed-role/a/b",
            "arn:",
            "ASIAAAAAAAAAAAAAAAAA",
            "true",
            "x" * 3000,
        ]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=25,
)
RECORDS = st.dictionaries(
    st.sampled_from(
        [
            *record(),
            "errorCode",
            "errorMessage",
            "resources",
            "additionalEventData",
            "vpcEndpointId",
            "eventType",
        ]
    ),
    VALUES
    | st.sampled_from(
        [*sorted(CREDENTIAL_EVENTS), "sts.amazonaws.com", "s3.amazonaws.com", "ec2.amazonaws.com"]
    ),
)


def texts_of(value: Any) -> list[str]:
    """Every text of an activity."""
    if isinstance(value, str):
        return [str(value)]
    if isinstance(value, Enum):
        return []
    if isinstance(value, tuple):
        return [text for entry in value for text in texts_of(entry)]
    if is_dataclass(value):
        return [text for each in fields(value) for text in texts_of(getattr(value, each.name))]
    return []


def is_fit(text: str, limit: int) -> bool:
    return len(text) <= limit and not any(unicodedata.category(char) in _HIDDEN for char in text)


def check(activity: Activity) -> None:
    for text in texts_of(activity):
        assert is_fit(text, _TEXT_LIMIT), text
    assert is_fit(activity.sentence(), 300)
    assert activity.sentence()
    assert len(activity.targets) <= 10


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        RECORDS, st.dictionaries(st.text(max_size=8), VALUES), RECORDS.map(lambda some: record() | some)
    )
)
def test_any_record_is_described(some: dict[str, Any]) -> None:
    store = MemorySessionStore()
    session = learn(some)
    if session is not None:
        store.put(session)
        assert all(is_fit(text, _TEXT_LIMIT) for text in texts_of(session))
    check(describe(some, Context(sessions=store)))
    for name, normalise in NORMALISED.items():
        assert is_fit(normalise(some), _TEXT_LIMIT), name


@needs_corpus
def test_every_record_of_the_corpus_is_described() -> None:
    for _, _, each in corpus_records():
        activity = describe(each)
        check(activity)
        identity = each.get("userIdentity")
        if isinstance(identity, dict) and identity.get("type") in KNOWN_TYPES:
            assert activity.actor.kind is not ActorKind.UNKNOWN
            assert activity.actor.name != UNKNOWN


@needs_corpus
def test_chains_of_the_corpus_lead_to_somebody() -> None:
    store = MemorySessionStore()
    for _, _, each in corpus_records():
        session = learn(each)
        if session is not None:
            store.put(session)
    context = Context(sessions=store)
    told = {
        activity.actor.through
        for _, _, each in corpus_records()
        if (activity := describe(each, context)).actor.kind is ActorKind.ASSUMED_ROLE
        and activity.actor.behind
    }
    assert any(" through role " in through for through in told)
