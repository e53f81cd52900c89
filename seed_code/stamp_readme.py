"""The texts that a stamped project begins with."""

from __future__ import annotations

from seed_code.stamp_identity import Identity

README = """# {name}: {first} or {second}?

Tells pictures of {first} from pictures of {second}: an image classifier that is trained, gated, registered,
deployed, served and watched as SageMaker pipelines. It runs on AWS. It also runs, the same definitions, scripts and
API calls, on one machine with nothing but Python:

```console
$ make demo     # archive → SageMaker pipeline → quality gate → registry → endpoint → assignments → drift → retraining
$ make test     # everything below, checked; the longest stories: make test-slow
```

{data}

The command is `scones`; `scones --help` lists what it does, `scones doctor` looks whether this machine is ready.

| where | what | |
|---|---|---|
| `pipelines/` | the pipelines, and the command | `pipelines/names.py`: what everything is called, and the classes |
| `processing/`, `training/` | what the jobs run | |
| `inference_workflow/` | Lambdas and state machines | [read](inference_workflow/README.md) |
| `model_monitor/` | what is watched, and how | [read](model_monitor/README.md) |
| `local_aws/` | the AWS of this machine | [read](local_aws/README.md) |
| `seed_code/` | the project as a template of SageMaker Projects | |
| `docs/decisions/` | why it is like this; written for the project that this one was stamped from | |

## What it is called on AWS

Pipelines `{camel}Training` and `{camel}Deployment`, model package group `{camel}`, endpoint `{name}`, stacks and
functions `{name}-…`, and everything in S3 below `{name}/`, so that it can live beside its like in one account.

## What to make your own next

- What follows from an answer. The workflow gives {first} the nearby orders and {second} the farther ones: the states
  after `RouteDelivery` in `inference_workflow/state_machine.asl.json` and `bulk_state_machine.asl.json`, and their
  names in `inference_workflow/contracts.py`.
- What the model is for: purpose, intended uses and risk in `processing/model_card.py`, which an approver reads.
- The bar: `AccuracyThreshold`, 0.85 unless an execution says otherwise. Look at the first report before you trust it.
- `git init`, and a commit: a version's code is recorded with the model.
"""

OF_CIFAR = """\
The data is CIFAR-100: the archive that `SCONES_CIFAR_ARCHIVE` names, else a download, else, without a network, a
generated sample of drawings. The screen, the summary and the registered model say which it was. The classes' fine
labels are {labels}."""

OF_PICTURES = """\
The data is `data/cifar-100-python.tar.gz`: the pictures that the project was stamped with, 32 x 32 each, in
CIFAR-100's own format, with {own} as classes after its hundred. `--dataset generated` takes drawings instead; the
tests do. `.gitignore` leaves it out: keep it where your data is kept, or in S3 where InputDataUri points."""

CHANGELOG = """# Changes

## 0.1.0

- Stamped from Scones Unlimited's delivery vehicles, for {first} and {second}.
"""


def readme(identity: Identity) -> str:
    """README.md."""
    first, second = identity.classes
    return README.format(name=identity.name, camel=identity.camel, first=first, second=second, data=_data(identity))


def changelog(identity: Identity) -> str:
    """CHANGELOG.md."""
    first, second = identity.classes
    return CHANGELOG.format(first=first, second=second)


def _data(identity: Identity) -> str:
    from seed_code.stamp_anchors import label

    if identity.of_pictures:
        own = " and ".join(identity.own_classes) or "no others than CIFAR-100's"
        return OF_PICTURES.format(own=own)
    return OF_CIFAR.format(labels=" and ".join(str(label(name, identity)) for name in identity.classes))
