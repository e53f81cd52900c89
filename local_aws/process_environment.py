"""The environment variables that every process of this local AWS begins with: nothing of them is the server's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# of the machine rather than of the server: without them libraries are not found, or run more threads than is
# good
OF_THE_MACHINE = ("TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def base_environment(region: str, endpoint_url: str, home: Path, scratch: Path, programs: str = "") -> dict[str, str]:
    """A container's variables before its own.

    PATH begins with `programs`, if any, and then has the folder of this interpreter, so that `python3` is this one.
    """
    found = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
    folders = [programs, str(Path(sys.executable).parent), SYSTEM_PATH]
    return found | {
        "PATH": ":".join(folder for folder in folders if folder),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "UTF-8",
        # there is no network: a requirement that is met stays so, another fails at once
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
