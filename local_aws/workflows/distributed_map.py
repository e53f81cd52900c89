"""Map states in DISTRIBUTED mode: every item in an execution of its own, a tolerance for failures, results in S3.

moto's own runs all items within the parent, keeps all of their histories in memory, tolerates everything and writes no
results. The rules: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountDecl,
    ToleratedFailurePercentageDecl,
)
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local_aws.moto_patches.replacing import replace
from local_aws.workflows import tasks
from local_aws.workflows.children import Children, described_map_run
from local_aws.workflows.records import SUCCEEDED
from local_aws.workflows.result_writer import ResultFiles, Results
from local_aws.workflows.tolerance import Tolerance

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    from local_aws.workflows.executions import Executions

LOGGER = logging.getLogger(__name__)

# the service runs 10,000 where MaxConcurrency is 0 or not given
MOST_AT_ONCE = 40
_EXECUTIONS: list[Executions] = []


def run_children_with(executions: Executions) -> None:
    """Hand every child of a map run to these from now on."""
    _EXECUTIONS[:] = [executions]


def install() -> None:
    """Replace moto's map runs, for this process."""
    take = StateMap.from_state_props

    def from_state_props(state: StateMap, props: Any) -> None:
        take(state, props)
        if isinstance(state.iteration_component, DistributedIterationComponent):
            # the map run writes its results itself, also those of one that fails
            component: Any = state.iteration_component
            component.result_writer, state.result_writer = state.result_writer, None
            component.limits = (
                props.get(ToleratedFailureCountDecl) is not None,
                props.get(ToleratedFailurePercentageDecl) is not None,
            )

    replace(StateMap, from_state_props=from_state_props)
    replace(DistributedIterationComponent, _eval_body=_evaluate)


def _evaluate(component: Any, env: Environment) -> None:
    """In the place of DistributedIterationComponent._eval_body: what a map run does, with its events."""
    given = env.stack.pop()
    _event(
        env,
        HistoryEventType.MapRunStarted,
        {"mapRunStartedEventDetails": {"mapRunArn": given.map_run_record.map_run_arn}},
    )
    run = _MapRun(component, given, env)
    run.save()
    try:
        output = run.execute()
    except FailureEventException as failure:
        pair = failure.extract_error_cause_pair() or (None, None)
        details = {name: text for name, text in zip(("error", "cause"), pair, strict=True) if text}
        _event(env, HistoryEventType.MapRunFailed, {"mapRunFailedEventDetails": details})
        run.end(MapRunStatus.FAILED)
        raise
    if not env.is_running():
        _event(env, HistoryEventType.MapRunAborted, {})
        run.end(MapRunStatus.ABORTED)
    else:
        _event(env, HistoryEventType.MapRunSucceeded, {})
        run.end(MapRunStatus.SUCCEEDED)
    env.stack.append(output)


def _event(env: Environment, kind: HistoryEventType, details: dict[str, Any]) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)  # type: ignore[arg-type]


def _failure(env: Environment, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    details: Any = {"taskFailedEventDetails": {"error": kind.to_name(), "cause": cause}}
    return FailureEventException(FailureEvent(env, StatesErrorName(kind), HistoryEventType.TaskFailed, details))


class _MapRun:
    """One map run: reads the items, executes them, writes the results."""

    def __init__(self, component: Any, given: Any, env: Environment) -> None:
        self._component = component
        self._given = given
        self._env = env
        self._record = given.map_run_record
        self._state_input = env.stack[-1]
        self._children = Children(env, self._record, component._get_iteration_program(), _EXECUTIONS[0])
        self._lock = threading.Lock()

    def save(self) -> None:
        """Write down what is known of it."""
        record = self._record
        _EXECUTIONS[0].store.put_map_run(record.map_run_arn, record.execution_arn, described_map_run(record))

    def end(self, status: MapRunStatus) -> None:
        """It has ended like this."""
        self._record.set_stop(status=status)
        self.save()

    def execute(self) -> Any:
        """The state's result. Raises FailureEventException."""
        items = self._items()
        writer = self._component.result_writer
        tolerance = Tolerance.of(self._given, self._component.limits, len(items))
        with Results(collect=writer is not None) as results:
            self._execute_all(items, tolerance, results)
            if not self._env.is_running():
                return None
            details = self._write(writer, results) if writer is not None else None
            if tolerance.exceeded:
                cause = "The specified tolerated failure threshold was exceeded"
                raise _failure(self._env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, cause)
            return details if details is not None else results.outputs(len(items))

    def _items(self) -> list[Any]:
        if not self._given.item_reader:
            return list(self._given.input_items)
        try:
            self._given.item_reader.eval(env=self._env)
        except FailureEventException:
            raise
        except Exception as error:
            raise _failure(self._env, StatesErrorNameType.StatesItemReaderFailed, str(error)) from error
        items = self._env.stack.pop()
        if not isinstance(items, list):
            raise _failure(self._env, StatesErrorNameType.StatesItemReaderFailed, "The items are not an array.")
        return items

    def _execute_all(self, items: list[Any], tolerance: Tolerance, results: Results) -> None:
        counts = self._record.item_counter
        counts.total.count(len(items))
        counts.pending.count(len(items))
        self._record.execution_counter.total.count(len(items))
        waiting = iter(enumerate(items))
        workers = min(len(items), self._record.max_concurrency or MOST_AT_ONCE, MOST_AT_ONCE)
        if workers:
            with ThreadPoolExecutor(workers, thread_name_prefix="map-run") as pool:
                futures = [pool.submit(self._work, waiting, tolerance, results) for _ in range(workers)]
            for future in futures:
                future.result()
        for index, item in waiting:
            results.add_pending(to_json_str(self._child_input(index, item), separators=(",", ":")))

    def _work(self, waiting: Iterator[tuple[int, Any]], tolerance: Tolerance, results: Results) -> None:
        while self._env.is_running() and not tolerance.exceeded:
            with self._lock:
                following = next(waiting, None)
            if following is None:
                return
            index, item = following
            ended = self._children.execute(to_json_str(self._child_input(index, item), separators=(",", ":")))
            results.add(index, ended)
            if ended.status != SUCCEEDED and tolerance.count_failure():
                self._children.stop()

    def _child_input(self, index: int, item: Any) -> Any:
        selector = self._given.item_selector or self._given.parameters
        if selector is None:
            return item
        frame = self._env.open_inner_frame()
        try:
            frame.states.context_object.context_object_data["Map"] = MapData(Item=ItemData(Index=index, Value=item))
            frame.states.reset(input_value=self._state_input)
            frame.stack.append(self._state_input)
            selector.eval(frame)
            return frame.stack[-1]
        finally:
            self._env.delete_frame(frame)

    def _write(self, writer: Any, results: Results) -> dict[str, Any]:
        self._env.stack.append(self._state_input)
        writer.parargs.eval(env=self._env)
        place = self._env.stack.pop()
        self._env.stack.pop()
        client = tasks.client(self._env.aws_execution_details.region, "s3")
        files = ResultFiles(client, place["Bucket"], place.get("Prefix", ""), self._record.map_run_arn)
        try:
            details = files.write(results)
        except Exception as error:
            raise _failure(self._env, StatesErrorNameType.StatesResultWriterFailed, str(error)) from error
        return {"MapRunArn": self._record.map_run_arn, "ResultWriterDetails": details}
