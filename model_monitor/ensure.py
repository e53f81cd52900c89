"""An endpoint watched as its package's baseline and the defaults have it, wherever nothing else was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_monitor.baseline import Baseline, package_baseline
from model_monitor.names import Places
from model_monitor.schedule import Settings, put_schedules
from model_monitor.stack import ensure_monitor_stack
from model_monitor.watched import watched_endpoint

if TYPE_CHECKING:
    from pipelines.session import Target


def ensure_watched(target: Target, endpoint: str) -> Baseline:
    """The endpoint's schedules with default settings, and its stack where it is missing; the baseline that they use.

    Raises NotMonitorable, BaselineMissing, BaselineUnusable, StackFailed.
    """
    sagemaker = target.client("sagemaker")
    package = str(watched_endpoint(sagemaker, endpoint).package_arn)
    baseline = package_baseline(sagemaker, target.client("s3"), package, Places(target.bucket))
    put_schedules(target, endpoint, baseline, Settings())
    ensure_monitor_stack(target, endpoint)
    return baseline
