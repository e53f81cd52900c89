"""Zip files with code: what is unpacked, and what never is."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from local_aws.functions import archive
from local_aws.functions.archive import CodeNotUsable


def zip_of(*members: tuple[zipfile.ZipInfo | str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for member, text in members:
            file.writestr(member, text)
    return content.getvalue()


def linked(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def test_files_and_folders_are_unpacked_over_what_is_there(tmp_path):
    (tmp_path / "app.py").write_text("old")
    script = zipfile.ZipInfo("bin/run")
    script.external_attr = (stat.S_IFREG | 0o4755) << 16
    size = archive.unpack(zip_of(("app.py", "new"), ("data/", ""), (script, "#!")), tmp_path)
    assert size == 5
    assert (tmp_path / "app.py").read_text() == "new"
    assert (tmp_path / "data").is_dir()
    assert stat.S_IMODE((tmp_path / "bin/run").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip file", "Could not unzip uploaded file"),
        (zip_of(("../outside.py", "x")), "outside the folder"),
        (zip_of(("a/../../outside.py", "x")), "outside the folder"),
        (zip_of(("/outside.py", "x")), "outside the folder"),
        (zip_of((linked("link"), "/etc")), "neither a file nor a folder"),
    ],
)
def test_what_does_not_belong_in_the_folder_is_refused_before_anything_is_written(tmp_path, content, message):
    folder = tmp_path / "task"
    with pytest.raises(CodeNotUsable, match=message):
        archive.unpack(content, folder)
    assert list(tmp_path.rglob("*")) == [folder]


def test_code_and_layers_together_stay_below_the_limit(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_UNZIPPED", 1000)
    content = zip_of(("big", "0" * 900))
    assert archive.check(content) == 900
    with pytest.raises(CodeNotUsable, match="Unzipped size must be smaller than 1000 bytes"):
        archive.check(content, already=101)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path):
    content = bytearray(zip_of(("big", "0" * 900)))
    at = content.rindex((900).to_bytes(4, "little"))
    content[at : at + 4] = (9).to_bytes(4, "little")
    with pytest.raises(CodeNotUsable, match="cannot be unpacked"):
        archive.unpack(bytes(content), tmp_path)
    assert all(file.stat().st_size <= 9 for file in tmp_path.iterdir())
