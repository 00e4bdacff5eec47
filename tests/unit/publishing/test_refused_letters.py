"""Letters that a topic does not take: a short one in their place, once, and nothing waits for them."""

from dataclasses import dataclass

import pytest

from tests.unit.publishing.test_exceptions import FILES
from tests.unit.publishing.world import BROKEN, DAY, OWN, SWITCHED_OFF, World
from trailwarden.errors import MessageRefusedError
from trailwarden.publishing.letters import IN_SHORT
from trailwarden.publishing.publisher import ATTEMPTS


@dataclass
class Picky(World):
    """Both topics refuse all letters but short ones; or those too."""

    refuses_all: bool = False
    refused: int = 0

    def tell(self, subject: str, text: str) -> None:
        if self.refuses_all or (subject, text) != (IN_SHORT.subject, IN_SHORT.text):
            self.refused += 1
            raise MessageRefusedError("SNS refuses the message: InvalidParameter")
        super().tell(subject, text)


@pytest.fixture(params=[False, True], ids=["takes short ones", "takes none"])
def world(request: pytest.FixtureRequest) -> Picky:
    return Picky(refuses_all=request.param)


def told(world: Picky, count: int) -> None:
    """So many letters were refused since the last look, each with a short one in its place."""
    assert len(world.letters) == (0 if world.refuses_all else count)
    assert world.refused == (2 * count if world.refuses_all else count)
    world.letters.clear()
    world.refused = 0


def test_a_refusal_is_recorded(world: Picky) -> None:
    for _ in range(3):
        world.edited("own.yml", BROKEN)
    told(world, 1)
    assert [each.origin for each in world.store.refusals()] == ["team"]


def test_a_publication_holds_up_nothing_behind_it(world: Picky) -> None:
    world.publish({"own.yml": OWN}, base=0)
    told(world, 1)
    assert world.folder.team().contents == {"own.yml": OWN}
    world.publisher().settle()
    told(world, 0)


def test_a_step_that_is_given_up_is_given_up(world: Picky) -> None:
    for _ in range(ATTEMPTS):
        assert world.publisher().begin("step")
    for _ in range(3):
        assert not world.publisher().begin("step")
    told(world, 1)


def test_an_exception_that_expired_is_told_of_once(world: Picky) -> None:
    world.publish(FILES, base=0)
    told(world, 1)
    world.time += 40 * DAY
    world.publisher().scheduled()
    told(world, 2)  # the exception, and the rule set without it
    world.publisher().scheduled()
    told(world, 0)


def test_what_operations_is_not_notified_of_in_full_is_published_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    sent: list[tuple[str, str]] = []

    def tell(_: object, subject: str, text: str) -> None:
        if (subject, text) != (IN_SHORT.subject, IN_SHORT.text):
            raise MessageRefusedError("SNS refuses the message")
        sent.append((subject, text))

    monkeypatch.setattr("tests.unit.publishing.world.Operations.tell", tell)
    world.publish({"own.yml": OWN}, base=0)
    world.letters.clear()
    world.publish({"own.yml": OWN, "off.yml": SWITCHED_OFF}, base=1)
    world.publisher().settle()
    assert len(sent) == 1
    assert len(world.letters) == 1
