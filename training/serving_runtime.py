"""The classifier as serving runs it: traced once at start, its batch norms folded, on the same weights.

Travels with the model (code/serving_runtime.py): imports only torch and model.py. What is compiled is made in memory
from the weights that were just loaded; no compiled archive is ever read.
"""

import logging
import warnings

import torch
from model import IMAGE_SIZE, Classifier, log_probabilities
from torch import Tensor, nn

logger = logging.getLogger(__name__)

TOLERANCE = 1e-5  # of a probability: folding rounds differently
# TorchScript watches the first call and compiles at the second; what follows is what requests will meet.
CHECKED_PICTURES = 4


class UnlikeEager(ValueError):
    """The compiled classifier does not say what the classifier says."""


class EagerAnswers(nn.Module):
    """`log_probabilities` as a module: uint8 pixels, N x 3 x 32 x 32, to N x classes."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: Tensor) -> Tensor:
        return log_probabilities(self.classifier, pixels)


def fastest_answers(classifier: Classifier) -> nn.Module:
    """What answers single pictures fastest on a CPU, warmed up: pixels, 1 x 3 x 32 x 32, to log probabilities.

    Compiled code that this torch does not make, or whose probabilities differ from the classifier's own by more than
    TOLERANCE, is not served: then it is the classifier as it stands, and a warning says why.
    """
    eager = EagerAnswers(classifier).eval()
    try:
        compiled = compile_answers(eager)
        check_alike(compiled, eager)
    except Exception as error:  # whatever another version of torch raises: slower answers are better than none
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        logger.warning("serving in eager mode, torch %s did not compile the model: %s", torch.__version__, reason)
        return eager
    return compiled


def compile_answers(eager: nn.Module) -> nn.Module:
    """Trace on one picture and freeze, which folds batch norms into convolutions. Raises what torch raises."""
    with warnings.catch_warnings(), torch.no_grad():
        # Newer releases recommend torch.compile in its place, which spends tens of seconds at every start.
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(eager, _pictures(1), check_trace=False)  # check_alike does it, on other pictures
        frozen: nn.Module = torch.jit.freeze(traced)
        return frozen


def check_alike(compiled: nn.Module, eager: nn.Module) -> None:
    """Ask both about a few pictures, one at a time. Raises UnlikeEager."""
    with torch.no_grad():
        for picture in _pictures(CHECKED_PICTURES).split(1):
            answer, expected = compiled(picture).exp(), eager(picture).exp()
            apart = float((answer - expected).abs().max())
            if not apart <= TOLERANCE:  # written so that NaN is refused too
                raise UnlikeEager(
                    f"its probabilities are {apart:.2g} from the classifier's own, more than {TOLERANCE:g}"
                )


def _pictures(count: int) -> Tensor:
    """Blocks of colour, the same at every start, without touching torch's global generator."""
    chance = torch.Generator().manual_seed(0)
    blocks = torch.randint(0, 256, (count, 3, IMAGE_SIZE // 8, IMAGE_SIZE // 8), dtype=torch.uint8, generator=chance)
    return blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)  # noise looks alike to a net, blocks do not
