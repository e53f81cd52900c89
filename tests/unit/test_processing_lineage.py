"""What the pipeline tells the evaluation: read strictly where it is ours, leniently where it is a service's clock."""

import pytest

from processing.lineage import JobRecord, Lineage, MalformedLineage, parse_job, parse_pairs, reproduction
from processing.prices import USD_PER_HOUR, estimated_cost


def test_pairs_are_split_at_the_first_equals_sign_and_empty_ones_left_out() -> None:
    assert parse_pairs(["a=b=c", "empty="], "--fact") == {"a": "b=c"}


@pytest.mark.parametrize("text", ["", "name", "=value"])
def test_a_pair_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedLineage, match=r"--fact .*: write NAME=VALUE"):
        parse_pairs([text], "--fact")


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-11-21T09:13:35.500Z", "2026-11-21T09:14:35.750Z", 60.25),
        ("2026-11-21T10:13:35+01:00", "2026-11-21T09:14:35Z", 60.0),
        ("1764000000", "1764000060.5", 60.5),
        ("1764000000000", "1764000060500", 60.5),
        ("2026-11-21T09:13:35Z", "soon", None),
        ("nan", "1764000060", None),
        ("1764000060", "1764000000", None),
        ("", "", None),
    ],
)
def test_times_are_read_in_any_form_that_services_write(start: str, end: str, seconds: float | None) -> None:
    job = parse_job(f"TrainClassifier,ml.m5.2xlarge,2,{start},{end}")
    assert (job.step, job.instance_type, job.instance_count) == ("TrainClassifier", "ml.m5.2xlarge", 2)
    assert job.seconds == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("text", ["", "a,b", "step,type,many,1,2", ",type,1,1,2", "a,b,1,2,3,4"])
def test_a_job_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedLineage, match="--job"):
        parse_job(text)


def test_cost_is_seconds_times_instances_times_price() -> None:
    assert estimated_cost(JobRecord("x", "ml.m5.xlarge", 2, 1800)) == pytest.approx(USD_PER_HOUR["ml.m5.xlarge"])
    assert estimated_cost(JobRecord("x", "ml.m5.xlarge", 1, None)) is None
    assert estimated_cost(JobRecord("x", "ml.unheard.of", 1, 10)) is None


def test_the_commands_to_make_a_model_again_are_quoted_for_the_shell() -> None:
    lineage = Lineage(
        {"code_version": "0123abc-modified"},
        {"Epochs": "60", "InputDataUri": "s3://b/it's here", "ModelApprovalStatus": "Approved"},
    )
    checkout, run = reproduction(lineage)
    assert checkout == "git checkout 0123abc"
    assert (
        run.replace(" \\\n ", "")
        == """scones run --wait --param Epochs=60 --param 'InputDataUri=s3://b/it'"'"'s here'"""
    )
    assert reproduction(Lineage()) == ["scones run --wait"]
    (again,) = reproduction(Lineage({"algorithm": "image-classification"}))
    assert again.replace(" \\\n ", "") == "scones run --wait --algorithm image-classification"
