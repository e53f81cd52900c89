"""URIs of the container images that the jobs run in, from the SDK's own table (compile time only)."""

from __future__ import annotations

# The newest framework images that AWS publishes for each purpose; code in them must run on both torch
# versions.
PYTORCH_TRAINING = {"version": "2.10.0", "py_version": "py313", "image_scope": "training"}
PYTORCH_INFERENCE = {"version": "2.6.0", "py_version": "py312", "image_scope": "inference"}
# The table wants an instance type to tell CPU images from GPU images: any of a kind gives the same URI.
CPU_INSTANCE, GPU_INSTANCE = "ml.m5.xlarge", "ml.g4dn.xlarge"


def pytorch_training(region: str) -> str:
    """The PyTorch training image (CPU) of a region. Processing steps run in it too: it has numpy, pillow,
    scikit-learn."""
    return _retrieve(region, PYTORCH_TRAINING)


def pytorch_training_gpu(region: str) -> str:
    """The PyTorch training image (GPU) of a region."""
    return _retrieve(region, PYTORCH_TRAINING, GPU_INSTANCE)


def pytorch_inference(region: str) -> str:
    """The PyTorch inference image (CPU) of a region."""
    return _retrieve(region, PYTORCH_INFERENCE)


def image_classification(region: str) -> str:
    """The image of the built-in algorithm image-classification: one for training and serving, CPU and GPU."""
    from sagemaker.core import image_uris

    uri: str = image_uris.retrieve(framework="image-classification", region=region)
    return uri


def _retrieve(region: str, image: dict[str, str], instance_type: str = CPU_INSTANCE) -> str:
    from sagemaker.core import image_uris

    uri: str = image_uris.retrieve(framework="pytorch", region=region, instance_type=instance_type, **image)
    return uri
