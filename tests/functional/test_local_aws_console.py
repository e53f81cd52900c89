"""The console over HTTP, on a server with real records: what pages show, how decisions are made, who may make none."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import markupsafe
import pytest
import requests

from tests.functional.console_records import HOSTILE, Records
from tests.waiting import PATIENCE_SECONDS, wait_until

REASON = "Better on every <b>subset</b>"


@dataclass
class Visitor:
    """A browser as far as HTTP goes: it keeps cookies, and says where its requests come from."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", headers=headers, allow_redirects=False)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a version's form."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.page(path))
        return {name: html.unescape(value) for name, value in found}

    def decide(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> requests.Response:
        """Send the form of a version, filled in."""
        filled = {**self.form(path), "decision": "Approved", "reason": REASON, "by": "Ada Lovelace", **fields}
        return self.post(path, filled, {"Origin": self.url, "Sec-Fetch-Site": "same-origin", **(headers or {})})

    def post(self, path: str, fields: dict[str, str], headers: dict[str, str]) -> requests.Response:
        sent = {name: value for name, value in headers.items() if value}
        return self.session.post(f"{self.url}{path}/decision", data=fields, headers=sent, allow_redirects=False)


@pytest.fixture
def visitor(local_aws: Any) -> Visitor:
    return Visitor(local_aws.url)


@pytest.fixture(scope="module")
def records(local_aws: Any) -> Records:
    return Records(local_aws)


@pytest.fixture(scope="module")
def pipeline(records: Records) -> str:
    return records.pipeline()


@pytest.fixture(scope="module")
def group(records: Records) -> str:
    return records.group()


@pytest.fixture
def version(records: Records, group: str) -> tuple[str, str]:
    """A version that waits for a decision: its ARN, and the address of its page."""
    arn = records.version(group)
    return arn, f"/_console/models/{group}/{arn.rpartition('/')[2]}"


def escaped(text: str) -> str:
    return str(markupsafe.escape(text))


def registered(records: Records, arn: str) -> dict[str, Any]:
    return dict(records.sagemaker.describe_model_package(ModelPackageName=arn))


def addresses(page: str, pattern: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(rf'href="(/_console/{pattern})"', page)]


class Harm(HTMLParser):
    """Whatever in a page could run, or load something, apart from the console's own two files."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        sources = [given.get(name) or "" for name in ("src", "href", "action")]
        foreign = any(source and not source.startswith(("/_console/", "#")) for source in sources)
        if foreign or any(name.startswith("on") or name == "style" for name in given):
            self.found.append(self.get_starttag_text() or tag)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and data.strip() and self.cdata_elem:
            self.found.append(data)


def assert_harmless(page: str) -> None:
    """What somebody named things is text, and nothing runs but the console's own file."""
    harm = Harm()
    harm.feed(page)
    assert harm.found == []
    assert page.count("<script") == ('class="brand"' in page)


def test_pipeline_executions_are_listed_and_shown_with_graph_reasons_and_logs(visitor, records, pipeline):
    good, bad = records.execution(pipeline), records.execution(pipeline, Bar="0.95")
    listed = visitor.page(f"/_console/executions?pipeline={pipeline}")
    assert addresses(listed, rf"executions/{pipeline}/\w+") == [
        f"/_console/executions/{pipeline}/{arn.rpartition('/')[2]}" for arn in (bad, good)
    ]
    assert 'data-live="no"' in listed or "Executing" in visitor.page("/_console/executions")
    page = visitor.page(f"/_console/executions/{pipeline}/{bad.rpartition('/')[2]}")
    assert_harmless(page)
    assert escaped(HOSTILE) in page
    assert "Step failure: One or multiple steps failed." in page
    assert "below the bar 0.95" in page
    assert re.findall(r'<text x="12" y="22" class="name">(\w+)</text>', page) == [
        *("Measure", "CheckQuality"),
        *("Reject", "CheckApproval"),
    ]
    assert 'class="box bad"' in page and "Not executed" in page
    (streams,) = addresses(page, r"logs/streams[^\"]+")
    (stream,) = addresses(visitor.page(streams), r"logs/stream\?[^\"]+")
    log = visitor.page(stream)
    assert_harmless(log)
    assert "measuring &lt;b&gt;red&lt;/b&gt;" in log


def test_a_running_execution_is_live_and_its_changing_part_can_be_had_alone(visitor, records):
    name = records.pipeline("slow", script="import time; time.sleep(600)")
    arn = records.execution(name, wait=False)
    address = f"/_console/executions/{name}/{arn.rpartition('/')[2]}"
    wait_until(lambda: "Measure" in visitor.page(address) and "Executing" in visitor.page(address), "the step to run")
    page = visitor.page(address)
    assert 'data-live="yes" data-news="Executing"' in page and "Running for" in page and "Waiting" in page
    part = visitor.get(address, **{"X-Fragment": "1"}).text
    assert part.strip().startswith('<div id="live" data-live="yes"') and "<html" not in part
    assert part.count("<svg") == 1
    records.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    wait_until(lambda: 'data-live="no" data-news="Stopped"' in visitor.page(address), "the execution to stop")


def test_the_registry_shows_groups_versions_figures_and_evidence(visitor, records, group, version):
    arn, address = version
    groups = visitor.page("/_console/models")
    assert_harmless(groups)
    assert f"/_console/models/{group}" in addresses(groups, r"models/[^/\"]+")
    listed = visitor.page(f"/_console/models/{group}")
    assert address in addresses(listed, r"models/[^\"]+") and ">accuracy</th>" in listed and ">0.91<" in listed
    page = visitor.page(address)
    assert_harmless(page)
    assert arn in page and 'data-live="yes"' in page
    assert re.search(r'<th scope="row">auc</th><td class="figure">0.967</td><td class="figure"></td>', page)
    names = [
        urllib.parse.parse_qs(urllib.parse.urlsplit(one).query)["name"][0]
        for one in addresses(page, r"models/[^\"]+/evidence\?[^\"]+")
    ]
    assert names == ["report_uri", "gone_uri", "confusion_uri", "ModelQuality Statistics", "predictions_uri"]
    assert "missing in S3" in page


def evidence(visitor: Visitor, address: str, name: str, content: bool = False) -> requests.Response:
    return visitor.get(f"{address}/evidence{'/content' if content else ''}?name={urllib.parse.quote(name)}")


def test_a_report_is_shown_in_a_frame_that_can_do_nothing(visitor, version):
    page = evidence(visitor, version[1], "report_uri").text
    assert re.search(r'<iframe sandbox src="/_console/models/[^"]+/evidence/content\?name=report_uri" title=', page)
    content = evidence(visitor, version[1], "report_uri", content=True)
    assert content.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = content.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox", "default-src 'none'"]
    assert not any(part.startswith("script-src") or "allow-" in part for part in policy)
    assert f"frame-ancestors {visitor.url}" in policy
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in content.headers


def test_other_evidence_is_shown_as_text_or_picture_and_can_be_saved(visitor, version):
    table = evidence(visitor, version[1], "predictions_uri").text
    assert_harmless(table)
    assert "<td>0.97</td>" in table and f"<td>{escaped(HOSTILE)}</td>" in table
    assert "&#34;accuracy&#34;: {" in evidence(visitor, version[1], "ModelQuality Statistics").text
    assert re.search(
        r'<img src="[^"]+content\?name=confusion_uri" alt="confusion_uri">',
        evidence(visitor, version[1], "confusion_uri").text,
    )
    assert evidence(visitor, version[1], "confusion_uri", content=True).headers["Content-Type"].startswith("image/png")
    for name, file in (("predictions_uri", "predictions.csv"), ("ModelQuality Statistics", "evaluation.json")):
        saved = evidence(visitor, version[1], name, content=True)
        assert saved.headers["Content-Disposition"] == f"attachment; filename={file}"
        assert saved.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "no such object in S3" in evidence(visitor, version[1], "gone_uri").text
    assert evidence(visitor, version[1], "gone_uri", content=True).status_code == 404


def test_only_what_a_version_names_is_shown(visitor, version, local_aws):
    for name in ("data_uri", "accuracy", f"s3://{local_aws.bucket}/private.html", ""):
        assert evidence(visitor, version[1], name).status_code == 404
        assert evidence(visitor, version[1], name, content=True).status_code == 404


def test_approving_with_a_reason_is_kept_with_who_and_when(visitor, records, version):
    arn, address = version
    answer = visitor.decide(address, reason="Better on every\n  <b>subset</b> ", by="Ada Lovelace, chief <of> all")
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    package = registered(records, arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == REASON
    metadata = package["CustomerMetadataProperties"]
    assert metadata["decided_by"] == "Ada Lovelace- chief -of- all"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["decided_at"])
    assert metadata["accuracy"] == "0.91"
    page = visitor.page(address)
    assert_harmless(page)
    assert escaped(REASON) in page and 'data-news="Approved.' in page


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"reason": " \n "}, "Give a reason"),
        ({"reason": "x" * 1025}, "The reason has 1025 characters. The registry keeps 1024."),
        ({"by": ""}, "Say who decides."),
        ({"by": "x" * 257}, "The name has 257 characters"),
        ({"decision": ""}, "Choose whether to approve or to reject."),
        ({"decision": "PendingManualApproval"}, "Choose whether to approve or to reject."),
        ({"seen": "PendingManualApproval 2020-01-01T00:00:00Z 0"}, "was changed since you loaded the page"),
    ],
    ids=["blank reason", "long reason", "nobody", "long name", "undecided", "undone", "stale"],
)
def test_what_is_wrong_with_a_decision_is_said_and_nothing_is_lost(visitor, records, version, fields, problem):
    arn, address = version
    answer = visitor.decide(address, **fields)
    assert answer.status_code == 422
    assert problem in html.unescape(answer.text)
    if "reason" not in fields:
        assert f'required aria-describedby="reason-help problem">{escaped(REASON)}</textarea>' in answer.text
    assert registered(records, arn)["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_decided_version_is_decided_again_only_on_purpose_and_the_first_decision_stays(visitor, records, version):
    arn, address = version
    assert visitor.decide(address, reason="first").status_code == 303
    refused = visitor.decide(address, decision="Rejected", reason="second")
    assert refused.status_code == 422
    assert "The version is approved already, by Ada Lovelace at 2" in refused.text
    assert registered(records, arn)["ApprovalDescription"] == "first"
    assert visitor.decide(address, decision="Rejected", reason="second", again="yes", by="Grace").status_code == 303
    package = registered(records, arn)
    assert package["ModelApprovalStatus"] == "Rejected"
    assert re.fullmatch(r"second \[before: Approved, by Ada Lovelace at \S+: first\]", package["ApprovalDescription"])
    assert package["CustomerMetadataProperties"]["decided_by"] == "Grace"


def test_of_two_decisions_on_the_same_page_the_second_sees_the_first(local_aws, records, version):
    arn, address = version
    ada, grace = Visitor(local_aws.url), Visitor(local_aws.url)
    late = {**grace.form(address), "decision": "Rejected", "reason": "no", "by": "Grace", "again": "yes"}
    assert ada.decide(address, reason="yes").status_code == 303
    assert grace.post(address, late, {"Origin": local_aws.url}).status_code == 422
    assert registered(records, arn)["ModelApprovalStatus"] == "Approved"


def test_executions_that_were_started_for_a_version_are_on_its_page(visitor, records, pipeline, version):
    arn, address = version
    execution = records.execution(pipeline, ModelPackageArn=arn)
    assert f"/_console/executions/{pipeline}/{execution.rpartition('/')[2]}" in visitor.page(address)


FOREIGN = {
    "of another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "of another port": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
    "of another port, unsaid": {"Origin": "", "Sec-Fetch-Site": "same-site"},
    "of a sandbox": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "of the same host by https": {"Origin": "https://{host}", "Sec-Fetch-Site": ""},
    "of nowhere": {"Origin": "", "Sec-Fetch-Site": ""},
    "of an address bar": {"Origin": "", "Sec-Fetch-Site": "none"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_request_that_no_page_of_the_console_sent_changes_nothing(visitor, records, version, headers):
    arn, address = version
    host = urllib.parse.urlsplit(visitor.url).netloc
    answer = visitor.decide(address, {name: value.format(host=host) for name, value in headers.items()})
    assert answer.status_code == 403
    assert registered(records, arn)["ModelApprovalStatus"] == "PendingManualApproval"


def test_without_the_token_or_the_cookie_of_its_session_nothing_is_changed(local_aws, visitor, records, version):
    arn, address = version
    good = {**visitor.form(address), "decision": "Approved", "reason": REASON, "by": "Ada"}
    own = {"Origin": visitor.url, "Sec-Fetch-Site": "same-origin"}
    stranger = Visitor(local_aws.url)
    assert "has no session" in stranger.post(address, good, own).text
    stranger.page(address)
    another = visitor.form(f"{address.rpartition('/')[0]}/1")["token"] if not address.endswith("/1") else "0" * 64
    refusals = [
        stranger.post(address, good, own),
        visitor.post(address, {**good, "token": ""}, own),
        visitor.post(address, {**good, "token": "é" * 64}, own),
        visitor.post(address, {**good, "token": another}, own),
        visitor.post(address, {name: value for name, value in good.items() if name != "token"}, own),
        visitor.session.post(f"{visitor.url}{address}/decision", json=good, headers=own),
        visitor.session.post(f"{visitor.url}{address}/decision", files={"a": "b"}, data=good, headers=own),
    ]
    assert [answer.status_code for answer in refusals] == [403] * len(refusals)
    assert all("Nothing was changed." in answer.text for answer in refusals)
    assert visitor.session.get(f"{visitor.url}{address}/decision", params=good).status_code == 405
    too_large = visitor.post(address, {**good, "reason": "x" * 100_000}, own)
    assert too_large.status_code == 413
    assert registered(records, arn)["ModelApprovalStatus"] == "PendingManualApproval"
    assert visitor.post(address, good, own).status_code == 303, "and with all of it, it is"


def test_the_session_is_for_this_host_and_no_script(visitor):
    answer = visitor.get("/_console/")
    port = urllib.parse.urlsplit(visitor.url).port
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"local_aws_console_{port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/_console/"} <= set(cookie.split("; "))
    assert "Set-Cookie" not in visitor.get("/_console/").headers


def test_pages_load_nothing_from_elsewhere_and_are_in_nobodys_frame(visitor):
    headers = visitor.get("/_console/").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == f"{visitor.url}/_console/static/"
    assert policy["form-action"] == f"{visitor.url}/_console/"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "bucket.s3.localhost"}, 404),
    ],
    ids=["rebound", "cross-site", "a bucket's name"],
)
def test_the_console_answers_by_its_own_names_alone(visitor, headers, status):
    answer = visitor.get("/_console/", **headers)
    assert answer.status_code == status
    assert "Waiting for a decision" not in answer.text


def test_a_stored_page_that_a_browser_opens_in_s3_has_no_origin(local_aws, records):
    records.put("page.html", "<script>fetch('/_console/')</script>")
    address = local_aws.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": local_aws.bucket, "Key": f"console/{records.id}/page.html"}
    )
    answer = requests.get(address, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_state_machines_are_shown_with_what_an_execution_visited(visitor, records):
    machine = records.state_machine()
    name = machine.rpartition(":")[2]
    short, bad, each = (records.workflow(machine, way=way, items=["a"]) for way in ("short", "bad", "each"))
    assert f"/_console/state-machines/{name}" in visitor.page("/_console/state-machines")
    listed = visitor.page(f"/_console/state-machines/{name}")
    assert_harmless(listed)
    executions = addresses(listed, r"workflow-execution\?[^\"]+")
    assert [urllib.parse.unquote(one).rpartition("arn=")[2] for one in executions] == [each, bad, short]
    failed = addresses(visitor.page(f"/_console/state-machines/{name}?status=FAILED"), r"workflow-execution\?[^\"]+")
    assert failed == [executions[1]]
    page = visitor.page(executions[1])
    assert_harmless(page)
    assert "ThresholdNotMet" in page and escaped(HOSTILE) in page
    assert boxes(page) == {
        **{"Look": "good", "Route": "good", "Refuse": "bad"},
        **dict.fromkeys(("Both", "Left", "Right", "Each", "Parse", "Recover"), "idle off"),
    }
    caught = visitor.page(executions[0])
    assert boxes(caught)["Recover"] == "good" and boxes(caught)["Parse"] == "bad"
    assert "MapStateFailed" in caught and "no picture" in caught


def boxes(page: str) -> dict[str, str]:
    """The tone of each box of a graph."""
    found = re.findall(r'<g class="box ([\w ]+)".*?class="name">(\w+)</text>', page, re.DOTALL)
    return {name: tone for tone, name in found}


def test_a_distributed_map_leads_to_the_executions_of_its_items(visitor, records):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "One",
        "States": {"One": {"Type": "Pass", "End": True}},
    }
    states = {"All": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "Label": "items", "End": True}}

    machine = records.server.client("stepfunctions").create_state_machine(
        name=records.name("bulk"),
        definition=json.dumps({"StartAt": "All", "States": states}),
        roleArn="arn:aws:iam::123456789012:role/r",
    )["stateMachineArn"]
    execution = records.workflow(machine, items=[1, 2, 3])
    page = visitor.page(f"/_console/workflow-execution?arn={urllib.parse.quote(execution)}")
    (run,) = addresses(page, r"map-run\?[^\"]+")
    children = addresses(visitor.page(run), r"workflow-execution\?arn=[^\"]+%2Fitems[^\"]+") or addresses(
        visitor.page(run), r"workflow-execution\?arn=[^\"]+/items[^\"]+"
    )
    assert len(children) == 3
    assert boxes(visitor.page(children[0])) == {"One": "good"}


def test_executions_of_a_state_machine_come_in_pages(visitor, local_aws):
    machine = Records(local_aws).state_machine()
    client = local_aws.client("stepfunctions")
    for _ in range(27):
        client.start_execution(stateMachineArn=machine, input='{"way": "bad"}')
    first = visitor.page(f"/_console/state-machines/{machine.rpartition(':')[2]}")
    (older,) = [one for one in addresses(first, r"state-machines/[^\"]+") if "token=" in one]
    second = visitor.page(older)
    assert [len(addresses(page, r"workflow-execution[^\"]+")) for page in (first, second)] == [25, 2]
    assert "← Latest" in second


def test_an_endpoint_is_shown_with_its_version_requests_and_capture(visitor, records):
    name = records.endpoint()
    try:
        page = visitor.page(f"/_console/endpoints/{name}")
        assert_harmless(page)
        assert "In service" in page and "1 x ml.m5.large" in page and "Started" in page
        (version,) = set(addresses(page, r"models/[^\"]+"))
        assert f"/_console/endpoints/{name}" in visitor.page(version)
        assert version in visitor.page("/_console/endpoints")
        runtime = records.server.client("sagemaker-runtime")
        for _ in range(3):
            runtime.invoke_endpoint(EndpointName=name, Body=b"x", ContentType="image/png")
        requests_made = re.compile(r"<dt>Requests</dt><dd>3</dd>.*Model latency, median</dt><dd>\d+\.\d ms", re.DOTALL)
        wait_until(
            lambda: requests_made.search(visitor.page(f"/_console/endpoints/{name}")), "the requests to be counted"
        )
        (logs,) = addresses(page, r"logs/streams[^\"]+")
        assert "/aws/sagemaker/Endpoints/" in visitor.page(logs)
    finally:
        records.sagemaker.delete_endpoint(EndpointName=name)


def test_queues_alarms_and_rules_are_shown_with_their_state(visitor, records, pipeline, group):
    queue, alarm, rule = records.queues(), records.alarm(), records.rule(pipeline, group)
    queues, alarms, rules = (visitor.page(f"/_console/{name}") for name in ("queues", "alarms", "rules"))
    for page in (queues, alarms, rules):
        assert_harmless(page)
    row = queues[queues.index(f">{queue}<") :]
    assert re.search(r'data-label="Waiting" class="figure">2<', row[: row.index("</tr>")])
    assert f">{records.name('dead')}<" in row[: row.index("</tr>")]
    shown = alarms[alarms.index(f"<h2>{alarm}") :]
    assert "Alarm</span>" in shown[:200]
    assert "Maximum of feature_baseline_drift &gt; 0.1 in 2 of 2 periods of 60 s" in shown
    assert f"{rule} " in rules and f"pipeline/{pipeline}</code>" in rules
    overview = visitor.page("/_console/")
    assert_harmless(overview)
    assert alarm in overview and queue in overview and f"{group} version" in overview


def test_monitoring_says_honestly_that_there_is_none(visitor):
    page = visitor.page("/_console/monitoring")
    assert "no monitoring schedule has been made" in page


def test_what_is_not_there_is_said_in_a_page(visitor, group):
    for address in (
        *("models/none", f"models/{group}/999", "endpoints/none", "state-machines/none", "nonsense"),
        *("workflow-execution?arn=none", "map-run", "logs/stream?group=a&stream=b", "static/none.js"),
    ):
        answer = visitor.get(f"/_console/{address}")
        assert answer.status_code == 404, address
        assert "<h1>Not" in answer.text
    hostile = visitor.get(f"/_console/logs/stream?group={urllib.parse.quote(HOSTILE)}&stream=x")
    assert_harmless(hostile.text)


def test_signed_requests_never_reach_the_console(visitor):
    assert visitor.get("/_console").status_code == 200
    assert visitor.get("/_consoles").status_code == 404
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20300101/us-east-1/s3/aws4_request, Signature=x"}
    assert "Waiting for a decision" not in visitor.get("/_console/", **signed).text
