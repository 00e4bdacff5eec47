"""Starts and stops the embedded AWS emulator, and makes clients for its accounts."""

import json
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from local.process import KeptProcess, clean_environment

START_SECONDS = 300.0
"""Only one that never starts is waited for so long: a busy machine takes its time."""
LAST_LINES = 200
SECRET_KEY = "test"  # noqa: S105 (the emulator's: with an account's number as the access key, the owner of all)


class EmulatorError(Exception):
    """The emulator could not be started; the message holds the last lines it wrote."""


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A log file that the local CloudTrail delivered. `time` is when it had been put and announced."""

    bucket: str
    key: str
    records: int
    time: datetime
    problem: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """What an e-mail subscriber of a topic got, and when SNS sent it."""

    topic_arn: str
    address: str
    subject: str
    body: str
    time: datetime


class Emulator:
    """An AWS emulator on a free loopback port, for the time of a `with` block.

    `enforce_iam` makes it check signatures and policies of every call, over TLS. `delivery_seconds` is how
    often the local CloudTrail delivers (AWS: about every five minutes).
    """

    def __init__(self, *, region: str, enforce_iam: bool = False, delivery_seconds: float = 1.0) -> None:
        self.region = region
        self.enforce_iam = enforce_iam
        self._delivery_seconds = delivery_seconds
        self._delivered: list[DeliveredFile] = []
        self._mails: list[Mail] = []
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._listener = _listener()
        self._port = int(self._listener.getsockname()[1])
        self._process: KeptProcess | None = None
        self._reader: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.enforce_iam else 'http'}://127.0.0.1:{self._port}"

    @property
    def delivered(self) -> tuple[DeliveredFile, ...]:
        """The log files delivered so far."""
        return tuple(self._delivered)

    @property
    def mails(self) -> tuple[Mail, ...]:
        """The e-mails sent so far."""
        return tuple(self._mails)

    @property
    def log(self) -> str:
        """The last lines that the emulator wrote, its functions' lines among them."""
        return "\n".join(self._lines)

    @property
    def folder(self) -> Path:
        """A folder for temporary files; it goes with the emulator."""
        if self._process is None:
            raise EmulatorError("The AWS emulator has not been started.")
        return self._process.folder

    @property
    def certificate(self) -> Path | None:
        """The certificate to trust; None without TLS."""
        if not self.enforce_iam or self._process is None:
            return None
        return self._process.folder / "ministack-tls" / "server.crt"

    def client(
        self,
        service: str,
        access_key_id: str,
        secret_access_key: str = SECRET_KEY,
        *,
        region: str | None = None,
        session_token: str | None = None,
    ) -> Any:
        """A boto3 client; an account's number as `access_key_id` acts as the account's owner."""
        return boto3.client(
            service,
            region_name=region or self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            verify=str(self.certificate) if self.certificate else None,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=900, proxies={}),
        )

    def environment(self, access_key_id: str) -> dict[str, str]:
        """The environment of a program that shall use the emulator as the owner of an account."""
        variables = clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }
        if self.certificate is not None:
            variables["NODE_EXTRA_CA_CERTS"] = variables["AWS_CA_BUNDLE"] = str(self.certificate)
        return variables

    def __enter__(self) -> Self:
        command = [
            sys.executable,
            "-m",
            "local.emulation.server",
            str(self._port),
            str(self._listener.fileno()),
            str(self._delivery_seconds),
        ]
        self._process = KeptProcess(command, self._settings(), listener=self._listener)
        self._reader = threading.Thread(target=self._read_output, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self._await_health(self._process)
        except BaseException:
            self._stop(self._process)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._stop(self._process)

    def _stop(self, process: KeptProcess) -> None:
        process.stop()
        if self._reader is not None:
            self._reader.join()  # it ends with the output
        process.close()
        self._listener.close()

    def _settings(self) -> dict[str, str]:
        return clean_environment() | {
            "AUTH": str(self.enforce_iam).lower(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.region,
            "DOCKER_HOST": "unix:///nonexistent",  # never touch containers of this machine
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": self.region,
            "PYTHONDONTWRITEBYTECODE": "1",
            "SFTP_ENABLED": "0",
            "USE_SSL": "1" if self.enforce_iam else "0",
        }

    def _read_output(self, process: KeptProcess) -> None:
        for line in process.output:
            if not line.startswith('{"event": "'):
                self._lines.append(line.rstrip("\n"))
                continue
            fields: dict[str, Any] = json.loads(line)
            event = fields.pop("event")
            fields["time"] = datetime.fromisoformat(fields["time"])
            if event == "mail":
                self._mails.append(Mail(**fields))
            else:
                self._delivered.append(DeliveredFile(**fields))

    def _await_health(self, process: KeptProcess) -> None:
        deadline = time.monotonic() + START_SECONDS
        context = ssl._create_unverified_context() if self.enforce_iam else None  # noqa: S323, SLF001 (loopback)
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(  # noqa: S310 (our own address)
                    f"{self.endpoint}/_ministack/health", timeout=2, context=context
                ) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise EmulatorError(f"The AWS emulator did not start on {self.endpoint}.\n{self.log}")


def _listener() -> socket.socket:
    """A socket on a free port, which the emulator inherits: nobody can take the port in between."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener
