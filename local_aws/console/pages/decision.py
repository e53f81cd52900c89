"""The answer to the form of a version."""

from __future__ import annotations

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from local_aws.console.pages.decisions import DecisionRefused, Draft, decide
from local_aws.console.pages.models import version_view
from local_aws.console.pages.packages import find_version
from local_aws.console.view import View, Visit
from local_aws.sagemaker.errors import ServiceError


def decision(visit: Visit, name: str, number: int) -> View | Response:
    """Decide, and go back to the version; or show the form again, with what is wrong. Raises ChangeRefused."""
    visit.protection.check_change(visit.request)
    package = find_version(visit.sources, name, number)
    draft = Draft.of(visit.request.form)
    try:
        decide(visit.sources.context, package.arn, draft)
    except (DecisionRefused, ServiceError) as error:
        problem = error.message if isinstance(error, ServiceError) else str(error)
        return version_view(visit, find_version(visit.sources, name, number), draft.refused(problem), 422)
    return redirect(visit.request.path.removesuffix("/decision"), 303)
