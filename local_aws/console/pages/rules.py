"""EventBridge's rules, with what they match and where events go."""

from __future__ import annotations

from local_aws.console.paging import page_of
from local_aws.console.view import View, Visit


def rules(visit: Visit) -> View:
    """All rules of all buses, by name."""
    store = visit.sources.context.events.store
    shown = page_of(sorted(store.rules(), key=lambda rule: (rule.bus, rule.name)), visit.request.args)
    targets = {rule.arn: store.targets(rule) for rule in shown.items}
    return View("rules.html", "Rules", {"shown": shown, "targets": targets})
