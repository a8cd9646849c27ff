"""Long lists, which nothing counts and nobody edits."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property


class UncountedPaginator(Paginator):  # type: ignore[type-arg] # it takes no parameter at run time
    """Knows the rows up to this page and whether there are more: counting them all reads the whole table."""

    def __init__(self, rows: QuerySet[Any], per_page: int, page: int) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        self.before = (max(page, 1) - 1) * per_page

    @cached_property
    def count(self) -> int:
        """One more than this page ends with where there is a next one."""
        keys = self.rows.values_list("pk", flat=True)
        return self.before + len(keys[self.before : self.before + self.per_page + 1])


class NobodyEdits:
    """For an admin class: its rows are looked at, whatever the user may."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
