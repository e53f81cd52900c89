"""Pages of SageMaker's records, newest first, and how many there are of each status.

Read by connections of their own that cannot write, so that a page over many records never holds up what executes; and
only as many records are parsed as a page shows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class GroupCount:
    """How many versions of a model package group have an approval status, and the highest of their numbers."""

    group: str
    approval: str
    count: int
    newest: int


class RecordPages:
    """Over the database of `local_aws.sagemaker.store`. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro"

    def names(self, kind: str, offset: int, limit: int, arn_prefix: str = "", status: str = "") -> list[str]:
        """Names of records of a kind, latest first; of those whose ARN begins so, and that have this status."""
        where, values = _where(kind, arn_prefix, status)
        statement = f"SELECT name FROM record WHERE {where} ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?"  # noqa: S608  of constants
        return [name for (name,) in self._rows(statement, *values, limit, offset)]

    def count(self, kind: str, arn_prefix: str = "", status: str = "") -> int:
        """How many there are of what `names` lists."""
        where, values = _where(kind, arn_prefix, status)
        return int(self._rows(f"SELECT count(*) FROM record WHERE {where}", *values)[0][0])  # noqa: S608

    def statuses(self, kind: str) -> Mapping[str, int]:
        """How many records of a kind have each status."""
        return dict(
            self._rows("SELECT status, count(*) FROM record WHERE kind = ? GROUP BY status ORDER BY status", kind)
        )

    def approvals(self) -> list[GroupCount]:
        """The versions of all model package groups, counted."""
        rows = self._rows(
            "SELECT json_extract(body, '$.ModelPackageGroupName') AS g, json_extract(body, '$.ModelApprovalStatus'), "
            "count(*), max(json_extract(body, '$.ModelPackageVersion')) "
            "FROM record WHERE kind = 'ModelPackage' AND g IS NOT NULL GROUP BY 1, 2"
        )
        return [GroupCount(*row) for row in rows]

    def pending_versions(self, limit: int) -> list[str]:
        """Names of model packages that wait for a decision, the latest of them."""
        rows = self._rows(
            "SELECT name FROM record WHERE kind = 'ModelPackage' "
            "AND json_extract(body, '$.ModelApprovalStatus') = 'PendingManualApproval' "
            "AND json_extract(body, '$.ModelPackageGroupName') IS NOT NULL ORDER BY created DESC, rowid DESC LIMIT ?",
            limit,
        )
        return [name for (name,) in rows]

    def executions_given(self, value: str, among: int) -> list[str]:
        """Names of the pipeline executions with this value among their parameters, of the latest `among`."""
        rows = self._rows(
            "SELECT name FROM (SELECT name, body, created FROM record WHERE kind = 'PipelineExecutionInput' "
            "ORDER BY created DESC, rowid DESC LIMIT ?), json_each(body, '$.parameters') AS parameter "
            "WHERE parameter.value = ? GROUP BY name ORDER BY max(created) DESC",
            among,
            value,
        )
        return [name for (name,) in rows]

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self._uri, uri=True)) as connection:
            return connection.execute(statement, values).fetchall()


def _where(kind: str, arn_prefix: str, status: str) -> tuple[str, tuple[str, ...]]:
    parts, values = ["kind = ?"], [kind]
    if arn_prefix:
        # not LIKE, for which some letters of names are wildcards
        parts.append("substr(arn, 1, length(?)) = ?")
        values += [arn_prefix, arn_prefix]
    if status:
        parts.append("status = ?")
        values.append(status)
    return " AND ".join(parts), tuple(values)
