"""Packaging, in the form of AWS's own template for SageMaker pipeline projects."""

from pathlib import Path

import setuptools

HERE = Path(__file__).parent


def pinned_requirements() -> list[str]:
    """The lines of both requirement files, without comments."""
    files = [HERE / "requirements.txt", HERE / "requirements-torch.txt"]
    lines = [line.split("#")[0].strip() for file in files for line in file.read_text().splitlines()]
    return [line for line in lines if line]


setuptools.setup(
    name="scones-delivery-vehicles",
    version="0.1.0",
    description="Tells bicycles from motorcycles: a SageMaker pipeline that also runs on one machine.",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=setuptools.find_packages(
        include=["pipelines*", "processing*", "training*", "model_monitor*", "seed_code*", "local_aws*"]
    ),
    package_data={
        "pipelines.deployment": ["template.yaml"],
        "pipelines.retraining": ["template.yaml"],
        "model_monitor": ["template.yaml"],
        "seed_code": ["template.yml"],
        "local_aws.console": ["templates/*.html", "static/*"],
    },
    install_requires=pinned_requirements(),
    entry_points={
        "console_scripts": [
            "scones=pipelines.cli:main",
            "get-pipeline-definition=pipelines.get_pipeline_definition:main",
            "run-pipeline=pipelines.run_pipeline:main",
        ]
    },
)
