"""Builds that really run: what commands see and leave, how phases follow one another, how a build is ended."""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
import yaml

from local_aws.builds.records import IN_PROGRESS, Build, Phase
from tests.unit.local_aws_builds_service import (
    BUCKET,
    NO_ARTIFACTS,
    Service,
    commands,
    context_of,
    phases_of,
    spec,
    zipped,
)
from tests.waiting import wait_until

ALL = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
GOOD = dict.fromkeys((*ALL, "UPLOAD_ARTIFACTS", "FINALIZING"), "SUCCEEDED") | {"COMPLETED": None}
JUNIT = """<testsuites><testsuite name="all">
<testcase classname="units" name="passes" time="0.25"/>
<testcase classname="units" name="fails" time="1"><failure message="1 is not 2">trace</failure></testcase>
<testcase classname="units" name="waits"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "state")
    yield made
    made.close()


def without(*phases: str, **changed: str) -> dict[str, str | None]:
    return {name: status for name, status in (GOOD | changed).items() if name not in phases}


def test_a_build_goes_through_all_phases_and_variables_and_folder_persist(service: Service) -> None:
    buildspec = spec(
        env={
            "variables": {"OF_SPEC": "spec", "OF_PROJECT": "spec", "OF_START": "spec"},
            "exported-variables": ["MADE", "PLAIN", "NEVER"],
        },
        phases={
            "install": {"runtime-versions": {"python": "3.9"}, "commands": ["mkdir deep && cd deep", "PLAIN='a b'"]},
            "pre_build": {"commands": ["export MADE=yes", "pwd; echo folder $PLAIN"]},
            "build": {"commands": ["echo $OF_SPEC $OF_PROJECT $OF_START", "(exit 0); exit 0; echo never"]},
            "post_build": {"commands": ["echo end $MADE $CODEBUILD_BUILD_SUCCEEDING $CODEBUILD_LAST_EXIT"]},
        },
    )
    environment = {"type": "LINUX_CONTAINER", "image": "some/image", "computeType": "BUILD_GENERAL1_SMALL"}
    variables = [{"name": name, "value": "project"} for name in ("OF_PROJECT", "OF_START")]
    project = service.project("whole", buildspec, environment={**environment, "environmentVariables": variables})
    build = service.run(project, environmentVariablesOverride=[{"name": "OF_START", "value": "start"}])
    assert phases_of(build) == GOOD and build["buildStatus"] == "SUCCEEDED" and build["currentPhase"] == "COMPLETED"
    assert build["buildNumber"] == 1 and build["id"].startswith("whole:") and build["endTime"] >= build["startTime"]
    exported = {each["name"]: each["value"] for each in build["exportedEnvironmentVariables"]}
    assert exported == {"MADE": "yes", "PLAIN": "a b", "NEVER": ""}
    lines = service.log(build)
    folder = lines[lines.index("folder a b") - 1]
    assert folder.endswith("/src/deep") and "spec project start" in lines and "end yes 1 0" in lines
    assert "never" not in lines
    assert any("runtime-versions: python 3.9 is asked for" in line for line in lines)
    assert not Path(folder).exists(), "the build's folder goes with it"


def test_the_environment_is_the_services_and_nothing_of_the_servers(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "oops")
    build = service.run(service.project("environment", commands(build=["env -0 | tr '\\0' '\\n'"])))
    found = dict(line.split("=", 1) for line in service.log(build) if "=" in line and not line.startswith("[Cont"))
    assert found["CODEBUILD_BUILD_ID"] == build["id"] and found["CODEBUILD_BUILD_ARN"] == build["arn"]
    assert found["CODEBUILD_INITIATOR"] == "local" and found["CODEBUILD_CI"] == "true"
    assert found["AWS_DEFAULT_REGION"] == found["AWS_REGION"] == "us-east-1"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1" and found["AWS_ACCESS_KEY_ID"] == "local"
    assert found["CODEBUILD_SRC_DIR"].endswith("/src") and found["HOME"] != os.environ.get("HOME")
    assert "SECRET_OF_THE_SERVER" not in found


def test_what_a_build_installs_is_beside_the_servers_packages_and_goes_with_it(service: Service) -> None:
    setup = "from setuptools import setup; setup(name='of-this-build', version='1', py_modules=['of_this_build'])"
    script = "import of_this_build, yaml; print(of_this_build.__file__); print(yaml.__file__)"
    buildspec = commands(
        install=["pip install --no-deps --no-build-isolation . && pip install --no-deps pyyaml"],
        build=[f'cd / && python -c "{script}"'],
    )
    files = {"setup.py": setup, "of_this_build.py": "", "buildspec.yml": buildspec}
    source = {"type": "S3", "location": service.put("install.zip", zipped(**files))}
    build = service.run(service.project("python", source=source))
    lines = service.log(build)
    assert build["buildStatus"] == "SUCCEEDED", lines
    own, servers = [line for line in lines if line.startswith("/")]
    assert f"/builds/{build['id'].partition(':')[2]}/python/" in own and servers == yaml.__file__
    assert any(line.startswith("Requirement already satisfied: pyyaml") for line in lines)
    assert not Path(own).exists() and importlib.util.find_spec("of_this_build") is None


@pytest.mark.parametrize(
    ("phase", "left"),
    [
        ("install", without("PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", INSTALL="FAILED")),
        ("pre_build", without("BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", PRE_BUILD="FAILED")),
        ("build", without(BUILD="FAILED")),
        ("post_build", without(POST_BUILD="FAILED")),
    ],
)
def test_what_follows_a_failure_depends_on_the_phase(service: Service, phase: str, left: dict[str, str | None]) -> None:
    phases = {name: {"commands": [f"echo in {name}"]} for name in ("install", "pre_build", "build", "post_build")}
    phases[phase] = {
        "commands": ["echo first", "exit 7", "echo skipped"],
        "finally": ["echo at last $CODEBUILD_BUILD_SUCCEEDING"],
    }
    phases["post_build"]["commands"].insert(0, "echo succeeding $CODEBUILD_BUILD_SUCCEEDING")
    build = service.run(service.project("failing", spec(phases=phases)))
    assert phases_of(build) == left and build["buildStatus"] == "FAILED" and build["buildComplete"]
    assert context_of(build, phase.upper()) == (
        "COMMAND_EXECUTION_ERROR",
        "Error while executing command: exit 7. Reason: exit status 7",
    )
    lines = service.log(build)
    assert "first" in lines and "at last 1" in lines and "skipped" not in lines
    if phase in ("build", "post_build"):
        assert ("succeeding 0" if phase == "build" else "succeeding 1") in lines


def test_on_failure_goes_on_or_aborts(service: Service) -> None:
    go_on = spec(phases={"install": {"on-failure": "CONTINUE", "commands": ["false"]}, "build": {"commands": ["true"]}})
    abort = spec(phases={"build": {"on-failure": "ABORT", "commands": ["false"]}, "post_build": {"commands": ["true"]}})
    first = service.run(service.project("goes-on", go_on))
    assert phases_of(first) == without(INSTALL="FAILED") and first["buildStatus"] == "FAILED"
    second = service.run(service.project("aborts", abort))
    assert phases_of(second) == without("POST_BUILD", "UPLOAD_ARTIFACTS", BUILD="FAILED")


def test_a_command_of_finally_that_fails_fails_the_phase(service: Service) -> None:
    build = service.run(service.project("last", spec(phases={"build": {"commands": ["true"], "finally": ["exit 2"]}})))
    assert phases_of(build)["BUILD"] == "FAILED" and "exit status 2" in context_of(build, "BUILD")[1]


def test_bash_where_it_is_asked_for_and_scripts_of_several_lines(service: Service) -> None:
    script = "for each in 1 2; do\n  [[ $each == 2 ]] && echo found $each\ndone\ncat <<END\nhere $HOME_OF\nEND"
    buildspec = spec(
        env={"shell": "bash", "variables": {"HOME_OF": 'it\'s "quoted"'}}, phases={"build": {"commands": [script]}}
    )
    build = service.run(service.project("bash", buildspec))
    lines = service.log(build)
    assert "found 2" in lines and 'here it\'s "quoted"' in lines and build["buildStatus"] == "SUCCEEDED"


def test_secrets_are_in_variables_and_never_in_what_is_shown(service: Service) -> None:
    service.secrets.values = {"/app/token": "hunter2-token", "app:password": "first line\nsecond line"}
    buildspec = spec(
        env={"parameter-store": {"TOKEN": "/app/token"}, "exported-variables": ["TOKEN"]},
        phases={"build": {"commands": ['echo "$TOKEN|$WORD"; test "$TOKEN" = hunter2-token', "hunter2-token"]}},
    )
    source = {"type": "S3", "location": service.put("secret.zip", zipped(**{"buildspec.yml": buildspec}))}
    secret = {"name": "WORD", "value": "app:password", "type": "SECRETS_MANAGER"}
    build = service.run(service.project("secret", source=source), environmentVariablesOverride=[secret])
    lines = service.log(build)
    assert "***|***" in lines and any(line.endswith("Running command ***") for line in lines)
    assert build["exportedEnvironmentVariables"] == [{"name": "TOKEN", "value": "***"}]
    assert context_of(build, "BUILD")[1] == "Error while executing command: ***. Reason: exit status 127"
    shown = json.dumps([lines, build], default=str) + str(service.told)
    assert "app:password" in shown
    assert not [text for text in ("hunter2-token", "first line", "second line") if text in shown]


def test_a_secret_that_is_not_there_fails_before_any_command(service: Service) -> None:
    buildspec = spec(env={"parameter-store": {"TOKEN": "/none"}}, phases={"build": {"commands": ["true"]}})
    build = service.run(service.project("no-secret", buildspec))
    assert list(phases_of(build)) == [*ALL[:4], "FINALIZING", "COMPLETED"]
    assert context_of(build, "DOWNLOAD_SOURCE") == (
        "Decrypted Variables Error",
        "parameter does not exist: /none",
    )


def test_source_from_a_zip_file_with_artifacts_and_reports(service: Service) -> None:
    buildspec = spec(
        phases={
            "build": {"commands": ["cp tests.xml results.xml; mkdir -p out/deep && date > out/deep/now.txt", "false"]}
        },
        reports={"unit": {"files": ["results.xml"]}},
        artifacts={
            "files": ["**/*"],
            "base-directory": "out",
            "name": "made-$(echo here)",
            "secondary-artifacts": {"notes": {"files": ["notes/*.md"], "discard-paths": "yes"}},
        },
    )
    files = {"buildspec.yml": buildspec, "tests.xml": JUNIT, "notes/a.md": "a", "notes/b.md": "b", "notes/c.txt": "c"}
    place = service.put("source/code.zip", zipped(**files))
    made = {"type": "S3", "location": BUCKET, "path": "made", "packaging": "ZIP", "overrideArtifactName": True}
    notes = {"type": "S3", "location": BUCKET, "artifactIdentifier": "notes", "path": "made", "name": "notes"}
    project = service.project(
        "sources",
        source={"type": "S3", "location": place},
        artifacts={**made, "namespaceType": "BUILD_ID"},
        secondaryArtifacts=[notes],
    )
    build = service.run(project)
    key = f"made/{build['id'].partition(':')[2]}/made-here"
    assert phases_of(build) == without(BUILD="FAILED")
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{BUCKET}/{key}"
    with zipfile.ZipFile(BytesIO(service.context.objects.read(BUCKET, key))) as archive:
        assert archive.namelist() == ["deep/now.txt"]
    assert service.keys("made/notes") == ["made/notes/a.md", "made/notes/b.md"]
    (arn,) = build["reportArns"]
    (report,) = service.call("BatchGetReports", reportArns=[arn])["reports"]
    assert report["status"] == "FAILED" and report["executionId"] == build["arn"]
    assert report["testSummary"]["total"] == 3 and report["testSummary"]["durationInNanoSeconds"] == 1_250_000_000
    counts = report["testSummary"]["statusCounts"]
    assert (counts["SUCCEEDED"], counts["FAILED"], counts["SKIPPED"]) == (1, 1, 1)
    (failed,) = service.call("DescribeTestCases", reportArn=arn, filter={"status": "FAILED"})["testCases"]
    assert (failed["name"], failed["message"], failed["testSuiteName"]) == ("fails", "1 is not 2", "all")
    assert service.call("ListReportsForReportGroup", reportGroupArn=report["reportGroupArn"])["reports"] == [arn]


def test_source_from_a_folder_with_a_buildspec_elsewhere_and_overrides(service: Service) -> None:
    service.put("tree/ci/build.yml", commands(build=["cat data/a.txt; ls $CODEBUILD_SRC_DIR_more"]))
    service.put("tree/data/a.txt", "the data")
    service.put("more/b.txt", "b")
    project = service.project("folder", commands(build=["false"]))
    build = service.run(
        project,
        sourceTypeOverride="S3",
        sourceLocationOverride=f"{BUCKET}/tree/",
        buildspecOverride="ci/build.yml",
        secondarySourcesOverride=[{"type": "S3", "location": f"{BUCKET}/more/", "sourceIdentifier": "more"}],
        artifactsOverride=NO_ARTIFACTS,
    )
    assert build["buildStatus"] == "SUCCEEDED" and build["source"]["location"] == f"{BUCKET}/tree/"
    assert {"the data", "b.txt"} <= set(service.log(build)) or "the datab.txt" in service.log(build)


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ({"type": "GITHUB", "location": "https://github.com/a/b"}, "CLIENT_ERROR", "no network"),
        ({"type": "S3", "location": f"{BUCKET}/none.zip"}, "CLIENT_ERROR", "does not exist"),
        ({"type": "S3", "location": "no-such-bucket-here/a.zip"}, "CLIENT_ERROR", "NoSuchBucket"),
        ({"type": "S3", "location": f"{BUCKET}/broken.zip"}, "CLIENT_ERROR", "cannot be unpacked"),
        ({"type": "S3", "location": f"{BUCKET}/outside.zip"}, "CLIENT_ERROR", "outside the folder"),
        (
            {"type": "S3", "location": f"{BUCKET}/empty.zip"},
            "YAML_FILE_ERROR",
            "YAML file does not exist: buildspec.yml",
        ),
        ({"type": "NO_SOURCE", "buildspec": "version: 0.1\nphases: {}"}, "YAML_FILE_ERROR", "version 0.1"),
    ],
)
def test_a_source_that_cannot_be_had_fails_its_phase(
    service: Service, source: dict[str, str], code: str, message: str
) -> None:
    service.put("broken.zip", b"no zip")
    service.put("outside.zip", zipped(**{"../out.txt": "x"}))
    service.put("empty.zip", zipped(**{"README.md": "x"}))
    build = service.run(service.project("unsourced", source=source))
    assert list(phases_of(build)) == [*ALL[:4], "FINALIZING", "COMPLETED"] and build["buildStatus"] == "FAILED"
    found = context_of(build, "DOWNLOAD_SOURCE")
    assert found[0] == code and message in found[1]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"artifacts": {"files": ["none/*"]}}, "no matching artifact paths found"),
        ({}, "no definition for artifacts in buildspec"),
        (
            {"reports": {"unit": {"files": ["none.xml"]}}, "artifacts": {"files": ["a"]}},
            "report files not found in build",
        ),
        (
            {"reports": {"unit": {"files": ["a"], "file-format": "NUNITXML"}}, "artifacts": {"files": ["a"]}},
            "NUNITXML is not read here",
        ),
        ({"reports": {"unit": {"files": ["a"]}}, "artifacts": {"files": ["a"]}}, "a: not XML"),
        ({"reports": {"unit": {"files": ["large"]}}, "artifacts": {"files": ["a"]}}, "large: the file has 70,000,000"),
    ],
)
def test_what_cannot_be_uploaded_fails_the_build(service: Service, sections: dict[str, object], message: str) -> None:
    buildspec = spec(phases={"build": {"commands": ["touch a; truncate -s 70000000 large"]}}, **sections)
    project = service.project("uploads", buildspec, artifacts={"type": "S3", "location": BUCKET, "path": "kept"})
    build = service.run(project)
    assert phases_of(build) == without(UPLOAD_ARTIFACTS="FAILED") and build["buildStatus"] == "FAILED"
    assert context_of(build, "UPLOAD_ARTIFACTS")[0] == "CLIENT_ERROR"
    assert message in context_of(build, "UPLOAD_ARTIFACTS")[1]


def test_what_goes_on_in_the_background_lives_as_long_as_the_build(service: Service) -> None:
    phases = {"install": ["sleep 300 & echo $! > pid; cat pid"], "build": ["kill -0 $(cat pid) && echo it lives"]}
    build = service.run(service.project("background", commands(**phases)))
    lines = service.log(build)
    assert "it lives" in lines and build["buildStatus"] == "SUCCEEDED"
    process = next(int(line) for line in lines if line.isdigit())
    wait_until(lambda: not psutil.pid_exists(process), "what went on in the background to end")


def test_without_the_folder_that_a_command_left_the_next_does_not_run_elsewhere(service: Service) -> None:
    phases = {"build": ["mkdir gone && cd gone && rmdir ../gone", "echo elsewhere"], "post_build": ["echo nowhere"]}
    build = service.run(service.project("gone", commands(**phases)))
    assert "elsewhere" not in service.log(build) and "nowhere" not in service.log(build)
    assert context_of(build, "BUILD")[1] == "Error while executing command: echo elsewhere. Reason: exit status 1"


def test_a_build_that_takes_too_long_is_ended_with_all_its_processes(tmp_path: Path) -> None:
    for minute_seconds in (0.1, 1.0, 10.0):
        service = Service(tmp_path / f"minutes-of-{minute_seconds}", minute_seconds)
        try:
            phases = {"build": ["trap '' TERM; (setsid sleep 300 &) ; echo started; sleep 300"], "post_build": ["true"]}
            build = service.run(service.project("slow", commands(**phases), timeoutInMinutes=5))
            assert build["buildStatus"] == "TIMED_OUT"
            assert not [p for p in psutil.Process().children(recursive=True) if "sleep" in p.name()]
            # a time that was over before the command had begun is too short for this machine
            if "started" in (log := service.log(build)):
                break
        finally:
            service.close()
    assert "started" in log
    assert phases_of(build)["BUILD"] == "TIMED_OUT"
    assert "POST_BUILD" not in phases_of(build) and context_of(build, "BUILD")[0] == "BUILD_TIMED_OUT"


def test_a_build_is_stopped_while_it_runs_and_while_it_waits(tmp_path: Path) -> None:
    service = Service(tmp_path / "state", at_once=1)
    try:
        project = service.project("stopped", commands(build=["echo begun; sleep 300"], post_build=["echo never"]))
        running, waiting = service.start(project), service.start(project)
        wait_until(lambda: service.described(running)["currentPhase"] == "BUILD", "the build to begin")
        assert service.described(waiting)["currentPhase"] == "QUEUED"
        service.call("StopBuild", id=waiting)
        assert phases_of(service.ended(waiting)) == {"SUBMITTED": "SUCCEEDED", "QUEUED": "STOPPED", "COMPLETED": None}
        service.call("StopBuild", id=running)
        build = service.ended(running)
        assert build["buildStatus"] == phases_of(build)["BUILD"] == "STOPPED" and "POST_BUILD" not in phases_of(build)
        assert service.call("StopBuild", id=running)["build"]["buildStatus"] == "STOPPED"
    finally:
        service.close()


def test_a_build_that_is_stopped_while_no_command_runs_begins_no_other_phase(service: Service) -> None:
    def stop(build: Build, phase: Phase | None) -> None:
        if phase is not None and phase.type == "PROVISIONING":
            service.builds.stop_build(build.id)

    service.builds.listeners.append(stop)
    build = service.run(service.project("early", commands(build=["echo never"])))
    assert build["buildStatus"] == "STOPPED" and phases_of(build)["DOWNLOAD_SOURCE"] == "STOPPED"
    assert list(phases_of(build)) == [*ALL[:4], "FINALIZING", "COMPLETED"] and "never" not in service.log(build)


def test_builds_wait_their_turn_and_not_for_ever(tmp_path: Path) -> None:
    # five minutes are a second; what is not to be ended has more than a minute and a half
    service = Service(tmp_path / "state", minute_seconds=0.2, at_once=1)
    try:
        gate = tmp_path / "gate"
        first = service.project(
            "first", commands(build=[f"until [ -e {gate} ]; do sleep 0.02; done"]), timeoutInMinutes=2160
        )
        other = service.project("other", commands(build=["true"]), timeoutInMinutes=2160)
        running = service.start(first)
        wait_until(lambda: service.described(running)["currentPhase"] == "BUILD", "the build to begin")
        late, patient = service.start(other, queuedTimeoutInMinutesOverride=5), service.start(other)
        build = service.ended(late)
        assert build["buildStatus"] == "TIMED_OUT" and phases_of(build)["QUEUED"] == "TIMED_OUT"
        assert service.described(patient)["currentPhase"] == "QUEUED"
        gate.touch()
        assert (
            service.ended(patient)["buildStatus"] == "SUCCEEDED"
            and service.ended(running)["buildStatus"] == "SUCCEEDED"
        )
    finally:
        service.close()


def test_everything_that_happens_is_told_in_order(service: Service) -> None:
    build = service.run(service.project("told", commands(build=["true"])))
    told = [phase.type if phase else one.status for one, phase in service.told]
    assert told == [*ALL[:2], IN_PROGRESS, *ALL[2:], "UPLOAD_ARTIFACTS", "FINALIZING", "SUCCEEDED"]
    assert service.told[-1][0].id == build["id"]


def test_a_listener_that_fails_harms_no_build(service: Service) -> None:
    def fail(_build: object, _phase: object) -> None:
        raise OSError("no")

    service.builds.listeners.insert(0, fail)
    assert service.run(service.project("unlucky", commands(build=["true"])))["buildStatus"] == "SUCCEEDED"


def test_what_ran_when_the_server_ended_is_failed_by_the_next_and_its_processes_are_gone(tmp_path: Path) -> None:
    first = Service(tmp_path / "state")
    project = first.project("interrupted", commands(build=["echo $$ > $HOME/../../../pid; sleep 300"]))
    running = first.start(project)
    pid = tmp_path / "state" / "pid"
    wait_until(lambda: pid.exists() and pid.read_text().strip(), "the command to begin")
    first.close()
    assert not psutil.pid_exists(int(pid.read_text()))
    second = Service(tmp_path / "state")
    try:
        assert second.described(running)["buildStatus"] == IN_PROGRESS
        second.builds.recover()
        build = second.described(running)
        assert build["buildStatus"] == "FAILED" and phases_of(build)["BUILD"] == "FAILED"
        assert context_of(build, "BUILD")[1] == "The local AWS ended while this build ran."
        assert [phase.type if phase else one.status for one, phase in second.told] == ["BUILD", "FAILED"]
        assert not list((tmp_path / "state").glob("builds/*"))
        assert second.run(project, buildspecOverride=commands(build=["true"]))["buildNumber"] == 2
    finally:
        second.close()
