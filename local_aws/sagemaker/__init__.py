"""SageMaker, executed: validated requests, durable records, jobs as subprocesses, pipelines as written."""
