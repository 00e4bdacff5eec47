"""A backtest for reading."""

from collections.abc import Iterable, Sequence

from trailwarden.backtest.report import WEEKDAYS, ExceptionResult, Report, Sample, Share
from trailwarden.cli.tables import counted, level_text, say, show, table

_BARS = " ▁▂▃▄▅▆▇█"
_SHOWN_GROUPS = 10
_SHOWN_DAYS = 5


def sentence(report: Report) -> str:
    """What the backtest says, in one sentence."""
    rules = [rule for rule in report.rules if rule.generates]
    who = f"“{rules[0].title}”" if len(rules) == 1 else f"These {len(rules):,} rules"
    if not report.alerts:
        return f"{who} would have raised no alert in {counted(report.reach.days, 'day')} of records."
    return f"{who} would have raised {counted(report.alerts, 'alert')}{_how_often(report)}."


def _how_often(report: Report) -> str:
    """The rate in brackets; nothing where no record says when it happened."""
    rate = report.alerts_a_day
    if not rate:
        return ""
    if report.reach.days == 1:
        return " (in one day)"
    return f" ({rate:,.1f} a day)" if rate >= 1 else f" (one every {1 / rate:,.1f} days)"


def print_report(report: Report) -> None:
    """Print all of it."""
    say(sentence(report), "bold")
    reach = report.reach
    read = f"{counted(reach.records, 'record')} in {counted(reach.files, 'log file')}"
    when = f", {_time(reach.first_event_time)} to {_time(reach.last_event_time)}" if reach.days else ""
    say(f"Read {read}{when}; {counted(reach.days, 'day')} with records.")
    matched = f"{counted(report.matches, 'match', 'matches')} made {counted(report.alerts, 'alert')}"
    say(f"{matched}; {report.hidden:,} hidden by exceptions; {report.repeats:,} met before.")
    if report.found:
        _print_rules(report)
    if report.quiet:
        say(f"\n{counted(len(report.quiet), 'rule')} found nothing.")
    if report.matches:
        _print_days(report)
        _print_shares(report)
        _print_hours(report.hours)
        _print_groups(report)
        _print_samples("Samples", report.samples)
    for each in report.exceptions:
        _print_exception(each)
    for note in report.notes:
        say(f"\nNote: {note}")
    if reach.passed_over:
        say(f"\nPassed over {counted(reach.passed_over, 'file')} of digests or Insights.")
    if report.fault_count:
        say(f"\n{counted(report.fault_count, 'fault')} in what was to be read, named on standard error.")


def _time(time: str | None) -> str:
    return (time or "unknown").replace("T", " ").removesuffix("Z")


def _print_rules(report: Report) -> None:
    headings = ("Level", "Alerts:", "a day:", "Matches:", "Hidden:", "Busiest day (UTC)", "Rule")
    rows = table(*headings, title="Rules")
    for rule in report.found:
        busiest = max(rule.days, key=lambda day: (day.alerts, day.matches), default=None)
        rate = rule.alerts / report.reach.days if report.reach.days else 0.0
        most = "" if busiest is None else f"{busiest.day} ({counted(busiest.alerts, 'alert')})"
        if busiest is not None and not rule.generates:
            most = f"{busiest.day} ({counted(busiest.matches, 'match', 'matches')})"
        rows.add_row(
            level_text(rule.level),
            f"{rule.alerts:,}" if rule.generates else "-",
            f"{rate:,.2f}" if rule.generates else "-",
            "-" if rule.correlation else f"{rule.matches:,}",
            f"{rule.hidden:,}" if rule.hidden else "",
            most,
            rule.title + ("" if rule.generates else " (feeds correlations)"),
        )
    show(rows)


def _print_days(report: Report) -> None:
    days = report.days()
    busiest = sorted(days, key=lambda one: (-one.alerts, -one.matches, one.day))
    title = "Days" if len(days) <= _SHOWN_DAYS else f"The busiest of {len(days):,} days"
    rows = table("Day (UTC)", "Alerts:", "Matches:", title=title)
    for one in busiest[:_SHOWN_DAYS]:
        rows.add_row(one.day, f"{one.alerts:,}", f"{one.matches:,}")
    show(rows)


def _print_shares(report: Report) -> None:
    rows = table("By", "Alerts:", "Matches:", "", title="Whom it concerns")
    parts: list[tuple[str, Sequence[Share]]] = [
        ("account", report.accounts),
        ("actor", report.actors),
        ("event", report.events),
        ("origin", report.origins),
    ]
    for name, shares in parts:
        for number, share in enumerate(shares):
            row = (f"{share.alerts:,}", f"{share.matches:,}", share.value)
            rows.add_row(name if number == 0 else "", *row)
    show(rows)


def _print_hours(hours: Sequence[Sequence[int]]) -> None:
    most = max(map(max, hours))
    say(f"\nMatches by hour (UTC), at most {most:,} in one", "bold")
    say(f"{'':<11}0     6     12    18   23")
    for name, row in zip(WEEKDAYS, hours, strict=True):
        bars = "".join(_BARS[-(-number * (len(_BARS) - 1) // most) if most else 0] for number in row)
        say(f"{name:<10} {bars}  {sum(row):,}")


def _print_groups(report: Report) -> None:
    headings = ("Level", "Alerts:", "Matches:", "First (UTC)", "Last", "Group")
    rows = table(*headings, title="Top groups")
    for group in report.groups[:_SHOWN_GROUPS]:
        rows.add_row(
            level_text(group.level),
            f"{group.alerts:,}",
            f"{group.matches:,}",
            _time(group.first_event_time),
            _time(group.last_event_time),
            group.title,
        )
    show(rows)


def _print_samples(title: str, samples: Iterable[Sample]) -> None:
    rows = table("Time (UTC)", "Event", "Outcome", "Actor", "From", "What happened", title=title)
    for sample in samples:
        texts = (sample.event, sample.outcome, sample.actor, sample.origin, sample.title)
        rows.add_row(_time(sample.event_time), *texts)
    show(rows)


def _print_exception(each: ExceptionResult) -> None:
    say(f"\nException: {each.title}", "bold")
    about = f"{each.path}:{each.line}" + (f", owner {each.owner}" if each.owner else "")
    say(f"{about}{': ' + each.reason if each.reason else ''}")
    if not each.matches:
        say("It hides nothing here.")
        return
    span = f"{_time(each.first_event_time)} to {_time(each.last_event_time)}"
    hides = f"{counted(each.matches, 'match', 'matches')} of {counted(each.alerts, 'alert')}"
    say(f"It hides {hides} of {counted(len(each.rules), 'rule')}, {span}.")
    _print_samples("Hidden", each.samples)
