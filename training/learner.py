"""A net while it learns: its weights, their moving average and its optimiser, moved on a step at a time."""

from collections.abc import Mapping
from typing import Any

import torch
from model import Classifier
from moving_average import MovingAverage
from torch import Tensor

MOMENTUM = 0.9
AVERAGE_DECAY = 0.99


class Learner:
    """Nesterov's SGD on a net, on the device that the net is on. `average` is the net to judge and to keep."""

    def __init__(self, net: Classifier, weight_decay: float) -> None:
        self.net = net
        self._average = MovingAverage(net, AVERAGE_DECAY)
        self._optimiser = torch.optim.SGD(
            net.parameters(), lr=0.0, momentum=MOMENTUM, nesterov=True, weight_decay=weight_decay
        )

    @property
    def average(self) -> Classifier:
        """The net with the averaged weights."""
        return self._average.average

    def learn(self, loss: Tensor, step: int, rate: float) -> None:
        """Step number `step` (from 0) down the gradient of `loss`, at this learning rate."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._average.update(self.net, step + 1)

    def state(self) -> dict[str, Any]:
        """All that the next steps need, as tensors and plain data."""
        return {
            "net": self.net.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state` was taken."""
        self.net.load_state_dict(state["net"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
