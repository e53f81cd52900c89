"""The exponential moving average of a net's weights: steadier than the last step, so this is saved."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


class MovingAverage(Generic[Net]):
    """Follows a net. `average` is the net to evaluate; the decay grows to `decay` over the first steps."""

    def __init__(self, net: Net, decay: float) -> None:
        self.average: Net = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, net: Net, step: int) -> None:
        """Move towards `net` after its step number `step`, from 1. Counters are copied, not averaged."""
        decay = min(self.decay, step / (step + 9))
        current = net.state_dict()
        for name, averaged in self.average.state_dict().items():
            if averaged.is_floating_point():
                averaged.lerp_(current[name], 1 - decay)
            else:
                averaged.copy_(current[name])

    def state_dict(self) -> dict[str, Tensor]:
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.average.load_state_dict(state)
