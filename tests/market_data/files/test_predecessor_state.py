"""The JSON progress files of the predecessor: taken over once, or refused as a whole."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from market_data.engine.running import tasks
from market_data.exceptions import UsageError
from market_data.files.predecessor_state import import_json_state
from market_data.models import SyncFailureRecord, SyncTask
from tests.market_data.builders import A, B

pytestmark = pytest.mark.django_db
DAILY_STATE, FINANCE_STATE = "sync_daily_state.json", "sync_finance_state.json"
FAILURES = "sync_finance_failures.json"


def put(folder: Path, **contents: Any) -> Path:
    """Write sync_<name>.json files; a text is written as it is."""
    for name, content in contents.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"sync_{name}.json").write_text(text, encoding="utf-8")
    return folder


def failures() -> list[tuple[str, str, int]]:
    found = SyncFailureRecord.objects.order_by("third_code")
    return list(found.values_list("third_code", "error_message", "retry_count"))


def test_progress_becomes_pending_tasks_with_everything_kept(tmp_path: Path) -> None:
    put(tmp_path, daily_state={"offset": 1200, "batch": 50, "day": "20240108"}, finance_state={"offset": 0})
    assert import_json_state(tmp_path).imported == 2
    daily = SyncTask.objects.get(dataset="daily")
    assert (daily.job_type, daily.status, daily.current_offset) == ("DAILY_HISTORY", "PENDING", 1200)
    assert daily.config == {"imported_from": DAILY_STATE, "batch": 50, "day": "20240108"}
    finance = SyncTask.objects.get(dataset="fina_indicator")
    assert (finance.job_type, finance.current_offset) == ("FINANCE_HISTORY", 0)


def test_imported_progress_does_not_stand_in_the_way_of_a_sync(tmp_path: Path) -> None:
    import_json_state(put(tmp_path, daily_state={"offset": 3}))
    assert tasks.start("DAILY_HISTORY", "daily", {}, 50, resumes_paused=False).current_offset == 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([{"symbol": A, "error_message": "timeout", "retry_count": 2}], [(A, "timeout", 2)]),
        ([{"ts_code": A, "error": "timeout", "retries": 1}], [(A, "timeout", 1)]),
        ([{"third_code": A, "message": "timeout"}], [(A, "timeout", 0)]),
        ([{"code": A}], [(A, "imported without a message", 0)]),
        ([A, B], [(A, "imported without a message", 0), (B, "imported without a message", 0)]),
        ({A: "timeout"}, [(A, "timeout", 0)]),
        ({A: {"error": "timeout", "retry_count": 4}}, [(A, "timeout", 4)]),
        ([{"symbol": A, "error": "first"}, {"symbol": A, "error": "second"}], [(A, "first", 0)]),
        ({"failures": [A]}, [(A, "imported without a message", 0)]),
        ({"failures": ["600000.XSHG"]}, [("600000.SH", "imported without a message", 0)]),
        ({"failures": {A: "timeout"}, "updated_at": "2024-04-01"}, [(A, "timeout", 0)]),
        ({"failures": []}, []),
        ([], []),
        ({}, []),
    ],
)
def test_failures_come_as_a_list_or_a_map(tmp_path: Path, content: Any, found: list[tuple[str, str, int]]) -> None:
    found = sorted(found)
    assert import_json_state(put(tmp_path, finance_failures=content)).imported == len(found)
    assert failures() == found
    assert all(record.symbols == [record.third_code] for record in SyncFailureRecord.objects.all())


def test_an_import_again_imports_nothing(tmp_path: Path) -> None:
    put(tmp_path, daily_state={"offset": 1}, finance_state={"offset": 2}, finance_failures={A: "timeout", B: "x"})
    assert import_json_state(tmp_path).imported == 4
    put(tmp_path, daily_state={"offset": 9})
    SyncFailureRecord.objects.update(resolved_at=SyncFailureRecord.objects.all()[0].last_attempt_at)
    assert import_json_state(tmp_path).imported == 0
    assert (SyncTask.objects.count(), SyncFailureRecord.objects.count()) == (2, 2)
    assert SyncTask.objects.get(dataset="daily").current_offset == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"finance_state": "{not json"},
        {"finance_state": ""},
        {"finance_state": [1]},
        {"finance_state": {}},
        {"finance_state": {"offset": "12"}},
        {"finance_state": {"offset": -1}},
        {"finance_state": {"offset": 1.5}},
        {"finance_state": {"offset": True}},
        {"finance_state": {"offset": None}},
        {"finance_failures": "null"},
        {"finance_failures": 5},
        {"finance_failures": '"text"'},
        {"finance_failures": [5]},
        {"finance_failures": [None]},
        {"finance_failures": [{"error": "of nobody"}]},
        {"finance_failures": [{"symbol": 5}]},
        {"finance_failures": [""]},
        {"finance_failures": {A: 5}},
        {"finance_failures": {"failures": "timeout"}},
        {"finance_failures": {"failures": [f"{A}|2024"]}},
        {"finance_failures": {"failures": [f"{A}|20240231"]}},
        {"finance_failures": {"failures": ["some words"]}},
        {"finance_failures": {A: {"retry_count": "2"}}},
        {"finance_failures": {A: {"retry_count": -2}}},
        pytest.param(
            {"finance_failures": {"": "of nobody"}},
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_and_the_others_imported(
    run: Any, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    put(tmp_path, daily_state={"offset": 7}, **wrong)
    code, report, said = run("import_json_state", tmp_path)
    assert (code, report) == (1, {"imported": 1})
    assert re.fullmatch(r"sync_finance_\w+\.json .*Nothing was imported from it\.\n", said)
    assert SyncTask.objects.get().current_offset == 7
    assert not SyncFailureRecord.objects.exists()


@pytest.mark.parametrize("form", [list, lambda keys: {"failures": keys}, lambda keys: dict.fromkeys(keys, "timeout")])
def test_a_period_goes_into_the_record_and_not_into_the_symbol(tmp_path: Path, form: Any) -> None:
    put(tmp_path, finance_failures=form([f"{A}|20240331", f"{A}|20231231", B]))
    assert import_json_state(tmp_path).imported == 3
    assert import_json_state(tmp_path).imported == 0
    records = SyncFailureRecord.objects.filter(third_code=A).order_by("start_date")
    assert [(r.symbols, r.start_date, r.end_date) for r in records] == [
        ([A], date(2023, 12, 31), date(2023, 12, 31)),
        ([A], date(2024, 3, 31), date(2024, 3, 31)),
    ]


@pytest.mark.parametrize(
    "wrong", [{"finance_state": {"offset": 10**12}}, {"finance_failures": {A: {"retries": 10**12}}}]
)
def test_a_number_beyond_the_column_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        import_json_state(put(tmp_path, **wrong))


def test_nothing_is_imported_when_the_database_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(SyncFailureRecord, "save", gone)
    with pytest.raises(OperationalError):
        import_json_state(put(tmp_path, daily_state={"offset": 7}, finance_failures=[A]))
    assert not SyncTask.objects.exists()


def test_a_folder_without_the_files_or_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the files"):
        import_json_state(tmp_path)
    with pytest.raises(UsageError, match="There is no folder"):
        import_json_state(tmp_path / "no")


def test_failures_may_be_retried_as_often_as_is_set(tmp_path: Path, settings: Any) -> None:
    settings.SYNC_FAILURE_MAX_RETRIES = 5
    import_json_state(put(tmp_path, finance_failures=[A]))
    assert SyncFailureRecord.objects.get().max_retries == 5
