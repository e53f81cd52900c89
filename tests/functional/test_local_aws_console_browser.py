"""The console in a real browser: a person reviews a version, decides, and sees what the decision starts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.functional.chromium import Chromium, find_chromium
from tests.functional.console_records import Records
from tests.waiting import wait_until

PROGRAM = find_chromium()
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="there is no Chromium: `make browser` installs it, or name one in CHROMIUM"
)
WAITS = """
import json, pathlib, time
while not pathlib.Path("{flag}").exists():
    time.sleep(0.02)
out = pathlib.Path("/opt/ml/processing/out")
out.mkdir(parents=True, exist_ok=True)
(out / "evaluation.json").write_text(json.dumps({{"metrics": {{"accuracy": 0.95}}}}))
"""
# what can be followed or pressed, and has no name
UNNAMED = "[...document.querySelectorAll('a, button')].filter((each) => !each.textContent.trim())"
# what the browser says of pages that are as they should be: of a report it holds back the script and the picture
EXPECTED = {"evidence?name=report_uri": "/_console/", "nothing": "404"}
REASON = "Better on every <b>subset</b>, and its mistakes are the hard ones"
# a page that knows everything but the form's token, which it reads, if it may, and approves with it
ATTACK = """<!doctype html><title>attack</title><h1>Nothing to see</h1>
<form method="post" action="{page}/decision" target="sink"><input name="decision" value="Approved">
<input name="reason" value="r"><input name="by" value="b"><input name="token"><input name="seen" value="{seen}"></form>
<iframe name="sink"></iframe><iframe src="{page}"></iframe>
<script>
const form = document.querySelector("form");
fetch("{page}", {{ credentials: "include" }}).then((answer) => answer.text()).then((text) => {{
  const page = new DOMParser().parseFromString(text, "text/html");
  form.token.value = page.querySelector("[name=token]").value;
}}).catch(() => {{}}).finally(() => {{ form.submit(); setTimeout(() => {{ document.title = "done"; }}, 500); }});
</script>"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    browser = Chromium(str(PROGRAM), tmp_path_factory.mktemp("chromium") / "profile")
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Chromium]:
    chromium.look(1280, 800)
    chromium.go("about:blank")
    chromium.messages.clear()
    yield chromium
    chromium.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.fixture
def records(local_aws: Any) -> Records:
    return Records(local_aws)


@pytest.fixture
def flag(tmp_path: Path) -> Iterator[Path]:
    """A file that lets a pipeline go on; there at the end in any case."""
    path = tmp_path / "go on"
    yield path
    path.touch()


def status_of(records: Records, arn: str) -> str:
    return str(records.sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"])


def row(text: str, status: str) -> str:
    """That the changing part of the page has a row with this text and this status, as an expression."""
    wanted = f"row.innerText.includes({json.dumps(text)}) && row.innerText.includes({json.dumps(status)})"
    return f"[...document.querySelectorAll('#live tr')].some((row) => {wanted})"


def test_reviewing_and_approving_a_version_starts_its_deployment_which_is_seen_live(browser, records, flag):
    group = records.group()
    deployment = records.pipeline("deploy", script=WAITS.format(flag=flag))
    records.rule(deployment, group)
    arn = records.version(group)

    browser.go(f"{records.server.url}/_console/")
    browser.click(f'a[href="/_console/models/{group}/1"]')
    assert browser.text("#approval") == "! Pending manual approval"
    browser.click('a[href$="evidence?name=report_uri"]')
    assert browser.text("h1") == f"report_uri of {group} version 1"
    browser.click('a[href$="#decide"]')

    browser.click("button.good", loads=False)
    assert browser.run("document.querySelector('#reason:invalid') !== null"), "a reason is required"
    browser.write("#reason", REASON)
    browser.write("#by", "Ada Lovelace")
    browser.click("button.good")

    assert browser.text("#approval") == "✓ Approved"
    assert REASON in browser.text("#live") and "Ada Lovelace" in browser.text("#live")
    assert status_of(records, arn) == "Approved"
    # from here on no page is loaded: the event, the rule and the pipeline do the rest
    browser.run("window.since = 'the approval'")
    browser.until(row(deployment, "Executing"))
    flag.touch()
    browser.until(row(deployment, "Succeeded"))
    assert browser.run("window.since") == "the approval"
    assert browser.text("#news") == f"Approved. {deployment} succeeded"
    assert browser.messages == []


def test_a_decision_elsewhere_is_seen_on_an_open_page(browser, records):
    arn = records.version(records.group())
    browser.go(f"{records.server.url}/_console/models/{arn.rpartition('model-package/')[2]}")
    browser.write("#reason", "half written")
    records.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="too dark"
    )
    browser.until("document.getElementById('approval').innerText === '✗ Rejected'")
    assert "too dark" in browser.text("#live")
    assert browser.run("document.getElementById('reason').value") == "half written"
    assert browser.run("document.activeElement.id") == "reason"


def test_a_running_execution_is_drawn_live_and_can_be_paused(browser, records, flag):
    name = records.pipeline("live", script=WAITS.format(flag=flag))
    arn = records.execution(name, wait=False)
    browser.go(f"{records.server.url}/_console/executions/{name}/{arn.rpartition('/')[2]}")
    browser.until("document.querySelectorAll('.box.busy').length === 1")
    browser.run("document.querySelector('#fresh button').click()")
    assert browser.text("#fresh") == "Paused Go on"
    flag.touch()
    describe = records.sagemaker.describe_pipeline_execution
    wait_until(
        lambda: describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Succeeded", "the execution to end"
    )
    assert browser.run("document.querySelectorAll('.box.busy').length") == 1
    browser.run("document.querySelector('#fresh button').click()")
    browser.until("document.querySelectorAll('.box.good').length === 3")
    browser.until("document.getElementById('live').dataset.live === 'no'")
    assert browser.text("#fresh") == ""
    assert browser.text("#news") == "Succeeded"


def test_rejecting_works_with_the_keyboard_alone_and_without_scripts(browser, records):
    arn = records.version(records.group())
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.go(f"{records.server.url}/_console/models/{arn.rpartition('model-package/')[2]}")
    assert "Load the page again" in browser.text("#fresh")
    browser.key("Tab", 9)
    assert browser.run("document.activeElement.className") == "skip"
    browser.key("Enter", 13, "\r")
    for _ in range(40):
        browser.key("Tab", 9)
        if browser.run("document.activeElement.id") == "reason":
            break
    browser.call("Input.insertText", text="Worse at night")
    for _ in range(3):
        browser.key("Tab", 9)
    assert browser.run("document.activeElement.value") == "Rejected"
    browser.key("Enter", 13, "\r", loads=True)
    assert browser.text("#approval") == "✗ Rejected"
    assert status_of(records, arn) == "Rejected"


def test_every_page_fits_a_phone_and_a_desktop_and_breaks_no_rule_of_its_own(browser, records):
    pipeline, group, machine = records.pipeline(), records.group(), records.state_machine()
    execution = records.execution(pipeline, Bar="0.95").rpartition("/")[2]
    number = records.version(group).rpartition("/")[2]
    workflow = records.workflow(machine, way="each", items=["a"])
    records.queues(), records.alarm(), records.rule(pipeline, group)
    addresses = [
        *("", "executions", "models", "endpoints", "state-machines", "queues", "rules", "alarms", "monitoring", "logs"),
        *(f"executions/{pipeline}/{execution}", f"models/{group}", f"models/{group}/{number}"),
        *(
            f"models/{group}/{number}/evidence?name={name}"
            for name in ("report_uri", "confusion_uri", "predictions_uri")
        ),
        *(f"state-machines/{machine.rpartition(':')[2]}", f"workflow-execution?arn={workflow}", "nothing"),
    ]
    for address in addresses:
        browser.messages.clear()
        browser.go(f"{records.server.url}/_console/{address}")
        for width in (1280, 360):
            browser.look(width, 780, dark=width == 360)
            assert browser.run("document.documentElement.scrollWidth") <= width, (address, width)
        assert "owned" not in browser.run("document.title"), address
        assert browser.run(f"{UNNAMED}.map((each) => each.outerHTML)") == [], address
        assert [each for each in browser.messages if EXPECTED.get(address.rpartition("/")[2], "none") not in each] == []


@contextmanager
def foreign_site(page: str) -> Iterator[str]:
    """Another server on this machine: another origin, but to a browser the same site, with the same cookies."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def seen_on(browser: Chromium, page: str) -> str:
    """Open a version's page, as a person who then opens another; the version as its form knows it."""
    browser.go(page)
    return str(browser.run("document.querySelector('[name=seen]').value"))


def test_a_page_of_another_site_cannot_approve(browser, records):
    arn = records.version(records.group())
    page = f"{records.server.url}/_console/models/{arn.rpartition('model-package/')[2]}"
    seen = seen_on(browser, page)
    with foreign_site(ATTACK.format(page=page, seen=seen)) as address:
        browser.go(address)
        browser.until("document.title === 'done'")
    assert status_of(records, arn) == "PendingManualApproval"
    assert any("frame-ancestors 'none'" in message for message in browser.messages)


def test_a_page_stored_in_s3_cannot_approve_although_it_comes_from_the_same_server(browser, records):
    arn = records.version(records.group())
    page = f"{records.server.url}/_console/models/{arn.rpartition('model-package/')[2]}"
    records.put("attack.html", ATTACK.format(page=page, seen=seen_on(browser, page)))
    key = f"console/{records.id}/attack.html"
    s3 = records.server.client("s3")
    s3.copy_object(
        Bucket=records.server.bucket,
        Key=key,
        CopySource={"Bucket": records.server.bucket, "Key": key},
        ContentType="text/html",
        MetadataDirective="REPLACE",
    )
    browser.go(s3.generate_presigned_url("get_object", Params={"Bucket": records.server.bucket, "Key": key}))
    assert any("sandboxed" in message and "allow-scripts" in message for message in browser.messages)
    assert status_of(records, arn) == "PendingManualApproval"
