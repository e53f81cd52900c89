"""The whole page: read by approvers, so the verdict comes first and the provenance last."""

from datetime import datetime

from processing.evaluation import Evaluation
from processing.lineage import Lineage
from processing.report.confidence import confidence_section
from processing.report.decision import champion_section, verdict
from processing.report.document import document
from processing.report.origin import data_section, origin_section
from processing.report.quality import behaviour_section, mistakes_section, quality_section

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
    return document(
        f"Evidence: {' or '.join(evaluation.judged.classes)}",
        _subtitle(evaluation, lineage, written),
        SECTIONS,
        verdict(evaluation),
        champion_section(evaluation),
        quality_section(evaluation),
        confidence_section(evaluation),
        mistakes_section(evaluation),
        behaviour_section(evaluation),
        data_section(evaluation),
        origin_section(lineage),
    )


def _subtitle(evaluation: Evaluation, lineage: Lineage, written: datetime) -> str:
    execution = lineage.facts.get("execution_arn", "").rpartition("/")[2]
    of = f" of pipeline execution {execution}" if execution else ""
    drawn = " These are drawings, not photographs." if evaluation.dataset.get("source") == "generated" else ""
    return f"A candidate model{of}, judged on {written:%d %B %Y, %H:%M} UTC.{drawn}"
