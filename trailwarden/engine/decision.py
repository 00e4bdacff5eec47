"""The decision: which rules a record matches, found by following the values that matter.

All rules start out undecided. A node of a tree is a set of rules with what is still open of their
conditions; it asks for one field, and each class of values (those that satisfy the same predicates) leads
to the node of what is open then. Nodes are made when a record first needs them and are shared where the
same is open, so a record costs a few look-ups, however many rules there are. Fields of the row come
first; what is still open then is decided on the whole record. Rules that need an event name have a tree
of their own, those that need an identity's type another one, and so on: in one tree for all, the second
would be open below each event name. Memory is bounded: an attacker chooses user agents and names, so
whatever is remembered is dropped when it grows too large.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from trailwarden.delivery.records import Path
from trailwarden.engine.evaluate import Condition, compile_condition
from trailwarden.engine.expression import AND, NOT, OR, Expression, fields_in, needed, settle
from trailwarden.engine.predicate_index import PredicateIndex
from trailwarden.engine.row import MISSING, OddShapeError, Row, RowType, paths_in_row
from trailwarden.engine.values import RecordView, Values
from trailwarden.rules.ruleset import Node as Detection

_KEYWORD = "keyword"
_MOST_TREES = 8
_BOOLEANS = frozenset({("readOnly",), ("managementEvent",), ("sessionCredentialFromConsole",)})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is remembered before it is dropped and found again."""

    values: int = 2048
    """Values of one field."""
    value_size: int = 512
    """Characters of a value; longer ones are looked at each time."""
    open_rules: int = 400_000
    """Undecided rules and branches in all nodes together, about 100 bytes each."""
    growth: int = 2_000
    """Of these, how many one record may add: where many rules look at fields of their own, it is cheaper to
    hold each against the record."""


class OvergrownError(Exception):
    """A record asks for more new nodes than it is worth."""


class _Truth:
    """True or False of JSON as a key: Python's own are equal to 1 and 0."""


_TRUTHS = {True: _Truth(), False: _Truth()}


def _truth_apart(get: Callable[[Row], Any]) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        value = get(row)
        return _TRUTHS[value] if value is True or value is False else value

    return read


class Field:
    """What a node asks for: a field of the row, a field of the whole record (its own, or a normalised one),
    or a condition by itself."""

    def __init__(self, number: int, limits: Limits) -> None:
        self.number = number
        self.leaves: list[int] = []
        self.predicates: list[tuple[Detection, int]] = []
        self.path: Path | None = None
        self.normalised: str | None = None
        self.condition: Condition | None = None
        self.read: Callable[[Row], Any] | None = None
        self.memo: dict[Any, frozenset[int]] = {}
        self._limits = limits
        self._index: PredicateIndex | None = None
        self._classes: dict[frozenset[int], frozenset[int]] = {}

    def of_record(self, view: RecordView) -> frozenset[int]:
        """The leaves that hold in a whole record."""
        if self.condition is not None:
            return frozenset(self.leaves) if self.condition(view) else frozenset()
        if self.normalised is not None:
            values = view.normalised(self.normalised)
        elif self.path is not None:
            values = view.field(self.path)
        else:
            return self._satisfied(view.everything)
        if len(values.found) == 1 and type(values.found[0]) is str:
            return self.of_value(values.found[0])
        return self._satisfied(values)

    def of_value(self, value: Any) -> frozenset[int]:
        """The leaves that one scalar of a row satisfies, remembered."""
        known = self.memo.get(value)
        if known is not None:
            return known
        kind = type(value)
        if kind is _Truth:
            held = self._satisfied(Values((value is _TRUTHS[True],)))
        elif kind is str or value is None:
            held = self._satisfied(Values((value,)))
        elif value is MISSING:
            held = self._satisfied(Values(()))
        else:  # a number or bare boolean, which are equal to each other as keys
            return self._satisfied(Values((value,)))
        if kind is not str or len(value) <= self._limits.value_size:
            if len(self.memo) >= self._limits.values:
                self.forget()
            # One object a class: nodes then find their branches by identity.
            held = self.memo[value] = self._classes.setdefault(held, held)
        return held

    def forget(self) -> None:
        """Drop the remembered values."""
        self.memo.clear()
        self._classes.clear()

    def _satisfied(self, values: Values) -> frozenset[int]:
        if self._index is None:
            self._index = PredicateIndex(self.predicates)
        return self._index.satisfied(values)


OpenRules = tuple[tuple[int, Expression], ...]


class Node:
    """What is known at one point: rules that match, and rules that are still open.

    `read` and `memo` are those of the row's field that is asked for next; None where the row is done with.
    """

    __slots__ = ("always", "branches", "by_leaf", "field", "known", "matched", "memo", "open", "read")

    def __init__(self, matched: tuple[int, ...], open_rules: OpenRules, field: Field | None) -> None:
        self.matched = matched
        self.open = open_rules
        self.field = field
        self.read = field.read if field else None
        self.memo = field.memo if field else {}
        self.branches: dict[frozenset[int], Node] = {}
        self.known: dict[Any, Node | None] = {}
        """At a root, the branch of a value, in one look-up; None for `nothing`, which is most of them."""
        self.by_leaf: dict[int, list[int]] = {}
        self.always: list[int] = []


class Decision:
    """Conditions, those of a rule set's rules first, as a tree that grows with what is seen; each goes by its
    number."""

    def __init__(self, detections: Iterable[Detection], limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._fields: list[Field] = []
        self._field_of: list[int] = []  # by leaf
        self._leaves: dict[str, int] = {}
        self._fields_by_key: dict[Any, Field] = {}
        open_rules = tuple((number, self._expression(each)) for number, each in enumerate(detections))
        in_row = paths_in_row(field.path for field in self._fields if field.path is not None)
        self.row_type = RowType(in_row)
        for path in in_row:
            get = self.row_type.getters[path]
            self._fields_by_key[path].read = _truth_apart(get) if path in _BOOLEANS else get
        self._own = [frozenset(field.leaves) for field in self._fields]
        self._nodes: dict[tuple[tuple[int, ...], OpenRules], Node] = {}
        self._weight = 0
        self.nothing = Node((), (), None)
        """Where nothing matches and nothing is open: most records end here."""
        self._groups = tuple(self._grouped(open_rules))
        self.roots = self._planted()

    def at_row(self, row: Row) -> tuple[Node, ...]:
        """The nodes, one in each tree, at which the row is done with; makes what is missing on the way.

        Raises:
            OddShapeError: the row does not tell what the record holds.
        """
        self.keep_small()
        return tuple(self._row_end(root, row) for root in self.roots)

    def _row_end(self, root: Node, row: Row) -> Node:
        node = root
        while node.read is not None and node.field is not None:
            field = node.field
            try:
                value = node.read(row)
            except AttributeError:
                value = self.row_type.find(row, field.path or ())
            if type(value) is list or type(value) is dict:
                raise OddShapeError
            branch = self._branch(node, field.of_value(value))
            if node is root and value in field.memo:
                if len(root.known) >= self._limits.values:
                    root.known.clear()
                root.known[value] = None if branch is self.nothing else branch
            node = branch
        return node

    def at_record(self, nodes: Iterable[Node], view: RecordView) -> list[int]:
        """The rules that a record matches, in their order, from the nodes on that its row led to.

        Raises what a predicate raises, and `OvergrownError`."""
        matched: list[int] = []
        most = self._weight + self._limits.growth
        for start in nodes:
            node = start
            while (field := node.field) is not None:
                node = self._branch(node, field.of_record(view))
                if self._weight > most:
                    raise OvergrownError
            matched += node.matched
        return sorted(matched)

    def keep_small(self) -> None:
        """Drop what is remembered, where it has grown too large."""
        if self._weight <= self._limits.open_rules:
            return
        self._nodes.clear()
        self._weight = 0
        for field in self._fields:
            field.forget()
        # The nodes are dropped with their roots; what a row is at keeps those that it needs.
        self.roots = self._planted()

    def _planted(self) -> tuple[Node, ...]:
        return tuple(self._node((), group) for group in self._groups)

    def _grouped(self, open_rules: OpenRules) -> Iterable[OpenRules]:
        """The rules of each tree: those that need the field that most need, then of the others likewise."""
        left = [(rule, needed(rule[1], self._field_of)) for rule in open_rules]
        for _ in range(_MOST_TREES - 1):
            counts = Counter(
                number for _, bound in left for number in bound if self._fields[number].read is not None
            )
            if not counts:
                break
            most = max(counts, key=lambda number: (counts[number], -number))
            yield tuple(rule for rule, bound in left if most in bound)
            left = [(rule, bound) for rule, bound in left if most not in bound]
        if left:
            yield tuple(rule for rule, _ in left)

    def _branch(self, node: Node, held: frozenset[int]) -> Node:
        branch = node.branches.get(held)
        if branch is None:
            branch = node.branches[held] = self._grown(node, held)
            self._weight += 1
        return branch

    def _grown(self, node: Node, held: frozenset[int]) -> Node:
        field = node.field
        if field is None:
            return node
        places = set(node.always)
        for leaf in held:
            places.update(node.by_leaf.get(leaf, ()))
        own = self._own[field.number]
        matched, still_open = list(node.matched), []
        for place in sorted(places):
            number, expression = node.open[place]
            left = settle(expression, own, held)
            if left is True:
                matched.append(number)
            elif left is not False:
                still_open.append(node.open[place] if left is expression else (number, left))
        return self._node(tuple(sorted(matched)), tuple(still_open))

    def _node(self, matched: tuple[int, ...], still_open: OpenRules) -> Node:
        """The node of a state; the same one for the same state."""
        if not matched and not still_open:
            return self.nothing
        known = self._nodes.get((matched, still_open))
        if known is not None:
            return known
        bounds = [needed(expression, self._field_of) for _, expression in still_open]
        field = self._next_field(still_open, bounds)
        node = self._nodes[matched, still_open] = Node(matched, still_open, field)
        if field is not None:
            for place, bound in enumerate(bounds):
                if field.number not in bound:
                    node.always.append(place)
                for leaf in bound.get(field.number, ()):
                    node.by_leaf.setdefault(leaf, []).append(place)
        self._weight += 1 + len(still_open)
        return node

    def _next_field(self, still_open: OpenRules, bounds: list[dict[int, frozenset[int]]]) -> Field | None:
        """The field that rules out the most: the one which most open rules need a value of."""
        if not still_open:
            return None
        needs: dict[int, int] = {}
        for (_, expression), bound in zip(still_open, bounds, strict=True):
            for number in bound:
                needs[number] = needs.get(number, 0) + 1
            if not bound:
                for number in fields_in(expression, self._field_of):
                    needs.setdefault(number, 0)
        in_row = {number: count for number, count in needs.items() if self._fields[number].read}
        if not in_row:
            # An open rule may need a field of the record, and be decided by one of the row as well.
            for _, expression in still_open:
                for number in fields_in(expression, self._field_of):
                    if self._fields[number].read:
                        in_row.setdefault(number, 0)
        if not in_row:
            # What a record tells in other words costs more than to look at what it holds.
            plain = {number: count for number, count in needs.items() if not self._fields[number].normalised}
            needs = plain or needs
        return self._fields[max(in_row or needs, key=lambda number: ((in_row or needs)[number], -number))]

    def _expression(self, detection: Detection) -> Expression:
        name, *arguments = detection
        if name in {AND, OR}:
            parts = tuple(dict.fromkeys(map(self._expression, arguments)))
            return parts[0] if len(parts) == 1 else (name, parts)
        if name == NOT:
            return (NOT, self._expression(arguments[0]))
        if name == "field":
            path = tuple(arguments[0].split("."))
            return self._leaf(path, repr(arguments), arguments[1], path)
        if name == "normalised":
            leaf = self._leaf((name, *arguments[:1]), repr(arguments), arguments[1], None)
            self._fields[self._field_of[leaf]].normalised = arguments[0]
            return leaf
        if name == _KEYWORD:
            return self._leaf(_KEYWORD, repr(arguments), arguments[0], None)
        leaf = self._leaf(repr(detection), repr(detection), None, None)
        field = self._fields[self._field_of[leaf]]
        if field.condition is None:
            field.condition = compile_condition(detection)
        return leaf

    def _leaf(self, field_key: Any, leaf_key: str, predicate: Detection | None, path: Path | None) -> int:
        field = self._fields_by_key.get(field_key)
        if field is None:
            field = Field(len(self._fields), self._limits)
            field.path = path
            self._fields_by_key[field_key] = field
            self._fields.append(field)
        key = f"{field.number} {leaf_key}"
        leaf = self._leaves.get(key)
        if leaf is None:
            leaf = self._leaves[key] = len(self._field_of)
            self._field_of.append(field.number)
            field.leaves.append(leaf)
            if predicate is not None:
                field.predicates.append((predicate, leaf))
        return leaf
