"""A processing job that runs one module of processing/ in the PyTorch training image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import _StepArguments

from pipelines.images import pytorch_training
from pipelines.source_code import CodeBundle
from pipelines.training.job_settings import JobSettings

INPUT_ROOT = "/opt/ml/processing/input"
OUTPUT_ROOT = "/opt/ml/processing/output"
CODE_FOLDER = f"{INPUT_ROOT}/code"
MAX_RUNTIME_SECONDS = 3600


def processing_arguments(
    settings: JobSettings,
    code: CodeBundle,
    *,
    step: str,
    module: str,
    instance_type: str | PipelineVariable,
    instance_count: int | PipelineVariable,
    inputs: Mapping[str, str | PipelineVariable],
    outputs: Mapping[str, tuple[str, Join]],
    arguments: Sequence[str | PipelineVariable],
) -> _StepArguments:
    """The request for `python3 -m processing.<module>`.

    inputs: name -> S3 URI, mounted at INPUT_ROOT/<name>. outputs: name -> (folder under OUTPUT_ROOT, S3 URI).
    """
    processor = Processor(
        role=settings.role,
        image_uri=pytorch_training(settings.region),
        entrypoint=["python3", "-m", f"processing.{module}"],
        env={"PYTHONPATH": CODE_FOLDER, "PYTHONUNBUFFERED": "1"},
        instance_type=instance_type,
        instance_count=instance_count,
        volume_size_in_gb=30,
        volume_kms_key=settings.kms_key,
        output_kms_key=settings.kms_key,
        max_runtime_in_seconds=MAX_RUNTIME_SECONDS,
        base_job_name=settings.job_name(step),
        network_config=settings.processing_network,
        sagemaker_session=settings.session,
    )
    return processor.run(
        inputs=[_mount(name, uri) for name, uri in {"code": code.uri, **inputs}.items()],
        outputs=[_collect(name, folder, uri) for name, (folder, uri) in outputs.items()],
        arguments=list(arguments),
    )


def _mount(name: str, uri: str | PipelineVariable) -> ProcessingInput:
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"{INPUT_ROOT}/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
            s3_compression_type="None",
        ),
    )


def _collect(name: str, folder: str, uri: Join) -> ProcessingOutput:
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"{OUTPUT_ROOT}/{folder}", s3_upload_mode="EndOfJob"),
    )
