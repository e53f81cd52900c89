"""The sections on where the candidate comes from: data, parameters, code, jobs, cost, and how to make it again."""

from collections.abc import Mapping, Sequence
from typing import Any

from processing.evaluation import Evaluation
from processing.lineage import Lineage, reproduction
from processing.prices import AS_OF, SOURCE, estimated_cost
from processing.report.markup import Markup, definitions, join, table, tag
from processing.report.words import dollars, duration, section

_FACT_NAMES = {
    "code_version": "Code version (git commit)",
    "execution_arn": "Pipeline execution",
    "algorithm": "Algorithm",
    "pretrain": "Pretrained on other classes",
    "processing_code_sha256": "Code of processing/, SHA-256",
    "training_code_sha256": "Code of training/, SHA-256",
    "training_job_arn": "Training job",
    "training_image": "Image that trained",
    "serving_image": "Image that serves",
}
_SOURCES = {
    "archive": "an archive in CIFAR-100's format",
    "generated": "a generated sample: drawings of vehicles, no photographs",
}

# Why a file of a new image is not among the training images, by its name in dataset_report.json.
_LEFT_OUT = {
    "duplicates_of_test_refused": "Refused as copies of test images",
    "duplicates_of_validation_refused": "Refused as copies of validation images",
    "of_several_classes_refused": "Refused as images of several classes",
    "duplicates_of_training_dropped": "Dropped as copies of training images",
    "repeated_dropped": "Dropped as copies of each other",
    "unreadable": "Not readable",
}


def data_section(evaluation: Evaluation) -> Markup:
    dataset = evaluation.dataset
    archive = dataset.get("archive", {})
    pairs = [
        ("Source", _source(dataset)),
        ("Archive", f"{archive.get('file', 'unknown')}, {archive.get('bytes', 0):,} bytes"),
        ("SHA-256", archive.get("sha256", "unknown")),
        ("MD5", archive.get("md5", "unknown")),
        ("Classes", ", ".join(evaluation.judged.classes)),
        *_pretraining(dataset.get("pretraining")),
    ]
    counts = dataset.get("counts", {})
    rows = [
        (split, *(count.get(name, "—") for name in (*evaluation.judged.classes, "total")))
        for split, count in counts.items()
    ]
    dropped = dataset.get("duplicates_of_test_dropped")
    leak = None if dropped is None else tag("p", f"{dropped} training images were dropped as copies of test images.")
    return section(
        "data",
        "The data",
        definitions(pairs),
        table(("split", *evaluation.judged.classes, "images"), rows) if rows else None,
        leak,
        _new_images(dataset.get("new_images"), evaluation.judged.classes),
    )


def origin_section(lineage: Lineage) -> Markup:
    facts = [(_FACT_NAMES.get(name, name), tag("code", value)) for name, value in lineage.facts.items()]
    return section(
        "origin",
        "Where it comes from",
        definitions(facts) if facts else tag("p", "The pipeline told nothing about code and execution."),
        _parameters(lineage),
        _jobs(lineage),
        tag("h3", "How to make it again"),
        tag("pre", tag("code", "\n".join(reproduction(lineage)))),
        tag("p", "On AWS, with --target aws.", class_="soft"),
        _modified(lineage),
    )


def _source(dataset: Mapping[str, Any]) -> str:
    source = str(dataset.get("source", "unknown"))
    official = dataset.get("archive", {}).get("official")
    return "the official CIFAR-100 archive" if official else _SOURCES.get(source, source)


def _pretraining(others: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What the net learnt from first; nothing where it was not pretrained."""
    if not others:
        return []
    return [("Pretrained on", f"{others['images']['total']:,} images of {others['classes']} other classes")]


def _new_images(new: Mapping[str, Any] | None, classes: Sequence[str]) -> Markup | None:
    """What became of the files with further training images; nothing where there were none."""
    if not new or not new.get("files"):
        return None
    added = new.get("added", {})
    pairs = [
        ("Files", new["files"]),
        ("Added to the training images", f"{added.get('total', 0)}: {_listed(added, classes)}"),
        *((words, new[name]) for name, words in _LEFT_OUT.items() if new.get(name)),
        ("SHA-256 of what was added", new.get("sha256", "unknown")),
    ]
    unreadable = [(file, problem) for file, problem in new.get("unreadable_files", {}).items()]
    return join(
        tag("h3", "New images"),
        definitions(pairs),
        table(("not readable", "why"), unreadable) if unreadable else None,
    )


def _listed(counts: Mapping[str, Any], classes: Sequence[str]) -> str:
    return ", ".join(f"{counts.get(name, 0)} {name}" for name in classes)


def _parameters(lineage: Lineage) -> Markup | None:
    if not lineage.parameters:
        return None
    return join(tag("h3", "Parameters"), definitions(lineage.parameters.items()))


def _jobs(lineage: Lineage) -> Markup | None:
    if not lineage.jobs:
        return None
    costs = [estimated_cost(job) for job in lineage.jobs]
    rows = [
        (job.step, f"{job.instance_count} x {job.instance_type}", duration(job.seconds), dollars(cost))
        for job, cost in zip(lineage.jobs, costs, strict=True)
    ]
    known = [cost for cost in costs if cost is not None]
    seconds = [job.seconds for job in lineage.jobs if job.seconds is not None]
    total = ("together", "", duration(sum(seconds)), dollars(sum(known) if known else None))
    note = (
        f"An estimate: the jobs' own seconds at {AS_OF} list prices ({SOURCE}), without storage, transfer and this "
        "evaluation's own job. Where the jobs ran on a local AWS, the seconds are that machine's."
    )
    return join(
        tag("h3", "Jobs, time and cost on AWS"),
        table(("step", "instances", "time", "cost, estimated"), [*rows, total]),
        tag("p", note, class_="soft"),
    )


def _modified(lineage: Lineage) -> Markup | None:
    if not lineage.facts.get("code_version", "").endswith("-modified"):
        return None
    return tag(
        "p",
        "The checkout had changes that were not committed; the code that ran lies in S3, under the digests above.",
    )
