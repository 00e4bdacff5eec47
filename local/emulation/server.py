"""The emulator's process: the AWS emulator on one loopback port, with CloudTrail's delivery beside it.

Run as `python -m local.emulation.server PORT LISTENER SECONDS`: LISTENER is the number of a socket that is
bound to PORT; every SECONDS what was recorded is delivered. What happens is told on standard output, a JSON
object a line (`event` is `delivered` or `mail`).
"""

import asyncio
import dataclasses
import json
import signal
import sys
from datetime import datetime
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator
from ministack.core import tls

from local.emulation import trails
from local.emulation.buckets import name_who_edits
from local.emulation.conditions import judge_simple_conditions_at_once
from local.emulation.delivery import Delivery
from local.emulation.functions import (
    act_by_their_roles,
    be_patient_with_throttled_batches,
    come_again_from_the_record_that_failed,
)
from local.emulation.leading_keys import know_leading_keys
from local.emulation.mail import send_mail_with
from local.emulation.policy_variables import put_policy_variables_in
from local.emulation.principals import name_sessions_by_their_roles
from local.emulation.stacks import tell_of_stacks
from local.emulation.tap import Tap


def tell(event: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}, default=str) + "\n")
    sys.stdout.flush()


def tell_mail(topic_arn: str, address: str, subject: str, body: str, time: datetime) -> None:
    tell("mail", topic_arn=topic_arn, address=address, subject=subject, body=body, time=time)


async def deliver_for_ever(delivery: Delivery, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        for batch, records in delivery.take().items():
            delivered = await delivery.deliver(batch, records)
            tell("delivered", **dataclasses.asdict(delivered))


async def run(listener: int, delivery_seconds: float) -> None:
    delivery = Delivery()
    Tap(delivery).install()
    trails.register()
    name_who_edits()
    act_by_their_roles()
    be_patient_with_throttled_batches()
    come_again_from_the_record_that_failed()
    send_mail_with(tell_mail)
    tell_of_stacks()
    know_leading_keys()
    put_policy_variables_in()
    judge_simple_conditions_at_once()
    name_sessions_by_their_roles()
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.3
    config.errorlog = config.accesslog = None
    if tls.use_ssl_enabled():
        config.certfile, config.keyfile = tls.resolve_tls_material()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    deliveries = asyncio.create_task(deliver_for_ever(delivery, delivery_seconds))
    await serve(emulator.app, config, shutdown_trigger=stop.wait)
    deliveries.cancel()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[2]), float(sys.argv[3])))
