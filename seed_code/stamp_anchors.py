"""The places that hold this project together, quoted: where one has changed, stamping stops rather than guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from processing.cifar_classes import FINE_NAMES
from seed_code.stamp_identity import Identity, StampRefused

# Where classes are declared, and what is stamped there, before any word is replaced.
DECLARED = {
    "pipelines/names.py": (
        'CLASSES = ("bicycle", "motorcycle")',
        'ENDPOINT_NAME = "scones-delivery-vehicles"',
        'MODEL_PACKAGE_GROUP_NAME = "SconesDeliveryVehicles"',
        'PIPELINE_NAME = "SconesTraining"',
    ),
    "inference_workflow/contracts.py": (
        'Label = Literal["bicycle", "motorcycle"]',
        'CLASSES: tuple[Label, Label] = ("bicycle", "motorcycle")',
    ),
    "inference_workflow/state_machine.asl.json": ('"StringEquals": "bicycle"', '"StringEquals": "motorcycle"'),
    "inference_workflow/bulk_state_machine.asl.json": ('"StringEquals": "bicycle"', '"StringEquals": "motorcycle"'),
    "model_monitor/record_preprocessor.py": ('CLASSES = ("bicycle", "motorcycle")',),
    "training/arguments.py": ('DEFAULT_CLASSES = "bicycle,motorcycle"',),
    "processing/extract_cifar.py": ('default="bicycle,motorcycle"',),
}


@dataclass(frozen=True)
class Replacement:
    """One place: the text that stands there exactly once, and what another project has there."""

    path: str
    anchor: str
    stamped: Callable[[Identity], str]


REPLACEMENTS = (
    Replacement(
        "pipelines/names.py", 'ENDPOINT_NAME = "scones-delivery-vehicles"', lambda i: f'ENDPOINT_NAME = "{i.name}"'
    ),
    Replacement(
        "pipelines/training/pipeline.py", 'BASE_JOB_PREFIX = "scones"', lambda i: f'BASE_JOB_PREFIX = "{i.name}"'
    ),
    Replacement("benchmarks/workflow_bulk.py", '"scones/")', lambda i: f'"{i.name}/")'),
    # pictures are not code: the archive is larger than what git or a seed should hold
    Replacement(".gitignore", "build/\n", lambda i: "build/\ndata/\n" if i.of_pictures else "build/\n"),
    Replacement("setup.py", "Tells bicycles from motorcycles", lambda i: f"Tells {i.classes[0]} from {i.classes[1]}"),
    Replacement(
        "pipelines/cli/application.py",
        "tells bicycles from motorcycles",
        lambda i: f"tells {i.classes[0]} from {i.classes[1]}",
    ),
    # a stamped project does not stamp further: its classes may be words such as `train`, which stand everywhere
    Replacement("pipelines/cli/application.py", "    new,\n", lambda _: ""),
    Replacement("pipelines/cli/application.py", "    new.new,\n", lambda _: ""),
    Replacement(
        "pipelines/cli/demo.py", "a generated sample of drawn vehicles", lambda _: "a generated sample of drawings"
    ),
    Replacement("processing/report/origin.py", "drawings of vehicles", lambda _: "drawings"),
    Replacement(
        "processing/model_card.py",
        "Routes delivery drivers by vehicle: bicycles get nearby orders, motorcycles farther ones.",
        lambda i: f"Tells {i.classes[0]} from {i.classes[1]} in small pictures.",
    ),
    Replacement("processing/model_card.py", "one vehicle each", lambda _: "one of them each"),
    Replacement("processing/model_card.py", "of the vehicle in the picture", lambda _: "of what the picture shows"),
    Replacement(
        "processing/model_card.py",
        "A wrong answer sends a driver to an order that suits another vehicle better.",
        lambda _: "A wrong answer assigns the other kind of orders.",
    ),
    Replacement(
        "processing/sample_archive.py",
        'classes: tuple[str, ...] = ("bicycle", "motorcycle")',
        lambda i: f'classes: tuple[str, ...] = ("{i.classes[0]}", "{i.classes[1]}")',
    ),
    Replacement(
        "processing/cifar_classes.py",
        "OWN_NAMES: tuple[str, ...] = ()",
        lambda i: f"OWN_NAMES: tuple[str, ...] = {_tuple(i.own_classes)}",
    ),
    Replacement(
        "benchmarks/extraction.py",
        'CLASSES = {8: "bicycle", 48: "motorcycle"}',
        lambda i: "CLASSES = {" + ", ".join(f'{label(name, i)}: "{name}"' for name in i.classes) + "}",
    ),
)


def label(name: str, identity: Identity) -> int:
    """A class's number in the archive: CIFAR-100's, and after its hundred the project's own."""
    return (*FINE_NAMES, *identity.own_classes).index(name)


def check_declared(path: str, text: str) -> None:
    """Raises StampRefused where a file no longer declares the classes as it is known to."""
    for anchor in DECLARED.get(path, ()):
        if text.count(anchor) != 1:
            raise StampRefused(
                f"{path} has {anchor!r} {text.count(anchor)} times, not once: tell seed_code/stamp_anchors.py"
            )


def replace_anchors(path: str, text: str, identity: Identity) -> str:
    """The text with what stands at its anchors replaced. Raises StampRefused where an anchor is gone."""
    for each in REPLACEMENTS:
        if each.path == path:
            if text.count(each.anchor) != 1:
                found = f"{path} has {each.anchor!r} {text.count(each.anchor)} times, not once"
                raise StampRefused(f"{found}: tell seed_code/stamp_anchors.py")
            text = text.replace(each.anchor, each.stamped(identity))
    return text


def _tuple(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(f'"{name}"' for name in names) + ("," if len(names) == 1 else "") + ")"
