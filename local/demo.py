"""The demonstration: `python -m local.demo [--keep]`.

Deploys everything into the local cloud, lets an innocent and an intruder act in the member account by real
AWS calls, and shows every alert as its subscriber reads it: what is new, what came of the same again, and who
stands behind a role. Ends with status 1 where an alert that was expected did not come, or one came that was
not.
"""

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.names import ALERT_TABLE, Names
from local.actors import Act, ClientOf, Intruder, innocent, make_roles, role_clients, user_clients
from local.cloud import AlertMail, LocalCloud, local_cloud, wait_for
from local.deployment import MEMBER_ACCOUNT, SECURITY_ADDRESS, DeploymentError, Stopwatch
from local.emulator import Emulator, EmulatorError, Mail
from trailwarden.rules.ruleset import Level

ALERT_SECONDS = 60.0
"""How long an alert may take before it counts as missing."""
QUIET_SECONDS = 3.0
"""How long nothing more may come before the demo believes that nothing will."""
RECORD = "\nThe record:\n"
RECORD_LINES = 8
"""How many lines of a record are shown."""
_SEVERITY = re.compile(r"\[([A-Z]+)\]")
INNOCENT = "analyst"
INTRUDER = "build-robot"


class Demo:
    """One run. `console` is where it is told."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0
        self._calls = 0

    def run(self, *, keep: bool) -> int:
        """The exit status."""
        started = time.monotonic()
        stopwatch = Stopwatch(self._console.print)
        clients: dict[str, ClientOf] = {}

        def make_users(emulator: Emulator) -> None:
            make_roles(emulator, MEMBER_ACCOUNT)
            for name in (INNOCENT, INTRUDER):
                clients[name] = self._counting(user_clients(emulator, MEMBER_ACCOUNT, name))

        with local_cloud(before_deploying=make_users, stopwatch=stopwatch) as cloud:
            with stopwatch.phase("An innocent works in the member account"):
                self._act(INNOCENT, innocent(clients[INNOCENT]))
                self._wait_until_read(cloud)
                unexpected = self._show_new(cloud)
            intruder = Intruder(INTRUDER, clients[INTRUDER], self._take_roles(cloud.emulator))
            with stopwatch.phase("An intruder acts in the member account"):
                expected = self._act(INTRUDER, intruder.breaks_in())
            with stopwatch.phase(f"What {SECURITY_ADDRESS} reads"):
                missing = self._show_expected(cloud, expected)
            with stopwatch.phase("The intruder goes on"):
                expected = self._act(INTRUDER, intruder.goes_on())
            with stopwatch.phase(f"What {SECURITY_ADDRESS} reads then"):
                missing += self._show_expected(cloud, expected)
            self._summarize(cloud, stopwatch, time.monotonic() - started)
            status = self._verdict(missing, unexpected, keep=keep)
            if keep:
                with suppress(KeyboardInterrupt):
                    self._keep(cloud)
        return status

    def _counting(self, client_of: ClientOf) -> ClientOf:
        """The same clients, their calls counted."""

        def count(**_: Any) -> None:
            self._calls += 1

        def client(service: str) -> Any:
            made = client_of(service)
            made.meta.events.register("before-call", count)
            return made

        return client

    def _take_roles(self, emulator: Emulator) -> Callable[[ClientOf, str], ClientOf]:
        """How an actor takes a role, its calls counted."""
        return lambda client, role: self._counting(role_clients(emulator, client, MEMBER_ACCOUNT, role))

    def _act(self, who: str, acts: Iterable[Act]) -> list[Act]:
        """Let the actor act; gives what must raise an alert."""
        expected = []
        for act in acts:
            self._console.print(f"  {who} {act.words}")
            act.call()
            if act.alerting_event is not None:
                expected.append(act)
        return expected

    def _show_expected(self, cloud: LocalCloud, expected: list[Act]) -> list[Act]:
        """Show all alerts when the expected ones are there, and what came with them; gives what should have
        raised one and did not."""
        deadline = time.monotonic() + ALERT_SECONDS
        missing = expected
        with self._console.status("waiting for alerts"):
            while missing and time.monotonic() < deadline:
                told = cloud.alert_mails()
                missing = [act for act in missing if not any(_tells(alert, act) for alert in told)]
                time.sleep(0.05)
        self._wait_until_read(cloud)
        self._show_new(cloud)
        return missing

    def _wait_until_read(self, cloud: LocalCloud) -> None:
        """Until every delivered log file is in the ledger and nothing more came for a moment."""

        def all_read() -> bool:
            return len(cloud.table_items("FILE")) >= len(cloud.emulator.delivered)

        with self._console.status("waiting for the last log file to be read"):
            time.sleep(QUIET_SECONDS)
            wait_for(all_read, ALERT_SECONDS)

    def _show_new(self, cloud: LocalCloud) -> list[Mail]:
        """Show what came since it was asked last, the worst first."""
        fresh = cloud.mails_to(SECURITY_ADDRESS)[self._shown :]
        for mail in sorted(fresh, key=severity, reverse=True):
            self._show(mail, _told_within(cloud, mail))
        self._shown += len(fresh)
        return fresh

    def _show(self, mail: Mail, seconds: float | None) -> None:
        self._console.rule()
        heading = Text(f"To: {mail.address}\nSubject: {mail.subject}", style="bold")
        self._console.print(heading)
        self._console.print(Text(f"\n{shortened(mail.body)}"))
        delay = "" if seconds is None else f"{seconds:.2f} s from log file to alert"
        self._console.rule(Text(delay, style="green"), align="right")

    def _summarize(self, cloud: LocalCloud, stopwatch: Stopwatch, seconds: float) -> None:
        counts = cloud.counts()
        table = Table(show_header=False)
        table.add_row("API calls of the two actors", str(self._calls))
        table.add_row("log files delivered by CloudTrail", str(len(cloud.emulator.delivered)))
        table.add_row("records in them", str(sum(file.records for file in cloud.emulator.delivered)))
        table.add_row("log files read", str(counts.files))
        table.add_row("records read", str(counts.records))
        table.add_row("alerts told", str(len(cloud.alerts())))
        table.add_row("told again, +N more", str(len(cloud.alert_mails()) - len(cloud.alerts())))
        for phase, took in stopwatch.seconds.items():
            table.add_row(phase, f"{took:.1f} s")
        table.add_row("everything", f"{seconds:.1f} s")
        self._console.print("Summary")
        self._console.print(table)

    def _verdict(self, missing: list[Act], unexpected: list[Mail], *, keep: bool) -> int:
        for act in missing:
            what = "No follow-up" if act.again else "No alert"
            by = f" that names {act.who}" if act.who else ""
            self._console.print(
                f"[bold red]{what}{by} came for {act.alerting_event} within {ALERT_SECONDS:.0f} seconds.[/]"
            )
        for mail in unexpected:
            self._console.print(f"[bold red]An innocent's act raised an alert: {mail.subject}[/]")
        if not missing and not unexpected:
            self._console.print("[bold green]Every alert that was expected came, and no other.[/]")
            if not keep:
                self._console.print("To look around in this cloud: make demo ARGS=--keep")
        return 1 if missing or unexpected else 0

    def _keep(self, cloud: LocalCloud) -> None:
        """Show alerts as they come until Ctrl-C."""
        emulator, names = cloud.emulator, cloud.names
        cloud.member("cloudtrail").start_logging(Name="trailwarden")
        say = self._console.print
        say(f"\nThe local cloud runs at {emulator.endpoint} until Ctrl-C; its trail logs again.")
        for line in instructions(emulator.endpoint, names):
            say(line, markup=False)
        while True:
            self._show_new(cloud)
            time.sleep(0.2)


def instructions(endpoint: str, names: Names) -> Iterator[str]:
    """How to act in the local cloud, as each account. Both variables of the region are set: the AWS command
    line of version 1 reads AWS_DEFAULT_REGION alone, and one that is exported already would win otherwise.
    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html"""

    def owner(account: str) -> str:
        return (
            f"  export AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID={account} AWS_SECRET_ACCESS_KEY=test "
            f"AWS_DEFAULT_REGION={names.region} AWS_REGION={names.region}"
        )

    yield "An account's number as the access key acts as that account's owner. As the member account:\n"
    yield owner(MEMBER_ACCOUNT)
    yield "  aws iam create-user --user-name somebody"
    yield "  aws iam create-access-key --user-name somebody"
    yield "\nAs the audit account, which also publishes rules (docs/rules.md) and acts on alerts:\n"
    yield owner(names.audit_account)
    yield "  trailwarden alerts list"
    yield f"  aws s3 ls --recursive s3://{names.log_bucket}/"
    yield f"  aws dynamodb scan --table-name {ALERT_TABLE} --output table"


def severity(mail: Mail) -> int:
    """How bad the subject says that it is; the lowest for what says nothing."""
    found = _SEVERITY.match(mail.subject)
    return next((level for level in Level if found and str(level).startswith(found[1].lower())), -1)


def shortened(body: str) -> str:
    """A mail without most of its record: the first lines of it, and how many there are."""
    text, found, record = body.rstrip().partition(RECORD)
    lines = record.splitlines()
    if len(lines) <= RECORD_LINES:
        return text + found + record
    return "\n".join(
        [text + found + lines[0], *lines[1:RECORD_LINES], f"... ({len(lines) - RECORD_LINES} more lines)"]
    )


def _told_within(cloud: LocalCloud, mail: Mail) -> float | None:
    """How many seconds after its log file was delivered an alert was told; None of what is told later on."""
    if not AlertMail.is_one(mail):
        return None
    alert = AlertMail.parse(mail)
    files = {f"{file.bucket}/{file.key}": file.time for file in cloud.emulator.delivered}
    put = files.get(alert.log_file)
    if put is None or alert.told_before is not None:
        return None
    return (mail.time - put).total_seconds()


def _tells(alert: AlertMail, act: Act) -> bool:
    """Whether the mail is what the act must bring about."""
    return (
        alert.event_name == act.alerting_event
        and (alert.told_before is not None) == act.again
        and act.who in " ".join(alert.mail.body.split())
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the local cloud running and show alerts")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)  # a file or pipe gets whole lines
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `with` blocks end in order
    try:
        return Demo(console).run(keep=options.keep)
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130
    except (DeploymentError, EmulatorError, ClientError) as error:
        console.print(Text(f"The demo failed: {error}", style="red"))
        return 1


if __name__ == "__main__":
    sys.exit(main())
