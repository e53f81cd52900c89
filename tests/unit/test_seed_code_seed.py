"""The seed: the same bytes from git and without it, and nothing in it that should not leave the machine."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from seed_code import package, seed
from seed_code.package import upload_seed
from seed_code.secrets import looks_secret
from seed_code.seed import SeedRefused, read_files, read_seed

ROOT = Path(__file__).resolve().parents[2]
IGNORE = "build/\n__pycache__/\n*.log\n/local.txt\n!keep.log\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("buildspec.yml", "setup.py", "requirements.txt", "pipelines/a.py", "pipelines/local.txt", "ä/b c.md"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / ".gitignore").write_text(IGNORE)
    for name in ("build/x.txt", "pipelines/__pycache__/a.pyc", "pipelines/b.log", "local.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("ignored")
    (root / "pipelines" / "keep.log").write_text("kept")
    program = root / ".ci" / "run"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return root


BELONGS = {
    *(".ci/run", ".gitignore", "buildspec.yml", "pipelines/a.py", "pipelines/keep.log", "pipelines/local.txt"),
    *("requirements.txt", "setup.py", "ä/b c.md"),
}


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    home = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, env=home)


def test_the_same_bytes_with_and_without_git_whatever_times_and_modes_files_have(tree: Path, tmp_path: Path) -> None:
    without = read_seed(tree)
    other = tmp_path / "elsewhere"
    shutil.copytree(tree, other)
    git(other, "init", "-q")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "x")
    for path in other.rglob("*"):
        if ".git" not in path.parts and path.is_file():
            os.utime(path, (1, 1))
            path.chmod(0o700 if path.name == "run" else 0o600)
    assert read_seed(other) == without == read_seed(tree)
    assert without.files == len(BELONGS)
    with zipfile.ZipFile(io.BytesIO(without.content)) as zipped:
        members = {member.filename: member for member in zipped.infolist()}
        assert list(members) == sorted(BELONGS)
        modes = {name for name, member in members.items() if member.external_attr >> 16 & 0o111}
        assert modes == {".ci/run"}
        assert {member.date_time for member in members.values()} == {(1980, 1, 1, 0, 0, 0)}
        # no compressor: its versions write different bytes
        assert {member.compress_type for member in members.values()} == {zipfile.ZIP_STORED}
        assert zipped.read("ä/b c.md").decode() == "ä/b c.md"


def test_it_is_the_working_tree_and_not_the_last_commit(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "x")
    (tree / "pipelines" / "a.py").write_text("changed")
    (tree / "pipelines" / "new.py").write_text("new")
    (tree / "ä" / "b c.md").unlink()
    files = read_files(tree)
    assert files["pipelines/a.py"].content == b"changed"
    assert set(files) == BELONGS - {"ä/b c.md"} | {"pipelines/new.py"}


def test_a_changed_byte_or_mode_is_another_seed(tree: Path) -> None:
    before = read_seed(tree).digest
    (tree / "pipelines" / "a.py").chmod(0o755)
    changed = read_seed(tree).digest
    (tree / "pipelines" / "a.py").write_text("2")
    assert len({before, changed, read_seed(tree).digest}) == 3


def refused(tree: Path) -> str:
    with pytest.raises(SeedRefused) as caught:
        read_seed(tree)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_project_is_refused(tree: Path, tmp_path: Path) -> None:
    (tree / "buildspec.yml").unlink()
    assert "there is no buildspec.yml: give the folder of a whole project" in refused(tree)
    assert "there is no .gitignore" in refused(tmp_path)
    (tree / ".git").mkdir()
    assert "git says: fatal: " in refused(tree)


def test_large_files_and_links_are_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "LARGEST_SEED", 50)
    assert "bytes, a seed 50 at most" in refused(tree)
    monkeypatch.setattr(seed, "LARGEST_FILE", 12)
    assert refused(tree).startswith(".gitignore: has ")
    monkeypatch.undo()
    (tree / "pipelines" / "link.py").symlink_to("/etc/passwd")
    assert refused(tree).startswith("pipelines/link.py: is no file of its own")


def test_a_secret_is_refused_by_name_and_by_content(tree: Path) -> None:
    (tree / "pipelines" / ".env").write_text("PASSWORD=x")
    assert refused(tree) == (
        "pipelines/.env: looks like a file of secrets: take it out of the tree, or put it into .gitignore"
    )
    (tree / "pipelines" / ".env").unlink()
    key = "AKIA" + "Z7" * 8
    (tree / "notes.md").write_text(f"key: {key}")
    told = refused(tree)
    assert told.startswith("notes.md: looks like an AWS access key") and key not in told


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a/server.PEM", b""),
        ("id_rsa", b""),
        ("x.py", b"aws_secret_access_key = '" + b"aB3/" * 10 + b"'"),
        ("x.txt", b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIE" * 8),
        ("x.txt", b"gh" + b"p_" + b"a1B2" * 9),
    ],
)
def test_these_look_secret(path: str, content: bytes) -> None:
    assert looks_secret(path, content)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".env.example", b"PASSWORD="),
        ("keys.py", b"KEY = 'AKIAIOSFODNN7EXAMPLE'"),
        ("x.py", b"aws_secret_access_key='test'"),
        ("x.py", b"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("x.py", b"'-----BEGIN PRIVATE KEY-----' is how a key begins"),
    ],
)
def test_these_do_not(path: str, content: bytes) -> None:
    assert looks_secret(path, content) is None


class S3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts = 0

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if f"{Bucket}/{Key}" not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        return {}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.puts += 1
        self.objects[f"{Bucket}/{Key}"] = Body


def test_it_is_uploaded_once_under_its_digest(tree: Path) -> None:
    s3 = S3()
    where = upload_seed(s3, "b", tree)
    made = read_seed(tree)
    assert (where.bucket, where.key) == ("b", f"scones/seed/{made.digest}.zip")
    assert upload_seed(s3, "b", tree) == where
    assert (s3.puts, s3.objects) == (1, {f"b/{where.key}": made.content})


def test_it_can_be_written_to_a_file(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        package.main(["--root", str(tree), "--output", str(tmp_path / "seed.zip")])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    made = read_seed(tree)
    assert (told["digest"], told["files"]) == (made.digest, made.files)
    assert (tmp_path / "seed.zip").read_bytes() == made.content
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".seed")]


def test_bad_input_is_one_line(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "setup.py").unlink()
    with pytest.raises(SystemExit) as ended:
        package.main(["--root", str(tree), "--output", "seed.zip"])
    error = capsys.readouterr().err
    assert ended.value.code == 1 and error.startswith("error: ") and error.count("\n") == 1


def test_this_repository_can_be_seeded_and_its_seed_is_as_large_as_it_says(tmp_path: Path) -> None:
    output = tmp_path / "seed.zip"
    command = [sys.executable, "-m", "seed_code.package", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(output) as zipped:
        assert zipped.testzip() is None
        names = set(zipped.namelist())
    assert json.loads(done.stdout)["files"] == len(names)
    assert {"buildspec.yml", "pipelines/retraining/template.yaml", ".gitignore", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith((".venv/", "build/", ".git/")) or "__pycache__" in name]
