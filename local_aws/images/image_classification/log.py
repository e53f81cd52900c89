"""The algorithm's log: `[07/14/2020 22:20:42 INFO 140558353856320] Epoch[0] Train-accuracy=0.150391`."""

from __future__ import annotations

import dataclasses
import logging
import sys

from .job import Job

LINE = "[%(asctime)s %(levelname)s %(thread)d] %(message)s"
MOMENT = "%m/%d/%Y %H:%M:%S"
LOGGER = logging.getLogger(__name__)


def start_log() -> None:
    """Write all messages to standard output from now on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(LINE, MOMENT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def tell_job(job: Job) -> None:
    """The job's configuration, and what it is run by."""
    LOGGER.info("No GPU is used: the job asks for %s, and is run by the processor of this machine.", job.instance_type)
    LOGGER.info("---- Parameters ----")
    for field in dataclasses.fields(job.hyperparameters):
        value = getattr(job.hyperparameters, field.name)
        if value is not None and value != ():
            LOGGER.info("%s: %s", field.name, value)
    if job.hyperparameters.checkpoint_frequency is None:
        LOGGER.info("checkpoint_frequency not set, will store the best model")
    LOGGER.info("--------------------")
