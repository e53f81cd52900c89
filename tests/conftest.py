"""Fixtures shared by all tests: the data, and a running local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config

from tests.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).resolve().parent.parent
REAL_SUBSET = ROOT.parent / "shared" / "data" / "cifar-100-subset.tar.gz"
REGION = "us-east-1"


@pytest.fixture(scope="module", autouse=True)
def no_buckets_of_other_modules() -> None:
    """moto's list of who owns a bucket outlives backends that were made by hand, and would refuse the name later."""
    if models := sys.modules.get("moto.s3.models"):
        models.s3_backends.bucket_accounts.clear()


@pytest.fixture(scope="session")
def cifar_archive_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in CIFAR-100's format: real images where the shared data is there, else a generated sample."""
    if REAL_SUBSET.exists():
        return REAL_SUBSET
    path = tmp_path_factory.mktemp("archive") / "cifar-100-python.tar.gz"
    subprocess.run([sys.executable, "-m", "processing.sample_archive", "--output", str(path)], cwd=ROOT, check=True)
    return path


@dataclass
class LocalAwsProcess:
    """A local AWS running as its users run it: a process of its own, spoken to over HTTP."""

    state: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    bucket: str = "test-bucket"
    _clients: dict[str, Any] = field(default_factory=dict)

    def start(self) -> None:
        """Start it over its state folder and wait until it answers."""
        self.state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "local_aws", "--state", str(self.state), "--port", str(self.port)]
        with open(self.state / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self.url = wait_until(self._own_url, lambda: f"the server to be ready; its log:\n{self._log()}")
        self._clients.clear()
        urlopen(f"{self.url}/_local_aws/health").close()

    def client(self, service: str) -> Any:
        """A boto3 client of this local AWS."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(read_timeout=PATIENCE_SECONDS),
            )
        return self._clients[service]

    def stop(self) -> None:
        """Ask it to end, and wait."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE_SECONDS) == 0, self._log()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def _own_url(self) -> str | None:
        """Where this process, and none before it, says that it answers; None until it does."""
        assert self.process is not None
        assert self.process.poll() is None, self._log()
        try:
            found = json.loads((self.state / "server.json").read_text())
        except FileNotFoundError:
            return None
        return str(found["url"]) if found["pid"] == self.process.pid else None

    def _log(self) -> str:
        return (self.state / "server.log").read_text()


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAwsProcess]:
    """One running local AWS for all tests of a worker, with a bucket. Tests choose names of their own in it."""
    server = LocalAwsProcess(tmp_path_factory.mktemp("local_aws"))
    server.start()
    server.client("s3").create_bucket(Bucket=server.bucket)
    yield server
    server.stop()


@pytest.fixture
def own_local_aws(tmp_path: Path) -> Iterator[LocalAwsProcess]:
    """A local AWS that the test may stop, kill and start again."""
    server = LocalAwsProcess(tmp_path / "state")
    server.start()
    server.client("s3").create_bucket(Bucket=server.bucket)
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()
