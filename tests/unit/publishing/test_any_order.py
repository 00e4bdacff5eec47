"""Whatever people do, wherever the function dies, and however often notices come: no mix, nothing untold."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.publishing.world import OWN, CrashError, World
from trailwarden.publishing.archive import unpack_sources
from trailwarden.publishing.build import build
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.submission import FolderSubmission, RollbackSubmission
from trailwarden.state.rule_sets import Publication
from trailwarden.state.rules_folder import SUBMISSION_PREFIX

STEPS = ("team", "put_artefact", "publish", "tell", "mark_told", "put_team", "remove_team", "mark_mirrored")


Value = int | bytes | None


@dataclass
class Play:
    """A world, and the notices that S3 will send of what was done in it, more than once."""

    world: World = field(default_factory=World)
    notices: list[FolderChange] = field(default_factory=list)

    def base(self) -> int:
        live = self.world.store.live()
        return live.sequence if live else 0

    def act(self, number: int, what: str, value: Value) -> None:
        """One thing that somebody does, and what the function makes of the notice of it."""
        if what == "publish" and isinstance(value, int):
            submission = FolderSubmission(max(0, self.base() - value), "Ada", "", pair(number))
            self.notices.append(self.world.hand_in(submission))
        elif what == "roll back" and isinstance(value, int):
            self.notices.append(self.world.hand_in(RollbackSubmission(self.base(), "Ada", "", value)))
        elif what == "edit" and not isinstance(value, int):
            self.notices.append(self.world.edit("c.yml", value))
        if self.notices:
            place = value if what == "again" and isinstance(value, int) else -1
            self.deal(self.notices[place % len(self.notices)])

    def deal(self, change: FolderChange) -> None:
        """What the function does with one notice; it may die."""
        publisher = self.world.publisher()
        try:
            publisher.settle()
            if change.key.startswith(SUBMISSION_PREFIX):
                publisher.submitted(change)
            else:
                publisher.edited([change])
        except CrashError:
            pass
        finally:
            self.world.failing.clear()


def pair(tag: int) -> dict[str, bytes]:
    """A folder whose files belong together: each holds the same tag."""
    return {f"{name}.yml": b"name: %s\nvalues: [%d]\n" % (name.encode(), tag) for name in "ab"} | {
        "o.yml": OWN
    }


ACTIONS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 2)),  # so many publications too late
    st.tuples(st.just("roll back"), st.integers(1, 4)),
    st.tuples(st.just("edit"), st.sampled_from([b"name: c\nvalues: [1]\n", b"name: [", None])),
    st.tuples(st.just("again"), st.integers(0, 20)),
)
CRASHES = st.none() | st.tuples(st.sampled_from(STEPS), st.sampled_from(["", "!"]))


Script = list[tuple[tuple[str, Value], tuple[str, str] | None]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ACTIONS, CRASHES), max_size=8))
def test_no_publication_is_a_mix_and_none_goes_untold(script: Script) -> None:
    play = Play()
    for number, ((what, value), crash) in enumerate(script):
        play.world.time += 60
        play.world.failing[:] = ["".join(crash)] if crash else []
        play.act(number, what, value)
    play.world.failing.clear()
    for change in play.notices:
        play.deal(change)
    play.world.publisher().scheduled()

    history = list(reversed(play.world.store.history(1000)))
    assert [each.sequence for each in history] == list(range(1, len(history) + 1))
    told = [subject for subject, _ in play.world.letters]
    for publication in history:
        assert_whole(play.world, publication)
        assert f"Trailwarden: rule set {publication.sequence} is live (version {publication.version})" in told
    for change in play.notices:
        if change.key.startswith(SUBMISSION_PREFIX):
            origin = f"{change.key}@{change.version_id}"
            published = sum(each.origin == origin for each in history)
            assert published + (play.world.store.refusal(origin) is not None) == 1
    live = play.world.store.live()
    if live is not None and play.world.store.refusal("team") is None:
        assert live.mirrored
        assert play.world.folder.team().contents == sources(play.world, play.world.live())[1]


def sources(world: World, publication: Publication) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The shipped and the team's files of a publication."""
    return unpack_sources(world.folder.sources(publication.sources))


def assert_whole(world: World, publication: Publication) -> None:
    """The rule set is that of its sources, and files that belong together come from one folder."""
    shipped, team = sources(world, publication)
    tags = {team[name].partition(b"values")[2] for name in ("a.yml", "b.yml") if name in team}
    assert len(tags) <= 1
    assert build(shipped, team, today="2026-03-01").rule_set.version == publication.version
