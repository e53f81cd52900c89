"""Starting a step: its arguments get their values, an earlier run is looked for, the step type begins."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.objects import ObjectNotFound, S3Uri
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.pipeline import records
from local_aws.sagemaker.pipeline.caching import cache_key, find_hit
from local_aws.sagemaker.pipeline.clock import Clock
from local_aws.sagemaker.pipeline.names import resource_name
from local_aws.sagemaker.pipeline.records import ExecutionInput, StepState
from local_aws.sagemaker.pipeline.references import Scope, UnresolvedReference, execution_variables, resolve
from local_aws.sagemaker.pipeline.steps import STEP_TYPES
from local_aws.sagemaker.pipeline.steps.base import Api, Failure, Progress, Start, request_of
from local_aws.sagemaker.pipeline.structure import Definition, Step
from local_aws.sagemaker.store import Record


@dataclass(frozen=True)
class CacheHit:
    """A step need not run: this state of it in that execution is its result."""

    execution_arn: str
    state: StepState


class Attempts:
    """Starts the steps of one execution. `cache_keys` has the key of every step started, by name."""

    def __init__(
        self,
        context: Context,
        api: Api,
        clock: Clock,
        execution: Record,
        definition: Definition,
        given: ExecutionInput,
    ) -> None:
        self._context = context
        self._api = api
        self._clock = clock
        self._execution = execution
        self._definition = definition
        self._given = given
        self.cache_keys: dict[str, str] = {}

    def start(self, step: Step, may_reuse: bool) -> Progress | CacheHit:
        """Start the step, or find an earlier run to reuse. Raises a ServiceError as the API answered."""
        step_type = STEP_TYPES[step.type]
        try:
            name = self._resource_name(step)
            arguments = resolve(dict(step.arguments), self._scope(step_type.variable, name))
        except UnresolvedReference as error:
            return Progress("Failed", failure=Failure(f"ClientError: {error}"))
        if step_type.cache_keys is not None:
            self.cache_keys[step.name] = cache_key(step.type, step_type.cache_keys, arguments)
            hit = self._cache_hit(step) if may_reuse else None
            if hit:
                return hit
        return step_type.start(Start(step, arguments, name), self._api)

    def _resource_name(self, step: Step) -> str:
        """A name the step's own arguments carry is a prefix (the SDK's `use_custom_job_prefix`)."""
        step_type = STEP_TYPES[step.type]
        key = step_type.name_argument
        prefix = resolve(request_of(step_type, step).get(key), self._scope(None, "")) if key else None
        return resource_name(self._execution.name, step.name, prefix)

    def _cache_hit(self, step: Step) -> CacheHit | None:
        if step.cache is None or not step.cache.enabled:
            return None
        store = self._context.store
        pipeline_arn = self._execution.body["PipelineArn"]
        others = records.executions_of(self._context, pipeline_arn, self._given.pipeline_created)
        earlier = (
            (other.arn, records.read_steps(store, other.name))
            for other in reversed(others)
            if other.name != self._execution.name
        )
        found = find_hit(step.name, self.cache_keys[step.name], step.cache, self._clock.now(), earlier)
        return CacheHit(*found) if found else None

    def _scope(self, variable: str | None, name: str) -> Scope:
        states = records.read_steps(self._context.store, self._execution.name)
        variables = execution_variables(self._execution.arn, self._execution.created, self._clock.now())
        return Scope(
            parameters=self._given.parameters,
            variables={**variables, variable: name} if variable else variables,
            experiment=self._execution.body.get("PipelineExperimentConfig") or {},
            properties={state.name: state.properties for state in states.values() if state.has_ended},
            property_files={each.name: each.property_files or {} for each in self._definition.steps.values()},
            read=self._read,
        )

    def _read(self, uri: str) -> bytes:
        try:
            place = S3Uri.parse(uri)
            return self._context.objects.read(place.bucket, place.key)
        except (ObjectNotFound, ValueError) as error:
            raise LookupError(uri) from error
