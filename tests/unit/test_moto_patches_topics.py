"""SNS in moto as it is patched. The patches hold for the whole process, so they are tried in another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]

PATCHED = """
import pickle, sys
from pathlib import Path
from types import SimpleNamespace
import requests
from local_aws import moto_patches
from local_aws.bodies import BodyFolder
from local_aws.destinations import DestinationFailed
from local_aws.topic_deliveries import TopicDeliveries

moto_patches.install(BodyFolder(Path(sys.argv[1])))
from moto.sns.models import sns_backends

left, got = [], []
requests.post = lambda *args, **kwargs: left.append(args)

def send(arn, *message):
    if arn.endswith("queue-0"):
        raise DestinationFailed(arn)
    got.append(arn)

moto_patches.deliver_with(TopicDeliveries(SimpleNamespace(send=send)))
backend = sns_backends["123456789012"]["us-east-1"]
topic = backend.create_topic("t")
for number in range(150):
    backend.subscribe(topic.arn, f"arn:aws:sqs:us-east-1:123456789012:queue-{number}", "sqs")
backend.subscribe(topic.arn, "https://example.com", "https")
size = len(pickle.dumps(topic))
for _ in range(3):
    backend.publish("hello", topic.arn)
print("delivered", len(got))
print("left the machine", len(left))
print("grown", len(pickle.dumps(topic)) - size, len(backend._message_public_keys))
"""


def test_all_subscribers_but_one_that_fails_get_it_nothing_leaves_and_nothing_is_kept(tmp_path):
    command = [sys.executable, "-c", PATCHED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["delivered 447", "left the machine 0", "grown 0 0"]
    assert done.stderr.count("queue-0") == 3, "the one that failed is in the log"
