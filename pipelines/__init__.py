"""Compiling, registering and running the SageMaker pipelines of this project.

May import boto3 and the SageMaker SDK (late, see `pipelines.sdk`); never `processing`, `training` or
`local_aws`.
"""
