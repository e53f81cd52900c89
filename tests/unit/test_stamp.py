"""The repository stamped for other classes: what changes, what stays, what is refused."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from pipelines.source_code import PROJECT_ROOT
from processing.cifar_classes import FINE_NAMES
from seed_code.seed import read_files
from seed_code.stamp import WRITTEN_ANEW, stamp
from seed_code.stamp_anchors import DECLARED, REPLACEMENTS
from seed_code.stamp_identity import Identity, StampRefused, check_name, cifar_classes, picture_classes
from seed_code.stamp_words import in_strings_and_comments, reclassed, renamed

TRANSIT = Identity("city-transit", ("bus", "streetcar"))


@cache
def repository() -> dict[str, bytes]:
    return {path: file.content for path, file in read_files(PROJECT_ROOT).items()}


@cache
def transit() -> dict[str, str]:
    return {path: content.decode("utf-8", "replace") for path, content in stamp(repository().items(), TRANSIT).items()}


def constants(source: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 - the project's own module of constants
    return {name: value for name, value in namespace.items() if name.isupper()}


def test_everything_that_lives_in_an_account_is_called_after_the_project() -> None:
    before = constants(repository()["pipelines/names.py"].decode())
    after = constants(transit()["pipelines/names.py"])
    assert after["CLASSES"] == ("bus", "streetcar")
    assert (after["ENDPOINT_NAME"], after["MODEL_PACKAGE_GROUP_NAME"]) == ("city-transit", "CityTransit")
    assert (after["PIPELINE_NAME"], after["WORKFLOW_STACK_NAME"]) == ("CityTransitTraining", "city-transit-workflow")
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == []


def test_the_classes_stand_in_every_place_that_decides() -> None:
    files = transit()
    assert 'Label = Literal["bus", "streetcar"]' in files["inference_workflow/contracts.py"]
    assert 'CLASSES = ("bus", "streetcar")' in files["model_monitor/record_preprocessor.py"]
    assert 'DEFAULT_CLASSES = "bus,streetcar"' in files["training/arguments.py"]
    assert 'CLASSES = {13: "bus", 81: "streetcar"}' in files["benchmarks/extraction.py"]
    states = json.loads(files["inference_workflow/state_machine.asl.json"])["States"]
    routes = {
        choice["And"][0].get("StringEquals", choice) if "And" in choice else choice["StringEquals"]: choice["Next"]
        for choice in states["RouteDelivery"]["Choices"]
    }
    assert routes == {"bus": "AssignNearbyOrders", "streetcar": "AssignFartherOrders"}
    assert "tells bus from streetcar" in files["pipelines/cli/application.py"]


def test_what_is_of_cifar_and_of_drawings_stays() -> None:
    files = transit()
    for path in ("processing/cifar_classes.py", "processing/sample_vehicles.py", "LICENSE"):
        assert files[path] == repository()[path].decode()
    assert '_DRAWN = {"bicycle": draw_bicycle' in files["processing/sample_archive.py"]
    assert 'classes: tuple[str, ...] = ("bus", "streetcar")' in files["processing/sample_archive.py"]


def test_a_stamped_project_does_not_stamp_and_nothing_asks_it_to() -> None:
    gone = set(repository()) - set(transit())
    assert {"pipelines/cli/new.py", "seed_code/stamp.py", "tests/unit/test_stamp.py"} <= gone
    assert all(re.search(r"stamp|new\.py|picture_archive", path) for path in gone)
    assert not [
        path for path, text in transit().items() if re.search(r"seed_code\.(stamp|picture_arch)|cli import new", text)
    ]
    assert not re.search(r"^    new[,.]", transit()["pipelines/cli/application.py"], re.MULTILINE)


def test_every_module_is_still_python() -> None:
    for path, text in transit().items():
        if path.endswith(".py") and text.encode() != repository()[path]:
            compile(text, path, "exec")


def needed() -> dict[str, bytes]:
    """The files without which nothing is stamped."""
    paths = {*DECLARED, *(each.path for each in REPLACEMENTS), *WRITTEN_ANEW}
    return {path: repository()[path] for path in sorted(paths)}


@pytest.mark.parametrize("name", ["sweet_pepper", "train"])
def test_words_of_any_kind_can_be_classes(name: str) -> None:
    stamped = stamp(needed().items(), Identity("Other-9", (name, "worm")))
    assert constants(stamped["pipelines/names.py"].decode())["CLASSES"] == (name, "worm")
    for path, content in stamped.items():
        if path.endswith(".py"):
            compile(content, path, "exec")


def test_classes_that_cifar_has_not_are_declared_as_the_projects_own() -> None:
    stamped = stamp(needed().items(), Identity("x", ("cat", "bus"), of_pictures=True))
    own = constants(stamped["processing/cifar_classes.py"].decode())
    assert own["OWN_NAMES"] == ("cat",)
    assert 'CLASSES = {100: "cat", 13: "bus"}' in stamped["benchmarks/extraction.py"].decode()
    assert stamped[".gitignore"].decode().splitlines().count("data/") == 1
    assert "cat as classes after its hundred" in stamped["README.md"].decode()


@pytest.mark.parametrize("path", sorted({*DECLARED, *(each.path for each in REPLACEMENTS)}))
def test_an_anchor_that_is_gone_is_told_and_not_passed_over(path: str) -> None:
    anchors = (*DECLARED.get(path, ()), *(each.anchor for each in REPLACEMENTS if each.path == path))
    for anchor in anchors:
        changed = {**repository(), path: repository()[path].replace(anchor.encode(), b"")}
        with pytest.raises(StampRefused, match=re.escape(f"{path} has {anchor!r} 0 times")):
            stamp({path: changed[path]}.items(), TRANSIT)


def test_a_file_that_is_gone_and_a_name_in_a_new_place_are_told() -> None:
    with pytest.raises(StampRefused, match=r"the repository has no training/arguments.py"):
        stamp(((path, content) for path, content in needed().items() if path != "training/arguments.py"), TRANSIT)
    for line in (b'KEY = "scones/somewhere"', b'NAME = "SconesSomething"', b"bicycle = 1", b'NAME = "scones-new"'):
        with pytest.raises(StampRefused, match=r"1 places still speak of this project: pipelines/added.py:1: "):
            stamp([*needed().items(), ("pipelines/added.py", line + b"\n")], TRANSIT)


def test_names() -> None:
    text = "scones-delivery-vehicles SconesTraining scones-workflow s3://b/scones/retraining/x scones.model-monitor"
    own = Identity("mine", ("bus", "streetcar"))
    assert renamed(text, own) == "mine MineTraining mine-workflow s3://b/mine/retraining/x mine.model-monitor"
    for kept in ("`scones run`", "SCONES_STATE", ".scones", "scones-unlimited-eu-west-1", "role/SconesPipelineRole"):
        assert renamed(kept, TRANSIT) == kept


def test_words() -> None:
    apple = Identity("x", ("apple", "worm"))
    assert reclassed("A bicycle, a motorcycle: p_bicycle", apple) == "An apple, a worm: p_apple"
    assert reclassed("Bicycles and motorcycles", apple) == "Pictures of apple and pictures of worm"
    assert reclassed("draw_bicycles2 motorcyclist {bicycle}", TRANSIT) == "draw_pictures of bus2 motorcyclist {bicycle}"


def test_variables_keep_their_names() -> None:
    source = 'bicycle, x = f"{bicycle} bicycle {x!r:>{bicycle}}", """bicycle"""  # ü bicycle\n'
    changed = in_strings_and_comments(source, lambda part: reclassed(part, TRANSIT))
    assert changed == 'bicycle, x = f"{bicycle} bus {x!r:>{bicycle}}", """bus"""  # ü bus\n'
    assert compile(changed, "x", "exec").co_names[0] == "bicycle"


@pytest.mark.parametrize(
    ("wanted", "classes"), [("bus,streetcar", ("bus", "streetcar")), ("81, bus", ("streetcar", "bus"))]
)
def test_classes_by_name_and_number(wanted: str, classes: tuple[str, str]) -> None:
    assert cifar_classes(wanted) == classes


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("bus,tram", "CIFAR-100 has no class 'tram': a number up to 99, or one of apple, "),
        ("bus,100", "CIFAR-100 has no class '100'"),
        ("bus,-1", "CIFAR-100 has no class '-1'"),
        ("bus,¹", "CIFAR-100 has no class '¹'"),
        ("bus,13", "--classes names bus twice"),
        ("bus", "--classes 'bus' does not name two classes"),
        ("bus,,worm", "does not name two classes"),
        ("", "does not name two classes"),
    ],
)
def test_classes_that_will_not_do(wanted: str, line: str) -> None:
    with pytest.raises(StampRefused, match=re.escape(line)):
        cifar_classes(wanted)


def test_the_classes_of_a_folder() -> None:
    assert picture_classes(None, ["dog", "cat"]) == ("cat", "dog")
    assert picture_classes("dog,cat", ["cat", "dog", "owl"]) == ("dog", "cat")
    refusals = {
        (None, ("a", "b", "c")): "the subfolders a, b, c: name two",
        (None, ()): "the subfolders none",
        ("cat,owl", ("cat", "dog")): "no subfolder owl; it has cat, dog",
        ("cat,cat", ("cat", "dog")): "names cat twice",
        (None, ("cat", "my dog")): "'my dog' is no name of a class",
        (None, ("cat", "class")): "'class' is no name of a class",
    }
    for (wanted, folders), line in refusals.items():
        with pytest.raises(StampRefused, match=line):
            picture_classes(wanted, folders)


@pytest.mark.parametrize("name", ["", "9lives", "a-", "-a", "a_b", "a b", "a" * 33, "ünd", "my-scones"])
def test_names_that_sagemaker_or_this_project_does_not_take(name: str) -> None:
    with pytest.raises(StampRefused, match="NAME"):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "City--transit-2", "a" * 32])
def test_names_that_are_taken(name: str) -> None:
    assert check_name(name) == name


def test_the_declared_classes_are_those_of_cifar() -> None:
    assert [FINE_NAMES.index(name) for name in ("bus", "streetcar")] == [13, 81]
