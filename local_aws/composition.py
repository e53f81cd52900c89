"""What a local AWS is made of: its context, its workers, and the services in front of them.

Imported late: it brings in moto's services, which a server that cannot have its port need not wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws import cloudwatch_patches, moto_patches
from local_aws.alarms import Alarms
from local_aws.builds.api import CODEBUILD
from local_aws.builds.builds import Builds
from local_aws.cloudformation.stacks import Stacks
from local_aws.cloudformation.wire import CloudFormationApi
from local_aws.cloudwatch.alarm_actions import AlarmActions
from local_aws.cloudwatch.alarm_documents import Place
from local_aws.cloudwatch.series import SeriesStore
from local_aws.console.entrance import Entrance
from local_aws.destinations import Destinations
from local_aws.event_sources.sources import EventSources
from local_aws.events.api import EVENTS
from local_aws.events.event_bridge import EventBridge
from local_aws.front_door import FrontDoor, MotoApp, Service
from local_aws.functions.api import InvokeApi
from local_aws.functions.catalogue import Catalogue
from local_aws.functions.function_metrics import FunctionMetrics
from local_aws.functions.functions import Functions
from local_aws.functions.invocation_path import invokes_function
from local_aws.logs import LogGroups
from local_aws.metrics import Metrics
from local_aws.objects import ObjectStore
from local_aws.queue_metrics import QueueMetrics
from local_aws.sagemaker import operations  # noqa: F401  registers the operations
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.control_plane import ControlPlane
from local_aws.sagemaker.endpoints.capture_log import CaptureLog
from local_aws.sagemaker.endpoints.endpoints import Endpoints
from local_aws.sagemaker.endpoints.invocation_metrics import InvocationMetrics
from local_aws.sagemaker.endpoints.runtime import RuntimeApi
from local_aws.sagemaker.endpoints.runtime_request import is_invocation
from local_aws.sagemaker.jobs.runner import JobRunner
from local_aws.sagemaker.monitoring.monitor import Monitor
from local_aws.sagemaker.pipeline.engine import PipelineEngine
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.wire import SageMakerApi
from local_aws.scaling.api import scaling_api
from local_aws.scaling.scaler import Scaler
from local_aws.snapshot import MotoSnapshot
from local_aws.topic_deliveries import TopicDeliveries
from local_aws.workflows.api import STATES
from local_aws.workflows.workflows import Workflows


def make_context(state_dir: Path, region: str, url: str, snapshot: MotoSnapshot) -> Context:
    """Everything that operations and workers may touch, and the workers, none of them begun."""
    context = Context(
        region=region,
        state_dir=state_dir,
        store=Store(state_dir / "sagemaker.sqlite"),
        objects=ObjectStore(s3_backends[ACCOUNT_ID]["aws"], lambda: snapshot.changed("s3")),
        logs=LogGroups(logs_backends[ACCOUNT_ID][region], lambda: snapshot.changed("logs")),
        endpoint_url=url,
        call=_not_yet,
        make_durable=snapshot.save,
    )
    alarm_backend = cloudwatch_backends[ACCOUNT_ID][region]
    context.metrics = Metrics(SeriesStore(state_dir / "metrics.sqlite"), context.now)
    context.alarms = Alarms(alarm_backend, context.metrics, context.now, lambda: snapshot.changed("cloudwatch"))
    cloudwatch_patches.install(alarm_backend, context.metrics, context.alarms)
    find = Catalogue(lambda_backends[ACCOUNT_ID][region]).find
    function_metrics = FunctionMetrics(context.metrics, context.now)
    context.functions = Functions(find, context.logs, state_dir / "functions", region, url, watch=function_metrics)
    moto_patches.invoke_with(context.functions)
    sqs, sns = sqs_backends[ACCOUNT_ID][region], sns_backends[ACCOUNT_ID][region]
    destinations = Destinations(context.functions, sqs, sns, snapshot.changed)
    moto_patches.deliver_with(TopicDeliveries(destinations))
    context.alarms.listeners.append(AlarmActions(context.alarms, destinations, Place(ACCOUNT_ID, region)))
    # the workers are shut down in reverse order: what executions still call comes before them
    context.workers["function_metrics"] = function_metrics
    context.workers["functions"] = context.functions
    context.workers["jobs"] = JobRunner(context)
    context.workers["executions"] = PipelineEngine(context)
    context.workers["invocation_metrics"] = InvocationMetrics(context)
    context.workers["capture"] = CaptureLog(context)
    context.workers["endpoints"] = Endpoints(context)
    context.workers["monitoring"] = Monitor(context)
    context.workers["alarms"] = context.alarms
    context.workers["scaling"] = Scaler(context)
    context.workers["stacks"] = Stacks(context)
    context.workers["queue_metrics"] = QueueMetrics(sqs, context.metrics, context.now)
    context.workers["workflows"] = Workflows(context)
    context.workers["builds"] = Builds(context)
    context.events = context.workers["events"] = EventBridge(context, snapshot.changed)
    context.workers["event_sources"] = EventSources(context, destinations)
    return context


def _not_yet(operation: str, _request: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError(f"{operation} called before the server was ready")


def front_door(
    context: Context, moto: MotoApp, health: Callable[[], dict[str, Any]], snapshot: MotoSnapshot
) -> FrontDoor:
    """The application in front of everything; from now on the context's `call` answers."""
    control_plane = ControlPlane(context)
    context.call = control_plane.call
    services = (
        Service("sagemaker", SageMakerApi(control_plane), _is_json_rpc),
        Service("sagemaker", RuntimeApi(context), is_invocation),
        Service("lambda", InvokeApi(context.functions), invokes_function),
        Service("application-autoscaling", scaling_api(cast(Scaler, context.workers["scaling"]))),
        Service("cloudformation", CloudFormationApi(context)),
        Service("states", STATES.api(cast(Workflows, context.workers["workflows"]))),
        Service("events", EVENTS.api(context.events)),
        Service("codebuild", CODEBUILD.api(cast(Builds, context.workers["builds"]))),
    )
    console = Entrance(
        context,
        logs_backends[ACCOUNT_ID][context.region],
        sqs_backends[ACCOUNT_ID][context.region],
        cloudwatch_backends[ACCOUNT_ID][context.region],
    )
    return FrontDoor(services, moto, health, snapshot.changed, console)


def _is_json_rpc(environ: dict[str, Any]) -> bool:
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith("SageMaker.")
