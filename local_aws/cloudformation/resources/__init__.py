"""The resource types that stacks can hold. A further type is a further class and a line below."""

from local_aws.cloudformation.resources.base import ResourceType
from local_aws.cloudformation.resources.iam_role import Role
from local_aws.cloudformation.resources.lambda_function import Function
from local_aws.cloudformation.resources.lambda_permission import Permission
from local_aws.cloudformation.resources.logs_group import LogGroup

_ALL: tuple[ResourceType, ...] = (Function(), Permission(), Role(), LogGroup())
RESOURCE_TYPES: dict[str, ResourceType] = {one.type: one for one in _ALL}
