"""What the daily check remembers, in memory: for tests."""

from trailwarden.state.subscriptions import SeenTopic


class MemorySubscriptions:
    """A `SubscriptionMemory` that lives as long as the process."""

    def __init__(self) -> None:
        self.topics: dict[str, SeenTopic] = {}

    def seen(self, topic_arn: str) -> SeenTopic | None:
        """What the last check knew of the topic."""
        return self.topics.get(topic_arn)

    def remember(self, topic_arn: str, seen: SeenTopic) -> None:
        """Keep this instead."""
        self.topics[topic_arn] = seen
