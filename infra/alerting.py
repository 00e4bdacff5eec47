"""The settings as the functions get them: the file `alerting.json`, and what lies beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.alert_settings import AlertRoute
from infra.settings import Settings
from infra.subscribers import Subscriber
from trailwarden.alerting import MAIN, AccountName, Alerting, Expected, Route, dump_alerting

ALERTING_FILE = "alerting.json"


def alerting(settings: Settings) -> Alerting:
    """What the functions must know of the settings."""
    alerts, organization = settings.alerts, settings.organization
    main = Route(
        name=MAIN,
        topic_arn=settings.names.alert_topic_arn,
        https=alerts.forms.https,
        queue=alerts.forms.queue,
    )
    return Alerting(
        topics=(main, *(_route(settings, route) for route in alerts.routes)),
        levels=alerts.level_overrides,
        accounts=_accounts(settings),
        quiet_seconds=alerts.quiet_seconds,
        rule_budget=alerts.messages_per_rule_and_hour,
        overall_budget=alerts.messages_per_hour,
        security_hub=alerts.security_hub,
        account=settings.audit_account,
        region=settings.region,
        geo_files=tuple(file.name for file in alerts.geo_files),
        organization=organization is not None and organization.names,
        environment_tag=organization.environment_tag if organization else "",
        subscriptions=tuple(_expected(settings)),
        unrecorded=() if settings.self_watch_account else (settings.audit_account,),
    )


def alert_topics(settings: Settings) -> dict[str, str]:
    """Every topic that alerts are told on: its ARN by its route's name, the main one first."""
    return {route.name: route.topic_arn for route in alerting(settings).topics}


def files_beside(settings: Settings, *, geo: bool = False) -> Mapping[str, bytes | Path]:
    """The files that lie beside a handler, by name; with `geo`, those that know where addresses are."""
    files: dict[str, bytes | Path] = {ALERTING_FILE: dump_alerting(alerting(settings))}
    if geo:
        files |= {file.name: file for file in settings.alerts.geo_files}
    return files


def _accounts(settings: Settings) -> dict[str, AccountName]:
    """The accounts of which something is to be read: those that own a trail, and those that have a name."""
    named = {
        account.id: AccountName(name=account.name, environment=account.environment)
        for account in (*settings.accounts, *settings.account_names)
    }
    return {account: AccountName() for account in settings.trail_accounts} | named


def _route(settings: Settings, route: AlertRoute) -> Route:
    return Route(
        name=route.name,
        topic_arn=settings.names.route_topic_arn(route.name),
        levels=route.severities,
        accounts=route.accounts,
        environments=route.environments,
        tags=route.tags,
        owners=route.owners,
        exclusive=route.exclusive,
        https=route.forms.https,
        queue=route.forms.queue,
    )


def _expected(settings: Settings) -> Iterator[Expected]:
    """The subscriptions that infra/detection_state.py makes."""
    names = settings.names
    lists: list[tuple[str, tuple[Subscriber, ...]]] = [
        (names.alert_topic_arn, settings.subscribers),
        *((names.route_topic_arn(route.name), route.subscribers) for route in settings.alerts.routes),
        (names.operations_topic_arn, settings.operations_subscribers),
    ]
    for topic_arn, subscribers in lists:
        for one in subscribers:
            yield Expected(topic_arn=topic_arn, protocol=one.protocol, endpoint=one.endpoint)
