"""Start of the function `detect`, in processes of their own, against that of boto3's clients alone."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.bench.speed import Ratio
from tests.budgets.world import ALERTS_TOPIC, ENVIRONMENT
from trailwarden.alerting import MAIN, Alerting, Route, dump_alerting

_ROOT = Path(__file__).parents[2]
_TIMED = "import time; started = time.process_time(); {}; print(time.process_time() - started)"
_CLIENTS = "import boto3; boto3.client('s3'); boto3.client('sns')"
# The first scan makes the engine's trees: a function that starts pays for them too.
_DETECT = (
    "import handler, io; from trailwarden.delivery.logfile import LogFileReader; "
    "detector = handler.rules._make(handler.rules._fallback()); "
    "list(detector._tools.engine.scan(LogFileReader(io.BytesIO(b'[]'))))"
)


def start(artefact: bytes, rounds: int) -> Ratio:
    """CPU of the function's imports, clients and rules over that of boto3's S3 and SNS clients; µs."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_ROOT / "lambdas" / "detect" / "handler.py", folder)
        Path(folder, "ruleset.json").write_bytes(artefact)
        Path(folder, "alerting.json").write_bytes(
            dump_alerting(Alerting(topics=(Route(MAIN, ALERTS_TOPIC),)))
        )
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([folder, str(_ROOT)])}
        _seconds(_DETECT, environment)  # writes the .pyc files
        _seconds(_CLIENTS, environment)
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_seconds(_CLIENTS, environment))
            ours.append(_seconds(_DETECT, environment))
    ratios = [mine / their for mine, their in zip(ours, theirs, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios), median(ours) * 1e6, median(theirs) * 1e6)


def _seconds(code: str, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", _TIMED.format(code)]
    return float(
        subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
    )
