"""`scones new`: stamps a project of another name for two other classes out of this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called: up to 32 letters, digits, hyphens.")],
    classes: Annotated[
        str | None, typer.Option(metavar="A,B", help="Two fine classes of CIFAR-100, by name or number: bus,streetcar.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="An empty folder, or one to make (default: NAME beside this repository).")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder with a subfolder of PNG or JPEG pictures for each class, instead.")
    ] = None,
) -> None:
    """Stamp a project for another pair of classes, which passes its own tests and runs its own demo.

    The classes are CIFAR-100's, or with --pictures those of a folder: FOLDER/A and FOLDER/B, at least 100 different
    pictures each, which become an archive in the project. Exit codes: 0 stamped, 1 refused.
    """
    from pipelines.source_code import PROJECT_ROOT
    from seed_code.stamp_identity import StampRefused
    from seed_code.stamp_project import Wanted, stamp_project

    if classes is None and pictures is None:
        raise StampRefused("which classes? --classes A,B of CIFAR-100, or --pictures FOLDER with two subfolders")
    folder = output or PROJECT_ROOT.parent / name
    stamped = stamp_project(Wanted(name, classes, folder, pictures))
    first, second = stamped.identity.classes
    print(f"{stamped.identity.name} tells {first} from {second}: {stamped.files} files in {folder}")
    for each, counts in stamped.pictures.items():
        print(f"{each}: {counts.train} pictures to train with, {counts.test} to test with")
    print(f"Next: cd {folder} && git init && make demo")
