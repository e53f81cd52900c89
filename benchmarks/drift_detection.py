"""False alarms and drift noticed: 200 draws of 500 records against a baseline of 200 pictures, default constraints.

Every picture is one that the model was not trained on (benchmarks/drift_traffic.py). Each draw splits these pictures
anew: 100 of each class at random are the baseline's, for a single baseline would be a single throw of the dice, and 500
records are drawn with replacement from the others, 320 of the shared subset. (So a draw repeats pictures, and varies
more than 500 different pictures would: false alarms are rather too many than too few.) The same with the archive's test
pictures as the only baseline is printed beside it. The analyzer image's own code judges. The bars: any violation in at
most 5 % of the undrifted draws, in at least 95 % of each drift's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.analyzer_judge import Baseline
from benchmarks.drift_traffic import Row, Traffic, prepare
from benchmarks.figure import Figure, Promise, Spread, all_met
from benchmarks.result_file import write_result

DRAWS, RECORDS, BASELINE_PICTURES = 200, 500, 200
FALSE_ALARM_BAR, NOTICED_BAR = 0.05, 0.95
PARTIAL = 0.3
SEED = 20_26

Indices = NDArray[np.int64]
Draw = Callable[[Traffic, Indices, np.random.Generator], list[Row]]


@dataclass(frozen=True)
class Scenario:
    """A kind of traffic: how 500 records are drawn from unseen pictures, and its bar if it has one.

    `of_photographs`: the bar is not for a generated archive. Its drawings take red as often as blue, so that with these
    swapped they are no other drawings.
    """

    name: str
    draw: Draw
    noticed_at_least: float | None = None
    alarms_at_most: float | None = None
    of_photographs: bool = False

    @property
    def has_bar(self) -> bool:
        return self.noticed_at_least is not None or self.alarms_at_most is not None

    @property
    def promise(self) -> Promise:
        """The figure that goes with the bar."""
        if self.alarms_at_most is not None:
            return Promise("false alarms in draws without drift", "share", "at most", self.alarms_at_most)
        return Promise(f"drift noticed: {self.name}", "share", "at least", self.noticed_at_least)


def changed(change: str, share: float = 1.0) -> Draw:
    """Unseen pictures, of which `share` are changed."""

    def draw(traffic: Traffic, pool: Indices, rng: np.random.Generator) -> list[Row]:
        drifted = int(RECORDS * share)
        chosen = rng.choice(pool, RECORDS)
        kinds = [change] * drifted + ["unchanged"] * (RECORDS - drifted)
        return [traffic.changed[kind][index] for kind, index in zip(kinds, chosen, strict=True)]

    return draw


def foreign(what: str, share: float = 1.0) -> Draw:
    """Pictures of something else, `share` of the records."""

    def draw(traffic: Traffic, pool: Indices, rng: np.random.Generator) -> list[Row]:
        drifted = int(RECORDS * share)
        others = [traffic.foreign[what][index] for index in rng.integers(0, len(traffic.foreign[what]), drifted)]
        return others + [traffic.changed["unchanged"][index] for index in rng.choice(pool, RECORDS - drifted)]

    return draw


def mixed(bicycles: float) -> Draw:
    """Unseen pictures, of which so many are of bicycles."""

    def draw(traffic: Traffic, pool: Indices, rng: np.random.Generator) -> list[Row]:
        first = int(RECORDS * bicycles)
        by_class = [pool[traffic.labels[pool] == label] for label in (0, 1)]
        chosen = [*rng.choice(by_class[0], first), *rng.choice(by_class[1], RECORDS - first)]
        return [traffic.changed["unchanged"][index] for index in chosen]

    return draw


SCENARIOS = (
    Scenario("undrifted", changed("unchanged"), alarms_at_most=FALSE_ALARM_BAR),
    Scenario("brightness -40 %", changed("darker"), NOTICED_BAR),
    Scenario("blur, radius 1", changed("blurred"), NOTICED_BAR),
    Scenario("red and blue swapped", changed("swapped"), NOTICED_BAR, of_photographs=True),
    Scenario("another class: noise", foreign("noise"), NOTICED_BAR),
    Scenario("another class: drawn shapes", foreign("shapes"), NOTICED_BAR),
    Scenario("nine bicycles in ten", mixed(0.9), NOTICED_BAR),
    Scenario("eight bicycles in ten", mixed(0.8)),
    Scenario("30 % brightness -40 %", changed("darker", PARTIAL)),
    Scenario("30 % blur", changed("blurred", PARTIAL)),
    Scenario("30 % swapped", changed("swapped", PARTIAL)),
    Scenario("30 % noise", foreign("noise", PARTIAL)),
    Scenario("30 % drawn shapes", foreign("shapes", PARTIAL)),
    Scenario("undrifted, PNG of level 6", changed("other_encoder")),
)

PROMISED = {scenario.name: scenario.promise for scenario in SCENARIOS if scenario.has_bar}
PROMISES = tuple(PROMISED.values())


def run(work_dir: Path, draws: int = DRAWS, seed: int = SEED) -> tuple[dict[str, Any], list[Figure]]:
    """Shares of draws with a violation, for each scenario, with baselines split anew and with the one of the archive.

    Raises what `prepare` raises.
    """
    traffic = prepare(work_dir)
    rng = np.random.default_rng(seed)
    resplit: dict[str, Counter[str]] = {scenario.name: Counter() for scenario in SCENARIOS}
    for _ in range(draws):
        of_baseline, pool = _split(traffic.labels, rng)
        _judge(traffic, _baseline(traffic, of_baseline), pool, rng, resplit)
    fixed: dict[str, Counter[str]] = {scenario.name: Counter() for scenario in SCENARIOS}
    everything = np.arange(len(traffic.labels))
    of_archive, rest = everything[: traffic.test_count], everything[traffic.test_count :]
    baseline = _baseline(traffic, of_archive)
    for _ in range(draws):
        _judge(traffic, baseline, rest, rng, fixed)
    generated = traffic.source == "generated"
    barred = [replace(each, noticed_at_least=None) if each.of_photographs and generated else each for each in SCENARIOS]
    rows = [_result(each, resplit[each.name], fixed[each.name], draws) for each in barred]
    figures = [
        promise.found(resplit[name]["any"] / draws, Spread.of_share(resplit[name]["any"], draws))
        if any(each.name == name and each.has_bar for each in barred)
        else promise.not_here(
            "a generated archive's drawings take red as often as blue: $SCONES_CIFAR_ARCHIVE names one"
        )
        for name, promise in PROMISED.items()
    ]
    details = {
        "source": traffic.source,
        "model_accuracy": round(traffic.accuracy, 4),
        "unseen_pictures": len(traffic.labels),
        "draws": draws,
        "records": RECORDS,
        "baseline_pictures": BASELINE_PICTURES,
        "scenarios": rows,
    }
    return details, figures


def _split(labels: Indices, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """The baseline's pictures, as many of each class as in the archive's test split, and the others."""
    chosen = [rng.choice(np.flatnonzero(labels == label), BASELINE_PICTURES // 2, replace=False) for label in (0, 1)]
    of_baseline = np.concatenate(chosen)
    return of_baseline, np.setdiff1d(np.arange(len(labels)), of_baseline)


def _baseline(traffic: Traffic, pictures: Indices) -> Baseline:
    return Baseline.of([traffic.changed["unchanged"][index] for index in pictures])


def _judge(
    traffic: Traffic, baseline: Baseline, pool: Indices, rng: np.random.Generator, found: Mapping[str, Counter[str]]
) -> None:
    for scenario in SCENARIOS:
        violations = baseline.violations(scenario.draw(traffic, pool, rng))
        found[scenario.name].update({"any": bool(violations), **dict.fromkeys(violations, 1)})


def _result(scenario: Scenario, resplit: Counter[str], fixed: Counter[str], draws: int) -> dict[str, Any]:
    share = resplit["any"] / draws
    low, high = scenario.noticed_at_least, scenario.alarms_at_most
    features = {name: count / draws for name, count in resplit.most_common() if name != "any" and count}
    return {
        "name": scenario.name,
        "share": share,
        "share_with_the_archives_baseline": fixed["any"] / draws,
        "by_feature": features,
        "bar": f"at least {low:.0%}" if low is not None else f"at most {high:.0%}" if high is not None else None,
        "passed": (low is None or share >= low) and (high is None or share <= high),
    }


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result, figures = run(Path(folder), given.draws, given.seed)
    print(
        f"{result['source']}: {result['unseen_pictures']} unseen pictures, answered with {result['model_accuracy']:.1%}"
    )
    print(f"{'traffic':<30}{'violation':>10}{'one baseline':>14}{'bar':>15}   most often by")
    for row in result["scenarios"]:
        features = ", ".join(f"{name} {share:.0%}" for name, share in list(row["by_feature"].items())[:4])
        other = row["share_with_the_archives_baseline"]
        print(f"{row['name']:<30}{row['share']:>10.1%}{other:>14.1%}{row['bar'] or '':>15}   {features}")
    passed = all_met(figures)
    print(f"{result['draws']} draws of {RECORDS} records: {'passed' if passed else 'FAILED'}")
    write_result("drift_detection", result, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
