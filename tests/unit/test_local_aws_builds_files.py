"""Buildspecs, patterns of files, test results and secrets as data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from local_aws.builds import buildspec, junit
from local_aws.builds.artifacts import zipped
from local_aws.builds.buildspec import FileSet
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.files import find, matches_any
from local_aws.builds.secrets import Mask, member_of, parse_reference
from tests.unit.local_aws_builds_service import spec

BUILD = {"build": {"commands": ["true"]}}


def test_a_buildspec_with_everything() -> None:
    found = buildspec.parse("""
version: 0.2
run-as: root
proxy: {logs: yes}
env:
  shell: bash
  variables: {DEBUG: true, COUNT: 3}
  parameter-store: {TOKEN: /app/token}
  secrets-manager: {WORD: "app:word"}
  exported-variables: [ARN]
  git-credential-helper: yes
phases:
  install: {runtime-versions: {python: 3.11}}
  build: {run-as: me, commands: make, finally: [echo end], on-failure: CONTINUE}
reports:
  arn:aws:codebuild:us-east-1:123456789012:report-group/a: {files: "*.xml", base-directory: o, file-format: junitxml}
artifacts: {files: ["**/*"], exclude-paths: [tmp/*], name: made, discard-paths: no}
cache: {paths: [/root/.cache/**/*]}
""")
    assert (found.shell, found.exported) == ("/bin/bash", ("ARN",))
    assert found.variables == {"DEBUG": "true", "COUNT": "3"} and found.secrets == {"WORD": "app:word"}
    assert found.phases["install"].runtimes == {"python": "3.11"} and found.phases["install"].commands == ()
    phase = found.phases["build"]
    assert (phase.commands, phase.finally_, phase.on_failure) == (("make",), ("echo end",), "CONTINUE")
    assert found.artifacts == FileSet(("**/*",), ("tmp/*",), ".", False, "made")
    (report,) = found.reports.values()
    assert report.format == "JUNITXML" and report.files.base_directory == "o"
    assert set(found.ignored) == {"run-as", "proxy", "cache", "env/git-credential-helper", "build/run-as"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 0.1\nphases: {}", "version 0.1 is not supported"),
        ("phases: {}", "version None"),
        ("- a", "not a mapping"),
        ("version: 0.2\nphases: [", "expected"),
        (spec(phases={}), "at least one phase"),
        (spec(phases={"test": {"commands": []}}), "unknown phases: test"),
        (spec(phases={"build": {}}), "build has no commands"),
        (spec(phases={"build": {"commands": [{"echo a": "b"}]}}), "put it in quotes"),
        (spec(phases={"build": {"commands": ["a"], "on-failure": "RETRY"}}), "on-failure of build is RETRY"),
        (spec(phases={"install": {"runtime-versions": {"nodejs": 20}}}), "nodejs is not there"),
        (spec(phases={"build": {"commands": ["a"], "runtime-versions": {"python": 3}}}), "belong to the phase install"),
        (spec(env={"shell": "powershell.exe"}, phases=BUILD), "powershell.exe is not there"),
        (spec(env={"variables": {"A": ["b"]}}, phases=BUILD), "env/variables/A"),
        (spec(env={"exported-variables": ["$(rm)"]}, phases=BUILD), "not a variable"),
        (spec(env=[], phases=BUILD), "env is not a mapping"),
        (spec(phases=BUILD, reports={"a": {}}), "a names no files"),
        ("version: 0.2\nphases: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
def test_what_is_no_buildspec_is_refused(text: str, told: str) -> None:
    with pytest.raises(PhaseFailed) as error:
        buildspec.parse(text)
    assert error.value.status_code == "YAML_FILE_ERROR" and told in error.value.message


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("*", ["a", "a.txt"], ["a/b"]),
        ("**/*", ["a", "a/b", "a/b/c.txt"], []),
        ("a/**/*", ["a/b", "a/b/c"], ["b/a", "a"]),
        ("a/*.txt", ["a/b.txt"], ["a/b/c.txt", "a/b.txtx"]),
        ("./a?c", ["abc"], ["a/c", "ac"]),
        ("build/reports/**", ["build/reports/a", "build/reports/b/c"], ["build/a"]),
        ("a[1].txt", ["a[1].txt"], ["a1.txt"]),
    ],
)
def test_patterns(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert all(matches_any(name, (pattern,)) for name in fitting)
    assert not any(matches_any(name, (pattern,)) for name in others)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "src"
    for name in ("my-build1/one.txt", "my-build2/two.txt", "my-build2/sub/three.txt", "other.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "outside.txt").write_text("not of the build")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "up").symlink_to(tmp_path)
    return root


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"files": ("**/*",)}, ["my-build1/one.txt", "my-build2/sub/three.txt", "my-build2/two.txt", "other.txt"]),
        ({"files": ("*/three.txt",), "base_directory": "my-build2"}, ["sub/three.txt"]),
        (
            {"files": ("**/*",), "base_directory": "my-build*", "discard_paths": True},
            ["one.txt", "three.txt", "two.txt"],
        ),
        ({"files": ("**/*",), "exclude": ("my-*/**/*",)}, ["other.txt"]),
        ({"files": ("*",), "base_directory": ".."}, []),
        ({"files": ("*",), "base_directory": "/etc"}, []),
        ({"files": ("../outside.txt", "link.txt", "up/*")}, []),
    ],
)
def test_files_are_found_below_their_bases_and_nowhere_else(
    tree: Path, wanted: dict[str, Any], names: list[str]
) -> None:
    assert [file.name for file in find(tree, FileSet(**wanted))] == names


def test_equal_files_make_equal_zip_files(tree: Path) -> None:
    files = find(tree, FileSet(("**/*.txt",)))
    first = zipped(files)
    os.utime(tree / "other.txt", (1_000_000_000, 1_000_000_000))
    assert zipped(files) == first


def test_test_results_of_nested_suites() -> None:
    content = b"""<?xml version="1.0"?><testsuites><testsuite name="outer"><testcase name="a" time="1,000.5"/>
    <testsuite name="inner"><testcase classname="c" name="b" time="nan"><error>broken</error></testcase></testsuite>
    </testsuite></testsuites>"""
    found = [(case.name, case.status, case.suite, case.nanoseconds, case.message) for case in junit.read(content, "r")]
    assert found == [("a", "SUCCEEDED", "outer", 1_000_500_000_000, ""), ("b", "ERROR", "inner", 0, "broken")]
    assert [case.suite for case in junit.read(b'<testsuite name="s"><testcase name="a"/></testsuite>', "r")] == ["s"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><testsuites>&d;</testsuites>', "document type a"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuites/>', "document type a"),
        (b"<html/>", "root element is html"),
        (b"{}", "not XML"),
        (b"", "not XML"),
    ],
)
def test_what_holds_no_test_results_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(junit.NotReadable, match=told):
        junit.read(content, "r")


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("app", ("app", "", "", "")),
        ("app:key", ("app", "key", "", "")),
        ("app:key:AWSPREVIOUS", ("app", "key", "AWSPREVIOUS", "")),
        ("app:::v1", ("app", "", "", "v1")),
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf:key",
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf", "key", "", ""),
        ),
    ],
)
def test_references_to_secrets(reference: str, parts: tuple[str, ...]) -> None:
    assert parse_reference(reference) == parts


def test_references_that_are_none_and_keys_that_are_missing() -> None:
    for reference in ("", "a:b:c:d:e"):
        with pytest.raises(PhaseFailed):
            parse_reference(reference)
    assert member_of('{"a": {"b": 1}}', "a", "app") == '{"b": 1}'
    for text in ("[]", "no json", '{"b": 1}'):
        with pytest.raises(PhaseFailed, match="has no key a"):
            member_of(text, "a", "app")


def test_the_mask_hides_the_longest_first_and_lines_that_could_be_a_secret() -> None:
    mask = Mask(["abc", "abcdef", "{\n  secret line\n}\n", ""])
    assert mask("abcdef abc {x} secret line") == "*** *** {x} ***"
    assert Mask([])("as it is") == "as it is"
