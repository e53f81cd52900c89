"""The resource types that stacks can hold. A further type is a further class and a line below."""

from local_aws.cloudformation.resources.base import ResourceType
from local_aws.cloudformation.resources.cloudformation_stack import NestedStack
from local_aws.cloudformation.resources.cloudwatch_alarm import Alarm
from local_aws.cloudformation.resources.cloudwatch_composite_alarm import CompositeAlarm
from local_aws.cloudformation.resources.cloudwatch_dashboard import Dashboard
from local_aws.cloudformation.resources.codebuild_project import Project
from local_aws.cloudformation.resources.codebuild_report_group import ReportGroup
from local_aws.cloudformation.resources.events_rule import Rule
from local_aws.cloudformation.resources.iam_policy import Policy
from local_aws.cloudformation.resources.iam_role import Role
from local_aws.cloudformation.resources.kms_alias import Alias
from local_aws.cloudformation.resources.kms_key import Key
from local_aws.cloudformation.resources.lambda_function import Function
from local_aws.cloudformation.resources.lambda_permission import Permission
from local_aws.cloudformation.resources.logs_group import LogGroup
from local_aws.cloudformation.resources.s3_bucket import Bucket
from local_aws.cloudformation.resources.s3_bucket_policy import BucketPolicy
from local_aws.cloudformation.resources.sagemaker_model_package_group import ModelPackageGroup
from local_aws.cloudformation.resources.sns_subscription import Subscription
from local_aws.cloudformation.resources.sns_topic import Topic
from local_aws.cloudformation.resources.sns_topic_policy import TopicPolicy
from local_aws.cloudformation.resources.sqs_queue import Queue
from local_aws.cloudformation.resources.sqs_queue_policy import QueuePolicy
from local_aws.cloudformation.resources.stepfunctions_state_machine import StateMachine

_ALL: tuple[ResourceType, ...] = (
    *(Alarm(), Bucket(), BucketPolicy(), CompositeAlarm(), Dashboard(), Function(), Key(), LogGroup()),
    *(Alias(), ModelPackageGroup(), NestedStack(), Permission(), Policy(), Queue(), QueuePolicy()),
    *(Project(), ReportGroup()),
    *(Role(), Rule(), StateMachine(), Subscription(), Topic(), TopicPolicy()),
)
RESOURCE_TYPES: dict[str, ResourceType] = {one.type: one for one in _ALL}
