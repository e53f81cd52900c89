"""report.html: every figure with its bar, the peers, the runs, the machine. One self-contained page."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.report import words
from benchmarks.report.drawing import drawn
from benchmarks.report.standing import Report, Standing
from benchmarks.report.style import STYLE
from processing.report.document import document
from processing.report.markup import Markup, definitions, join, table, tag

SPREAD = "least / median / most"
SECTIONS = {"summary": "In short", "figures": "Figures", "peers": "Peers", "runs": "Runs", "machine": "Machine"}


def render(report: Report) -> str:
    """The page. What is in it comes from the report alone."""
    scene = report.scene
    subtitle = f"{scene.machine.cpu}, {scene.machine.cores} cores; {_commit(scene.commit, scene.modified)}."
    return document(
        "What the benchmarks measured",
        subtitle,
        SECTIONS,
        _summary(report),
        _figures(report),
        _peers(report),
        _runs(report),
        _machine(report),
        style=STYLE,
    )


def in_short(report: Report) -> str:
    """How many bars are met, in one line."""
    barred = [figure for figure in report.figures if figure.bar is not None]
    met, missed = (sum(figure.passed is state for figure in barred) for state in (True, False))
    text = f"{met} of {len(barred)} bars are met, {missed} missed, {len(barred) - met - missed} not measured."
    return text + (f" {len(report.broken)} of the benchmarks gave no result." if report.broken else "")


def _summary(report: Report) -> Markup:
    missed = [figure for figure in report.figures if figure.passed is False]
    older = [standing.benchmark.name for standing in report.standings if standing.older]
    complaints = [f"{figure.name}: {words.measured(figure)}, {words.bar(figure)}" for figure in missed]
    complaints += [
        f"{standing.benchmark.name}: {standing.result.failure}" for standing in report.broken if standing.result
    ]
    good = report.passed and not missed
    return _section(
        "summary",
        tag(
            "div",
            tag("strong", "No bar is missed." if good else "Not every bar is met."),
            tag("p", in_short(report)),
            tag("ul", *(tag("li", text) for text in complaints)) if complaints else None,
            class_=f"verdict {'passed' if good else 'failed'}",
        ),
        tag(
            "p",
            tag("span", "Older results: ", class_="older"),
            ", ".join(older),
            "; see ",
            tag("a", "runs", href="#runs"),
            ".",
        )
        if older
        else None,
    )


def _figures(report: Report) -> Markup:
    rows: list[Markup] = []
    for standing in report.standings:
        rows.append(_group(standing))
        rows += [_row(figure, standing.reason) for figure in standing.figures]
    return _section("figures", _key(), _table(rows))


def _peers(report: Report) -> Markup:
    beside: dict[str, list[Figure]] = {}
    for standing in report.standings:
        peers = {promise.name: promise.beside for promise in standing.benchmark.promises}
        for figure in standing.figures:
            if peer := peers.get(figure.name):
                beside.setdefault(peer, []).append(figure)
    rows: list[Markup] = []
    for peer, figures in beside.items():
        rows.append(tag("tr", tag("th", peer[0].upper() + peer[1:], colspan=6, scope="rowgroup"), class_="group"))
        rows += [_row(figure) for figure in figures]
    said = (
        "Other ways to the same result, on the same data and machine. What has no bar stands beside, and cannot fail."
    )
    return _section("peers", tag("p", said), _table(rows))


def _runs(report: Report) -> Markup:
    head = ("benchmark", "measured at (UTC)", "took", "load before, after", "commit", "note")
    rows = (_run(standing) for standing in report.standings)
    return _section("runs", tag("div", table(head, rows), class_="runs"))


def _run(standing: Standing) -> tuple[object, ...]:
    if standing.result is None:
        return (standing.benchmark.name, "", "", "", "", tag("span", standing.missing, class_="words"))
    given = standing.result.provenance
    note = f"older: {', '.join(standing.older)}" if standing.older else ""
    return (
        standing.benchmark.name,
        given.measured_at[:16].replace("T", " "),
        f"{given.seconds:.0f} s",
        f"{given.load_at_start:.2f}, {given.load_at_end:.2f}",
        (given.commit or "none")[:10],
        tag("span", standing.result.failure or note, class_="words older" if note else "words"),
    )


def _machine(report: Report) -> Markup:
    scene = report.scene
    pairs: list[tuple[object, object]] = [
        ("processor", scene.machine.cpu),
        ("cores", scene.machine.cores),
        ("memory", f"{scene.machine.memory_gb} GB"),
        ("system", scene.machine.system),
        ("commit", _commit(scene.commit, scene.modified)),
        *scene.versions.items(),
        ("report built at", scene.created_at),
    ]
    return _section("machine", definitions(pairs))


def _section(name: str, *content: object) -> Markup:
    return tag("section", tag("h2", SECTIONS[name]), *content, id=name)


def _key() -> Markup:
    def sample(*shapes: Markup) -> Markup:
        return tag("svg", *shapes, viewBox="0 0 22 14", aria_hidden="true")

    value = sample(tag("rect", x=0, y=3, width=22, height=8, class_="value met"))
    mark = sample(tag("line", x1=11, x2=11, y1=0, y2=14, class_="bar"))
    reference = sample(tag("line", x1=11, x2=11, y1=0, y2=14, class_="none"))
    whisker = sample(tag("path", d="M2 7 H20 M2 4 V10 M20 4 V10", class_="spread"))
    entries = (
        (value, "measured, in proportion to its bar"),
        (mark, "the bar"),
        (reference, "where there is none: 1, or 100 %"),
        (whisker, "from the least to the most of the repeats, or the 95 % interval of a share"),
    )
    return tag("ul", *(tag("li", picture, text) for picture, text in entries), class_="key")


def _table(rows: list[Markup]) -> Markup:
    head = tag("tr", *(tag("th", text, scope="col") for text in ("figure", "", "measured", "bar", "", SPREAD)))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")


def _group(standing: Standing) -> Markup:
    name = tag("small", f"python -m benchmarks {standing.benchmark.name}")
    older = tag("small", f"older: {', '.join(standing.older)}", class_="older") if standing.older else None
    reason = tag("span", standing.reason, class_="why") if standing.reason else None
    heading = tag("th", standing.benchmark.title, name, older, reason, colspan=6, scope="rowgroup")
    return tag("tr", heading, class_="group")


def _row(figure: Figure, said_already: str | None = None) -> Markup:
    name, wanted = tag("th", figure.name, scope="row"), tag("td", words.bar(figure), class_="wanted")
    tone = {True: "good", False: "bad", None: "soft"}[figure.passed]
    verdict = tag("td", words.verdict(figure), class_=f"said {tone}")
    if figure.value is None:
        reason = None if figure.reason == said_already else figure.reason
        said = tag(
            "td",
            words.verdict(figure),
            f": {reason}" if reason else None,
            colspan=5 if figure.bar is None else 2,
            class_="why",
        )
        return tag("tr", name, said, *([] if figure.bar is None else [wanted, tag("td"), tag("td")]))
    number = tag("td", words.measured(figure), class_="number")
    spread = tag("td", words.spread(figure), class_="apart")
    return tag("tr", name, tag("td", drawn(figure)), number, wanted, verdict, spread)


def _commit(commit: str | None, modified: bool) -> str:
    if commit is None:
        return "no git repository"
    return join("commit ", commit[:10], " with changes that are not committed" if modified else None)
