"""The pipeline definition, the JSON document between compiling and running: made, checked, compared.

Everything here but `compile_definition` is a function from data to data and loads no SageMaker SDK.
"""

from pipelines.definition.check import check_definition
from pipelines.definition.compiled import compile_definition, format_definition, mask_digests
from pipelines.definition.diff import diff_definitions
from pipelines.definition.parameters import check_parameter_values
from pipelines.definition.problem import Problem

__all__ = [
    "Problem",
    "check_definition",
    "check_parameter_values",
    "compile_definition",
    "diff_definitions",
    "format_definition",
    "mask_digests",
]
