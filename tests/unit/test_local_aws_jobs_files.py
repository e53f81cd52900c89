"""Which S3 object becomes which file of a container, and which text names which path."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from moto.s3.models import S3Backend, s3_backends

from local_aws.objects import ObjectStore
from local_aws.sagemaker.jobs import inputs
from local_aws.sagemaker.jobs.archives import UnsafeArchive, extract
from local_aws.sagemaker.jobs.control import JobFailed
from local_aws.sagemaker.jobs.outputs import files_below
from local_aws.sagemaker.jobs.path_mapping import PathMapping, PathOutside


@pytest.fixture
def objects() -> ObjectStore:
    # the names of buckets are moto's only state outside its backends
    s3_backends.bucket_accounts.pop("bucket", None)
    backend = S3Backend("aws", "123456789012")
    backend.create_bucket("bucket", "us-east-1")
    return ObjectStore(backend)


@pytest.mark.parametrize(
    ("prefix", "keys", "paths"),
    [
        ("a/b", ["a/b/c.txt", "a/b/d/e.txt"], ["c.txt", "d/e.txt"]),
        ("a/b/", ["a/b/c.txt"], ["c.txt"]),
        ("a/b.txt", ["a/b.txt"], ["b.txt"]),
        ("a/b", ["a/b/c.txt", "a/bc/d.txt"], ["c.txt", "bc/d.txt"]),
        ("a/part-", ["a/part-0.csv", "a/part-1.csv"], ["part-0.csv", "part-1.csv"]),
        ("", ["x.txt", "y/z.txt"], ["x.txt", "y/z.txt"]),
        ("a/", ["a/", "a/b/", "a/b/c.txt"], ["b/c.txt"]),
    ],
)
def test_a_prefix_is_a_prefix_of_text(objects: ObjectStore, prefix: str, keys: list[str], paths: list[str]) -> None:
    for key in keys:
        objects.write("bucket", key, b"")
    assert [item.path for item in inputs.find(objects, f"s3://bucket/{prefix}")] == paths


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["a/../../etc/passwd"], "illegal char sub-sequence '..'"),
        (["a/b//c.txt"], "illegal char sub-sequence '//'"),
        (["a/b", "a/b/c.txt"], "which is a file of this input"),
    ],
)
def test_keys_that_are_no_paths_are_refused(objects: ObjectStore, keys: list[str], message: str) -> None:
    for key in keys:
        objects.write("bucket", key, b"")
    with pytest.raises(JobFailed, match=message):
        inputs.find(objects, "s3://bucket/a/")


def test_a_manifest_lists_names_below_its_prefix(objects: ObjectStore) -> None:
    objects.write("bucket", "d/x/1.txt", b"")
    objects.write("bucket", "list", json.dumps([{"prefix": "s3://bucket/d/"}, "x/1.txt"]).encode())
    (item,) = inputs.find(objects, "s3://bucket/list", "ManifestFile")
    assert (item.key, item.path) == ("d/x/1.txt", "x/1.txt")


@pytest.mark.parametrize("text", ["", "[]", "{}", '["x"]', '[{"prefix": "s3://bucket/"}, 7]', "not JSON"])
def test_a_manifest_of_another_form_is_refused(objects: ObjectStore, text: str) -> None:
    objects.write("bucket", "list", text.encode())
    with pytest.raises(JobFailed, match=r"the manifest s3://bucket/list is not of the form"):
        inputs.find(objects, "s3://bucket/list", "ManifestFile")


def test_shards_together_are_the_whole_input(objects: ObjectStore) -> None:
    for number in range(7):
        objects.write("bucket", f"d/{number}", b"")
    found = inputs.find(objects, "s3://bucket/d/")
    shards = [inputs.shard(found, host, 3) for host in range(3)]
    assert sorted(item.key for shard in shards for item in shard) == [item.key for item in found]
    assert [len(shard) for shard in shards] == [3, 2, 2]


def test_gzip_is_inflated_and_damaged_gzip_refused(objects: ObjectStore, tmp_path: Path) -> None:
    objects.write("bucket", "d/a.csv.gz", gzip.compress(b"1,2"))
    inputs.download(objects, inputs.find(objects, "s3://bucket/d/"), tmp_path, inflate=True)
    assert (tmp_path / "a.csv").read_bytes() == b"1,2"
    objects.write("bucket", "d/a.csv.gz", b"no gzip")
    with pytest.raises(JobFailed, match=r"s3://bucket/d/a\.csv\.gz"):
        inputs.download(objects, inputs.find(objects, "s3://bucket/d/"), tmp_path, inflate=True)


@pytest.mark.parametrize(
    ("text", "mapped"),
    [
        ("/opt/ml/model", "/job/ml/model"),
        ("/opt/ml", "/job/ml"),
        ("chmod +x /opt/ml/a.sh && '/opt/ml/a.sh'", "chmod +x /job/ml/a.sh && '/job/ml/a.sh'"),
        ("--path=/opt/ml/x:/opt/ml/y", "--path=/job/ml/x:/job/ml/y"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("/srv/opt/ml/x", "/srv/opt/ml/x"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml-old", "/opt/ml-old"),
    ],
)
def test_only_the_containers_own_root_is_mapped(text: str, mapped: str) -> None:
    mapping = PathMapping(Path("/job/ml"))
    assert mapping.text(text) == mapped
    assert mapping.text(mapping.text(text)) == mapped


@pytest.mark.parametrize("path", ["/data", "/opt/mlx", "/opt/ml/../x", "opt/ml/x", "/opt/ml/a/../../../etc"])
def test_a_path_outside_is_refused(path: str) -> None:
    with pytest.raises(PathOutside):
        PathMapping(Path("/job/ml")).folder(path)


def test_code_is_rewritten_loose_and_in_archives_data_is_not(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("open('/opt/ml/model/x')")
    (tmp_path / "data.bin").write_bytes(b"/opt/ml/model")
    (tmp_path / "latin.py").write_bytes(b"# \xe9 /opt/ml/model")
    source = tar_of({"a.py": b"'/opt/ml/code'", "b.bin": b"/opt/ml/code"})
    (tmp_path / "sourcedir.tar.gz").write_bytes(source)
    PathMapping(Path("/job/ml")).rewrite_code(tmp_path)
    assert (tmp_path / "run.py").read_text() == "open('/job/ml/model/x')"
    assert (tmp_path / "data.bin").read_bytes() == b"/opt/ml/model"
    assert (tmp_path / "latin.py").read_bytes() == b"# \xe9 /opt/ml/model"
    extract((tmp_path / "sourcedir.tar.gz").read_bytes(), tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "a.py").read_bytes() == b"'/job/ml/code'"
    assert (tmp_path / "unpacked" / "b.bin").read_bytes() == b"/opt/ml/code"


def tar_of(files: dict[str, bytes], *members: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return target.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "content",
    [
        tar_of({"fine.txt": b"", "../evil.txt": b""}),
        tar_of({"fine.txt": b"", "/etc/evil.txt": b""}),
        tar_of({"fine.txt": b""}, link("up", "..")),
        tar_of({"fine.txt": b""}, link("up", "/etc/passwd")),
        tar_of({"fine.txt": b""}, link("hard", "../x", tarfile.LNKTYPE)),
        tar_of({"fine.txt": b""}, link("device", "", tarfile.CHRTYPE)),
        b"no archive at all",
        tar_of({"fine.txt": b"x" * 5000})[:60],
    ],
    ids=["climbs", "absolute", "link to a folder", "link to a file", "hard link", "device", "no archive", "truncated"],
)
def test_an_unsafe_archive_is_refused_and_nothing_is_written(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsafeArchive):
        extract(content, tmp_path / "inside")
    assert list(tmp_path.rglob("*.txt")) == []


def test_links_inside_an_archive_are_kept(tmp_path: Path) -> None:
    extract(tar_of({"a/x.txt": b"x"}, link("b", "a")), tmp_path)
    assert (tmp_path / "b" / "x.txt").read_bytes() == b"x"


def test_outputs_are_found_in_order_without_symbolic_links(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    assert [name for _, name in files_below(tmp_path)] == ["a.txt", "b/1.txt", "b/2.txt"]
