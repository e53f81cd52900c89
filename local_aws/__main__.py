"""`python -m local_aws`: run one local AWS in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
from pathlib import Path


def main() -> int:
    """Parse the flags and serve. Exit codes: 0 stopped as asked, 1 could not start."""
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--state", type=Path, required=True, help="folder for all state; made if it is not there")
    parser.add_argument("--region", default="us-east-1", help="AWS region to be (default us-east-1)")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)

    # the start makes half a million objects that all stay: collecting among them would be a tenth of its time
    gc.disable()
    from local_aws.moto_patches import MotoVersionMismatch
    from local_aws.server import LocalAws, PortInUse, StateInUse
    from local_aws.snapshot import SnapshotUnreadable

    try:
        server = LocalAws(arguments.state.resolve(), arguments.port, arguments.region)
    except (PortInUse, StateInUse, MotoVersionMismatch, SnapshotUnreadable) as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 1
    gc.freeze()
    gc.enable()
    with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        server.serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
