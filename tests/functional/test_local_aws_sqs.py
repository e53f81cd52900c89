"""Queues on a running local AWS: redrive to a dead-letter queue, visibility, attributes, purge."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.waiting import wait_until


@pytest.fixture
def queue(local_aws):
    """Makes queues that are deleted afterwards."""
    sqs, urls = local_aws.client("sqs"), []

    def make(**attributes: Any) -> str:
        taken = {name: str(value) for name, value in attributes.items()}
        urls.append(sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}", Attributes=taken)["QueueUrl"])
        return str(urls[-1])

    yield make
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def arn_of(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_a_message_is_received_with_its_attributes_and_gone_when_deleted(local_aws, queue):
    sqs, url = local_aws.client("sqs"), queue(VisibilityTimeout=600)
    attributes = {"kind": {"DataType": "String", "StringValue": "review"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody='{"n": "ü"}', MessageAttributes=attributes)
    received = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])
    (message,) = received["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], '{"n": "ü"}')
    assert message["MessageAttributes"]["kind"]["StringValue"] == "review"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == counted["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_message_that_is_not_deleted_comes_back_and_at_last_goes_to_the_dead_letter_queue(local_aws, queue):
    sqs, dead = local_aws.client("sqs"), queue()
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 2})
    url = queue(RedrivePolicy=policy, VisibilityTimeout=0)
    sqs.send_message(QueueUrl=url, MessageBody="hard")
    counts = []
    for _ in range(2):
        (message,) = wait_until(
            lambda: sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages"), "the message"
        )
        counts.append(message["Attributes"]["ApproximateReceiveCount"])
    assert counts == ["1", "2"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=dead).get("Messages"), "the dead letter")
    assert message["Body"] == "hard"


def test_a_receiver_may_hold_a_message_or_give_it_back(local_aws, queue):
    sqs, url = local_aws.client("sqs"), queue(VisibilityTimeout=600)
    sqs.send_message(QueueUrl=url, MessageBody="once")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the message again")
    assert again["MessageId"] == message["MessageId"]


def test_many_are_sent_received_and_purged_at_once(local_aws, queue):
    sqs, url = local_aws.client("sqs"), queue()
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(int(message["Body"]) for message in received) == list(range(10))
    sqs.purge_queue(QueueUrl=url)
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == "0"
    assert url in sqs.list_queues(QueueNamePrefix=url.rpartition("/")[2])["QueueUrls"]


def test_a_queue_that_is_not_there_is_an_error_by_its_name(local_aws):
    sqs = local_aws.client("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nobody")
