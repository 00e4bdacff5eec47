"""Somebody who writes rules: a folder, the command, and the rules bucket by hand."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from local.cloud import AlertMail, LocalCloud, wait_for
from local.deployment import AUDIT_ACCOUNT
from local.emulator import Mail
from tests.e2e.commands import trailwarden
from tests.e2e.conftest import Archive, waiting
from tests.e2e.intruders import stopped_trail
from tests.patience import SECONDS
from tests.samples import log_file
from trailwarden.delivery.records import Record
from trailwarden.live_rules import LOOK_EVERY


def rule(user: str, *, title: str = "", status: str = "stable", rule_id: str = "") -> str:
    """A rule that finds any call of one user."""
    return f"""\
title: {title or f"Anything that {user} does"}
id: {rule_id or uuid4()}
name: {user.replace("-", "_")}
status: {status}
level: high
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection:
    eventName: LookAround
    userIdentity.userName: {user}
  condition: selection
trailwarden:
  title: "{title or f"{user} looked around"}"
  tests:
    match:
      - {{eventName: LookAround, userIdentity: {{userName: {user}}}}}
"""


def broken(text: str) -> str:
    """The same, with a mistake in line 11."""
    return text.replace("condition: selection", "condition: selektion")


def call_of(user: str) -> Record:
    """A call of the user that no shipped rule looks for."""
    return stopped_trail(user, eventName="LookAround", eventSource="example.amazonaws.com")


class Author:
    """A person with a folder of rules. `environment` holds their credentials."""

    def __init__(self, cloud: LocalCloud, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.cloud = cloud
        self.folder = folder
        self.bucket = cloud.names.rules_bucket
        self._environment = environment or cloud.emulator.environment(AUDIT_ACCOUNT)
        folder.mkdir(exist_ok=True)

    def write(self, **rules: str) -> None:
        """Put rules into the folder, a file each."""
        for name, text in rules.items():
            (self.folder / f"{name}.yml").write_text(text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`trailwarden rules ...`, as a person calls it."""
        if arguments[0] in {"publish", "rollback", "promote"}:
            arguments += ("--wait", f"{SECONDS:.0f}")
        return trailwarden(self.cloud, "rules", *arguments, environment=self._environment)

    def must(self, *arguments: str) -> str:
        """The same, which must end well; gives what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr + self.cloud.emulator.log
        return done.stdout

    def publish(self) -> str:
        """Publish the folder. A run that its mirror in the bucket asks for has ended: it would make live what
        is uploaded next without knowing who did it."""
        said = self.must("publish", str(self.folder), "--yes")
        assert wait_for(lambda: not waiting(self.cloud, "trailwarden-publish"), SECONDS)
        return said

    def upload(self, path: str, text: str) -> None:
        """By hand, as in the console."""
        self.cloud.audit("s3").put_object(Bucket=self.bucket, Key=f"team/{path}", Body=text.encode())

    def remove(self, path: str) -> None:
        self.cloud.audit("s3").delete_object(Bucket=self.bucket, Key=f"team/{path}")

    def team(self) -> dict[str, str]:
        """The team's folder in the bucket."""
        s3 = self.cloud.audit("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix="team/").get("Contents", [])
        return {
            entry["Key"].removeprefix("team/"): s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"]
            .read()
            .decode()
            for entry in listed
        }

    def told(self, *words: str) -> Mail:
        """The message to the authors in which all of these words stand, as soon as it came."""

        def found() -> list[Mail]:
            mails = self.cloud.author_mails()
            return [mail for mail in mails if all(word in mail.subject + mail.body for word in words)]

        assert wait_for(found, SECONDS), f"{words}: {self.cloud.author_mails()}\n{self.cloud.emulator.log}"
        return found()[-1]


def told_about(cloud: LocalCloud, user: str) -> list[AlertMail]:
    return [
        alert
        for alert in cloud.alerts()
        if alert.record is not None
        and alert.event_name == "LookAround"
        and alert.record["userIdentity"].get("userName") == user
    ]


def act_until_told(archive: Archive, user: str) -> None:
    """Lets the user act again and again until somebody is told."""
    deadline = time.monotonic() + SECONDS
    while not told_about(archive.cloud, user):
        assert time.monotonic() < deadline, archive.cloud.emulator.log
        archive.announce(archive.put(log_file([call_of(user)])))
        wait_for(lambda: told_about(archive.cloud, user), 1.0)


def version_at_work(cloud: LocalCloud) -> str:
    """The version of the rule set that `detect` last said it worked with."""
    events = cloud.audit("logs").filter_log_events(logGroupName="/aws/lambda/trailwarden-detect")["events"]
    said = [event["message"] for event in events if '"batch done"' in event["message"]]
    return said[-1].partition('"rule_set":"')[2].partition('"')[0] if said else ""


def wait_until_at_work(archive: Archive, version: str) -> None:
    """Until `detect` works with a version, which is live: it is given harmless files to say so, and every
    instance of it the time after which it looks again."""
    live_since = time.monotonic()

    def works() -> bool:
        archive.announce(archive.put(log_file([call_of("nobody-in-particular")])))
        archive.settle()
        return version_at_work(archive.cloud) == version

    assert wait_for(works, SECONDS), archive.cloud.emulator.log
    time.sleep(max(0.0, live_since + LOOK_EVERY + 1 - time.monotonic()))
