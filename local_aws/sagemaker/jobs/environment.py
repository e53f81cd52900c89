"""A container's environment variables: its image's, its account's, its request's, nothing of the server's."""

from __future__ import annotations

from typing import Any

from local_aws.process_environment import base_environment
from local_aws.sagemaker.context import Context
from local_aws.sagemaker.jobs.tree import JobTree


def container_environment(context: Context, tree: JobTree, *requested: dict[str, str]) -> dict[str, str]:
    """The variables that every container has, then the requested ones (later win), their /opt/ml mapped.

    HOME is shared by all containers, for the caches that libraries keep there. `python3` is this interpreter.
    """
    home = context.state_dir.absolute() / "home"
    home.mkdir(exist_ok=True)
    environment = base_environment(context.region, context.endpoint_url, home, tree.scratch)
    environment["SAGEMAKER_BASE_DIR"] = str(tree.opt_ml)
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
