"""What a kind of target is, and which kind an ARN belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from local_aws.events.arns import Arn
from local_aws.events.inputs import check_input
from local_aws.events.records import Delivery, Target
from local_aws.sagemaker.errors import ValidationException

# deliveries that end in milliseconds do not wait behind those that may take minutes
QUICK, SLOW = "quick", "slow"
PARAMETERS = (
    *("KinesisParameters", "RunCommandParameters", "EcsParameters", "BatchParameters", "HttpParameters"),
    *("RedshiftDataParameters", "SageMakerPipelineParameters", "AppSyncParameters"),
)


class TargetKind(ABC):
    """One kind. `parameters` are the members of a target that are for this kind alone."""

    name: str
    lane = QUICK
    needs_role = False
    parameters: tuple[str, ...] = ()

    @abstractmethod
    def takes(self, arn: Arn) -> bool:
        """Whether this is an ARN of the kind."""

    @abstractmethod
    def deliver(self, delivery: Delivery, text: str) -> None:
        """Give the target its input. Raises Refused, TryAgain, FunctionFailed.

        Called again with the same `delivery.id` after a failure, or if the server ended meanwhile.
        """

    def check(self, target: Target, arn: Arn) -> None:  # noqa: B027  most kinds have nothing to add
        """Raises ValidationException for what cannot be a target of this kind; PutTargets asks."""


class Kinds:
    """All kinds of targets, in one region and account."""

    def __init__(self, region: str, account: str, kinds: Sequence[TargetKind]) -> None:
        self._region = region
        self._account = account
        self._kinds = kinds

    def of(self, arn: str) -> TargetKind:
        """The kind of this ARN. Raises ValidationException."""
        return self._kind(self._parsed(arn))

    def check(self, target: Target) -> None:
        """Raises ValidationException for a target that PutTargets would not take."""
        name = target["Id"]
        arn = self._parsed(target["Arn"])
        kind = self._kind(arn)
        if (arn.region, arn.account) != (self._region, self._account):
            raise ValidationException(
                f"Target {name}: this local AWS delivers within account {self._account} and region {self._region}, "
                f"not to {arn.text}."
            )
        if kind.needs_role and not target.get("RoleArn"):
            raise ValidationException(f"RoleArn is required for target {arn.text}.")
        for parameter in PARAMETERS:
            if parameter in target and parameter not in kind.parameters:
                raise ValidationException(f"Parameter(s) {parameter} not supported for target: {name}.")
        check_input(target)
        self._check_dead_letters(target)
        kind.check(target, arn)

    def _check_dead_letters(self, target: Target) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        arn = self._parsed(queue)
        if arn.service != "sqs":
            raise ValidationException(f"{arn.service} is not supported as a dead letter resource")
        if arn.resource.endswith(".fifo"):
            raise ValidationException("SQS FIFO is not supported by Dead Letter Queues")
        if (arn.region, arn.account) != (self._region, self._account):
            raise ValidationException(f"The dead-letter queue {queue} is not in the account and region of the rule.")

    def _kind(self, arn: Arn) -> TargetKind:
        for kind in self._kinds:
            if kind.takes(arn):
                return kind
        raise ValidationException(
            f"Parameter {arn.text} is not valid. Reason: Provided Arn is not in correct format. "
            f"(This local AWS delivers to {', '.join(kind.name for kind in self._kinds)}.)"
        )

    def _parsed(self, text: str) -> Arn:
        try:
            return Arn.parse(text)
        except ValueError as error:
            raise ValidationException(
                f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format."
            ) from error
