"""What events can be delivered to, one module a kind.

A kind more is one more class of `base.TargetKind`, and one more line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from moto.awslambda.models import lambda_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.events.targets.base import Kinds
from local_aws.events.targets.builds import BuildTarget
from local_aws.events.targets.buses import BusTarget, Forward
from local_aws.events.targets.functions import FunctionTarget
from local_aws.events.targets.log_groups import LogGroupTarget
from local_aws.events.targets.pipelines import PipelineTarget
from local_aws.events.targets.queues import Queues, QueueTarget
from local_aws.events.targets.state_machines import StateMachineTarget
from local_aws.events.targets.topics import TopicTarget

if TYPE_CHECKING:
    from local_aws.builds.builds import Builds
    from local_aws.sagemaker.context import Context
    from local_aws.workflows.workflows import Workflows


def all_kinds(context: Context, queues: Queues, forward: Forward, changed: Callable[[str], None]) -> Kinds:
    """Every kind of target; `changed` is told the name of the moto service that a delivery changed."""
    account, region = context.account_id, context.region
    return Kinds(
        region,
        account,
        (
            FunctionTarget(context.functions.invoke, lambda_backends[account][region]),
            StateMachineTarget(cast("Workflows", context.workers["workflows"]).start_execution),
            QueueTarget(queues),
            TopicTarget(sns_backends[account][region], changed),
            # looked up at each call: the API is there only when the server is ready
            PipelineTarget(lambda operation, request: context.call(operation, request)),
            BuildTarget(
                lambda given, initiator: cast("Builds", context.workers["builds"]).start_build(given, initiator)
            ),
            LogGroupTarget(logs_backends[account][region], changed),
            BusTarget(forward),
        ),
    )


def sqs_queues(context: Context, changed: Callable[[str], None]) -> Queues:
    """The queues of SQS, for targets and dead letters."""
    return Queues(sqs_backends[context.account_id][context.region], changed)
