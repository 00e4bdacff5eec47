"""Builds the CDK app from the deployment settings. Makes no network call but to install wheels once."""

import sys

from aws_cdk import App

from infra.application import build
from infra.bundling import Bundler
from infra.settings import FOLDER, load_settings
from infra.wheels import Target
from trailwarden.errors import TrailwardenError


def synthesize() -> int:
    """Synthesize; 1, with the reasons on standard error, where settings, rules or wheels stand in the way."""
    app = App(analytics_reporting=False)
    try:
        settings = load_settings(app.node.try_get_context)
        build(app, settings, Bundler(FOLDER, Target.of(settings.functions)))
    except TrailwardenError as error:
        print(error, file=sys.stderr)  # noqa: T201 (the CDK command line shows it)
        return 1
    try:
        app.synth()
    except RuntimeError as error:
        # The validators have printed their findings; a traceback through jsii would only bury them.
        if not str(error).startswith("ValidationFailed"):
            raise
        return 1
    return 0
