"""The optimisers by their names, and what each of them takes of the hyperparameters."""

from __future__ import annotations

from typing import Any

from torch import nn, optim

from .hyperparameters import Hyperparameters

# the range is documented as [0, 1], where a decay of 1 forgets nothing and divides by 0
BELOW_1 = 1 - 1e-9


def make_optimiser(network: nn.Module, hyperparameters: Hyperparameters) -> optim.Optimizer:
    """The optimiser of a job. `weight_decay` is for sgd and nag alone, and not for biases, as in MXNet."""
    rate = hyperparameters.learning_rate
    if hyperparameters.optimizer == "adam":
        betas = (min(hyperparameters.beta_1, BELOW_1), min(hyperparameters.beta_2, BELOW_1))
        return optim.Adam(network.parameters(), rate, betas, hyperparameters.eps)
    if hyperparameters.optimizer == "rmsprop":
        return optim.RMSprop(network.parameters(), rate, hyperparameters.gamma, hyperparameters.eps)
    named = list(network.named_parameters())
    groups: list[dict[str, Any]] = [
        {"params": [value for name, value in named if not name.endswith("bias")]},
        {"params": [value for name, value in named if name.endswith("bias")], "weight_decay": 0.0},
    ]
    # without momentum, Nesterov's is the same as none
    nesterov = hyperparameters.optimizer == "nag" and hyperparameters.momentum > 0
    return optim.SGD(
        groups, rate, hyperparameters.momentum, weight_decay=hyperparameters.weight_decay, nesterov=nesterov
    )
