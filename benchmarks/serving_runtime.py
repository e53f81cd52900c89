"""The served model's answer to one picture against the same weights in plain eager PyTorch.

The bar: at most 1.0 times as long. Both sides are the model folder's own code on one thread, from the decoded picture
to probabilities with the mirror image averaged in, timed in turns within one run; the served side is what `model_fn`
makes of model.pt. A net with weights of chance takes as long as a trained one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Promise
from benchmarks.result_file import write_result
from benchmarks.serving_endpoints import build_net, picture
from benchmarks.turns import in_turns

RUNTIME = Promise("the served model's answer over plain eager PyTorch's", "ratio", "at most", 1.0)
REQUEST = Promise("a picture's bytes to JSON over the same in plain eager PyTorch", "ratio", "at most")
PROMISES = (RUNTIME, REQUEST)
ROUNDS, EACH_ROUND = 120, 5


def run(folder: Path, rounds: int = ROUNDS) -> tuple[dict[str, Any], list[Figure]]:
    """Medians in milliseconds, the seconds that model_fn takes more at start, and the two ratios.

    Raises RuntimeError if the model is served in eager mode, for then there is nothing to compare.
    """
    net, body = build_net(), picture()
    # after build_net's module, which lays the way to the serving code
    from inference import input_fn, model_fn, output_fn, predict_fn
    from model import MODEL_FILE, load_classifier, log_probabilities, pack_classifier
    from serving_runtime import EagerAnswers

    (folder / MODEL_FILE).write_bytes(pack_classifier(net))
    began = time.perf_counter()
    classifier = load_classifier(folder / MODEL_FILE)
    loaded = time.perf_counter()
    served = model_fn(str(folder))
    started = time.perf_counter()
    if isinstance(served, EagerAnswers):
        raise RuntimeError("model_fn fell back to eager mode; its warning above says why")
    eager, pixels = EagerAnswers(classifier), input_fn(body, "image/png")

    def request(model: Any) -> str:
        told: str = output_fn(predict_fn(input_fn(body, "image/png"), model), "application/json")[0]
        return told

    turns = in_turns(
        {
            "eager": lambda: log_probabilities(classifier, pixels).exp(),
            "served": lambda: predict_fn(pixels, served),
            "eager, bytes to JSON": lambda: request(eager),
            "served, bytes to JSON": lambda: request(served),
        },
        rounds,
        EACH_ROUND,
    )
    # the median of the rounds' own ratios: what else the machine does during a round meets both sides of it
    answer, request_spread = (turns.ratio(f"served{what}", [f"eager{what}"])[1] for what in ("", ", bytes to JSON"))
    figures = [RUNTIME.found(answer.median, answer), REQUEST.found(request_spread.median, request_spread)]
    details = {
        "medians_ms": {name: round(value, 3) for name, value in turns.medians().items()},
        "seconds_more_at_start": round((started - loaded) - (loaded - began), 3),
    }
    return details, figures


def main(arguments: Sequence[str] = ()) -> int:
    with tempfile.TemporaryDirectory() as folder:
        details, figures = run(Path(folder))
    for name, median in details["medians_ms"].items():
        print(f"{name:<26}{median:>8.2f} ms")
    for figure in figures:
        spread, bar = figure.spread, "" if figure.bar is None else f", bar {figure.bar:g}"
        told = f" ({spread.repeats} rounds from {spread.least:.2f} to {spread.most:.2f})" if spread else ""
        print(f"{figure.name}: {figure.value:.3f}{told}{bar}")
    passed = all(figure.passed is not False for figure in figures)
    print("passed" if passed else "FAILED")
    write_result("serving_runtime", details, figures)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
