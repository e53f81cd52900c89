"""Requests and responses held against botocore's own model of SageMaker.

`validate_request` is what the API calls; `response_problems` is for tests and for debugging.
"""

from local_aws.sagemaker.validation.requests import SerializationException, validate_request, validate_shape
from local_aws.sagemaker.validation.responses import response_problems
from local_aws.sagemaker.validation.service_model import input_shape, output_shape, service_model

__all__ = [
    "SerializationException",
    "input_shape",
    "output_shape",
    "response_problems",
    "service_model",
    "validate_request",
    "validate_shape",
]
