"""A local AWS: one process on 127.0.0.1 that speaks the AWS wire protocols and really executes SageMaker.

It knows nothing of the project it serves: any SageMaker project can use it. moto answers S3, IAM, STS, Logs and
CloudWatch; what no library does is here.
"""
