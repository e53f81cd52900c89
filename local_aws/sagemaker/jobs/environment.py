"""A container's environment variables: its image's, its account's, its request's, nothing of the server's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.tree import JobTree

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# of the machine rather than of the server: without them libraries are not found, or run more threads than is
# good
OF_THE_MACHINE = ("TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def container_environment(context: Context, tree: JobTree, *requested: dict[str, str]) -> dict[str, str]:
    """The variables that every container has, then the requested ones (later win), their /opt/ml mapped.

    HOME is shared by all containers, for the caches that libraries keep there. `python3` is this interpreter.
    """
    home = context.state_dir.absolute() / "home"
    home.mkdir(exist_ok=True)
    environment = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "TMPDIR": str(tree.scratch),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "UTF-8",
        # a requirement that is met already stays so; pip installs nothing else into this environment
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "SAGEMAKER_BASE_DIR": str(tree.opt_ml),
        "AWS_REGION": context.region,
        "AWS_DEFAULT_REGION": context.region,
        "AWS_ENDPOINT_URL": context.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for variables in requested:
        environment |= tree.mapping.value(variables)
    return environment


def resource_config(hosts: int, host: int, instance_type: str) -> dict[str, Any]:
    """The content of resourceconfig.json on one host (counted from 0) of a cluster of equal instances."""
    names = host_names(hosts)
    return {
        "current_host": names[host],
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": names,
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": names}
        ],
        "network_interface_name": "lo",
    }


def host_names(hosts: int) -> list[str]:
    """algo-1, algo-2, …"""
    return [f"algo-{number}" for number in range(1, hosts + 1)]
