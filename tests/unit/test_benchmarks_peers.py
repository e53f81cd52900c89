"""What is made of the peers' runs, and the plain ResNet itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import demo, peers
from benchmarks.peers import Seed, Training
from benchmarks.sdk_local_pipeline import Attempt

SEEDS = [
    Seed(1, Training(100.0, 0.95), Training(101.0, 0.80, 20), Training(250.0, 0.85, 40)),
    Seed(2, Training(120.0, 0.93), Training(119.0, 0.84, 24), Training(300.0, 0.87, 40)),
]
REFUSED = Attempt(("A", "B"), (), None, "Step type QualityCheck is not supported in local mode.")


def test_means_and_quotients_over_the_seeds() -> None:
    found = {figure.name: figure for figure in peers.training_figures(SEEDS)}
    assert found[peers.OURS.name].value == pytest.approx(0.94)
    assert found[peers.SAME_SECONDS.name].value == pytest.approx(0.82)
    assert found[peers.OWN_END.name].value == pytest.approx(0.86)
    assert found[peers.ERRORS.name].value == pytest.approx(0.12 / 0.36)
    assert found[peers.OWN_SECONDS.name].value == pytest.approx(550 / 220)
    spread = found[peers.ERRORS.name].spread
    assert spread is not None
    assert (spread.least, spread.most) == (pytest.approx(0.05 / 0.20), pytest.approx(0.07 / 0.16))
    assert all(figure.passed is None for figure in found.values())


def test_a_peer_without_mistakes_is_no_division() -> None:
    perfect = [Seed(1, Training(1.0, 1.0), Training(1.0, 1.0), Training(1.0, 1.0))]
    errors = next(figure for figure in peers.training_figures(perfect) if figure.name == peers.ERRORS.name)
    assert (errors.value, errors.reason) == (None, "the other side made no mistake at all")


def test_the_sdks_session_is_reported_in_its_own_words_or_as_a_ratio() -> None:
    missing = Attempt(("A",), ("A",), None, "Step 'A' failed with message: Docker Compose is not installed.")
    figure = peers.sdk_figure({"the whole pipeline": REFUSED, "two steps": missing}, None)
    assert figure.value is None
    assert "QualityCheck is not supported" in str(figure.reason)
    assert "Docker Compose is not installed" in str(figure.reason)
    done = Attempt(("A",), ("A",), 30.0, None)
    assert peers.sdk_figure({"the whole pipeline": REFUSED, "two steps": done}, 20.0).value == 1.5


def test_the_plain_resnet_is_the_papers_twenty_layers() -> None:
    torch = pytest.importorskip("torch")
    from benchmarks import plain_resnet

    net = plain_resnet.resnet20(10)
    convolutions = [module for module in net.modules() if isinstance(module, torch.nn.Conv2d)]
    layers = [each for each in convolutions if each.kernel_size == (3, 3)]
    assert len(layers) + 1 == 20  # and the linear layer
    assert sum(parameter.numel() for parameter in net.parameters()) == pytest.approx(270_000, rel=0.02)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_augmentation_mirrors_and_shifts_and_nothing_else() -> None:
    torch = pytest.importorskip("torch")
    from benchmarks import plain_resnet

    torch.manual_seed(5)
    picture = torch.arange(1, 33).float().expand(1, 3, 32, 32)
    views = plain_resnet.augmented(picture.repeat(200, 1, 1, 1))
    rising = views[:, 0, 16].diff(dim=-1)[:, 8:-8]  # away from the black border
    assert set(rising.flatten().tolist()) == {1.0, -1.0}
    mirrored = (rising[:, 0] < 0).float().mean()
    assert 0.3 < mirrored < 0.7
    unmirrored = views[rising[:, 0] > 0][:, 0, 16, 16]
    assert set(unmirrored.tolist()) == set(range(13, 22))  # nine windows, four to each side


MAKEFILE = """demo:
\t@test -z "$$SCONES_STATE" && test -n "$$SCONES_CIFAR_ARCHIVE"
\t@mkdir -p build/demo && echo run >> build/demo/runs
\t@printf '{"runs": %d}' $$(wc -l < build/demo/runs) > build/demo/summary.json
"""


def repository(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Makefile").write_text(MAKEFILE)
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    (folder / "Makefile").write_text("demo:\n\tfalse\n")  # not committed: a clone does not have it
    return folder


def test_a_fresh_clone_runs_the_demo_twice(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SCONES_CIFAR_ARCHIVE", str(tmp_path / "archive"))
    monkeypatch.setenv("SCONES_STATE", "of this tree")
    (tmp_path / "work").mkdir()
    details, figures = demo.run(tmp_path / "work", repository(tmp_path / "repository"))
    assert details["summary"] == {"runs": 2}
    assert [figure.name for figure in figures] == [demo.FRESH.name, demo.SECOND.name]
    assert all(figure.passed for figure in figures)
    assert len(details["seconds"]) == 2


def test_a_demo_that_fails_is_no_figure(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SCONES_CIFAR_ARCHIVE", str(tmp_path / "archive"))
    with pytest.raises(subprocess.CalledProcessError):
        demo.run(tmp_path, repository(tmp_path / "repository"), second_only=True)
