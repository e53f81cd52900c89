"""The whole page: read by approvers, so the verdict comes first and the provenance last."""

from datetime import datetime

from processing.evaluation import Evaluation
from processing.lineage import Lineage
from processing.report.decision import champion_section, verdict
from processing.report.markup import Markup, join, tag
from processing.report.origin import data_section, origin_section
from processing.report.quality import (
    behaviour_section,
    calibration_section,
    mistakes_section,
    quality_section,
)
from processing.report.style import STYLE

# Even if something got through the escaping, nothing could be loaded, run or sent from this page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SECTIONS = {
    "verdict": "Verdict",
    "champion": "Champion",
    "quality": "Quality",
    "confidence": "Confidence",
    "mistakes": "Mistakes",
    "behaviour": "Behaviour",
    "data": "Data",
    "origin": "Origin",
}


def render(evaluation: Evaluation, lineage: Lineage, written: datetime) -> str:
    """One self-contained HTML page. `written` is the moment of writing, in UTC."""
    title = f"Evidence: {' or '.join(evaluation.judged.classes)}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    links = (tag("li", tag("a", words, href=f"#{name}")) for name, words in SECTIONS.items())
    header = tag(
        "header",
        tag("h1", title),
        tag("p", _subtitle(evaluation, lineage, written), class_="soft"),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )
    main = tag(
        "main",
        verdict(evaluation),
        champion_section(evaluation),
        quality_section(evaluation),
        calibration_section(evaluation),
        mistakes_section(evaluation),
        behaviour_section(evaluation),
        data_section(evaluation),
        origin_section(lineage),
    )
    page = tag("html", head, tag("body", header, main), lang="en")
    return join(Markup("<!doctype html>\n"), page, Markup("\n"))


def _subtitle(evaluation: Evaluation, lineage: Lineage, written: datetime) -> str:
    execution = lineage.facts.get("execution_arn", "").rpartition("/")[2]
    of = f" of pipeline execution {execution}" if execution else ""
    drawn = " These are drawings, not photographs." if evaluation.dataset.get("source") == "generated" else ""
    return f"A candidate model{of}, judged on {written:%d %B %Y, %H:%M} UTC.{drawn}"
