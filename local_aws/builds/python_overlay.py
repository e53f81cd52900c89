"""A build's own place for Python packages, over those of the server's Python.

What a build installs stays in the build: `pip` finds the server's packages, so that a requirement that is met stays
as it is, and puts new ones beside the build. The server's own environment is the user's, and never written to.
"""

from __future__ import annotations

import site
import sys
import venv
from pathlib import Path

PIP = """#!/bin/sh
exec "{python}" -m pip "$@"
"""


def make(folder: Path) -> Path:
    """Make it; the folder of its programs, `python` and `pip` among them."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    programs = folder / "bin"
    for site_packages in folder.glob("lib*/python*/site-packages"):
        # by a statement, so that the editable installs in there are found too
        lines = [f"import site; site.addsitedir({path!r})\n" for path in _of_the_server()]
        (site_packages / "of_the_server.pth").write_text("".join(lines))
    for name in ("pip", "pip3"):
        program = programs / name
        program.write_text(PIP.format(python=programs / "python"))
        program.chmod(0o755)
    return programs


def _of_the_server() -> list[str]:
    found = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return [path for path in found if path in sys.path]
