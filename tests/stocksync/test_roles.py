"""The groups viewer, operator and admin: what each may do by REST and in the admin."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.auth.models import Group, Permission, User
from django.test import Client, RequestFactory
from django.urls import reverse
from rest_framework.test import APIClient

from market_data.models import SyncFailureRecord, SyncTask
from scheduling import executions
from scheduling.context import Status
from scheduling.models import Execution, JobConfig, Pool
from scheduling.models.execution import Trigger
from stocksync import roles
from tests.rest_clients import program_of
from tests.scheduling.admin.pages import page_of
from tests.scheduling.conftest import Declare, broker_in_memory, declare, jobs, migrated_file

__all__ = ["broker_in_memory", "declare", "jobs", "migrated_file"]
NOBODY = "00000000-0000-4000-8000-000000000000"
READ = [
    "/scheduler/jobs",
    "/scheduler/jobs/job",
    "/scheduler/jobs/job/status",
    "/scheduler/status",
    "/scheduler/executions",
    "/scheduler/executions/{run}",
    "/scheduler/executions/{run}/log",
    "/market-data/sync-tasks",
    f"/market-data/sync-tasks/{NOBODY}",
    "/market-data/failures",
    f"/market-data/failures/{NOBODY}",
    "/market-data/coverage?dataset=stock_basic",
    "/market-data/bars?symbol=600000.SH",
    "/market-data/datasets",
    "/market-data/datasets/daily/rows",
    "/market-data/finance?symbol=600000.SH",
]
OPERATE = [
    "POST /scheduler/jobs",
    "PUT /scheduler/jobs/job",
    "PATCH /scheduler/jobs/job",
    "POST /scheduler/jobs/job/start",
    "POST /scheduler/jobs/job/stop",
    "POST /scheduler/jobs/job/schedule",
    "POST /scheduler/jobs/job/trigger",
    "POST /scheduler/executions/{run}/cancel",
    "POST /scheduler/executions/{run}/retry",
    f"POST /market-data/sync-tasks/{NOBODY}/pause",
    f"POST /market-data/sync-tasks/{NOBODY}/resume",
    f"POST /market-data/sync-tasks/{NOBODY}/cancel",
    f"POST /market-data/failures/{NOBODY}/retry",
    f"POST /market-data/failures/{NOBODY}/resolve",
]
DELETE = ["DELETE /scheduler/jobs/job"]
Of = Callable[[str], User]


@pytest.fixture
def of(db: None) -> Of:
    """Somebody of the staff who is in this group and has no other permission."""
    roles.install()

    def somebody(group: str) -> User:
        user = User.objects.create_user(f"one {group}", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        return user

    return somebody


@pytest.fixture
def run(declare: Declare) -> Execution:
    return executions.create(declare(), Trigger.MANUAL, {})


def ask(user: User, line: str, run: Execution) -> int:
    method, _, path = line.rpartition(" ")
    client: APIClient = program_of(user)
    return client.generic(method or "GET", path.format(run=run.id), "{}", "application/json").status_code


@pytest.mark.parametrize("line", [*READ, *OPERATE, *DELETE])
def test_each_role_may_ask_for_what_it_is_for_and_for_no_more(of: Of, run: Execution, line: str) -> None:
    allowed = {"viewer": line in READ, "operator": line not in DELETE, "admin": True}
    for group, may in allowed.items():
        assert (ask(of(group), line, run) != 403) is may, group


def test_the_lists_above_are_all_that_can_be_asked() -> None:
    described = APIClient().get("/schema?format=json").json()["paths"]
    operations = {
        (verb, path) for path, verbs in described.items() for verb in verbs if not path.startswith("/dataapi")
    }
    asked = set()
    for line in [*READ, *OPERATE, *DELETE]:
        method, _, path = line.rpartition(" ")
        named = {"{run}": "{id}", NOBODY: "{id}", "/jobs/job": "/jobs/{job_id}", "datasets/daily": "datasets/{name}"}
        for given, name in named.items():
            path = path.replace(given, name)
        asked.add((method.lower() or "get", path.partition("?")[0]))
    assert sorted(operations - asked) == []


@pytest.mark.parametrize(
    ("page", "roles_that_may"),
    [
        ("scheduling_jobconfig_changelist", "viewer operator admin"),
        ("scheduling_jobconfig_add", "operator admin"),
        ("scheduling_execution_changelist", "viewer operator admin"),
        ("scheduling_pool_changelist", "viewer operator admin"),
        ("market_data_synctask_changelist", "viewer operator admin"),
        ("market_data_syncfailurerecord_changelist", "viewer operator admin"),
        ("market_data_security_changelist", "viewer operator admin"),
        ("auth_user_changelist", "admin"),
        ("auth_group_changelist", "admin"),
        ("axes_accessattempt_changelist", "admin"),
    ],
)
def test_each_role_sees_its_pages(of: Of, page: str, roles_that_may: str) -> None:
    for group in ("viewer", "operator", "admin"):
        client = Client()
        client.force_login(of(group))
        assert (client.get(reverse(f"admin:{page}")).status_code == 200) is (group in roles_that_may.split()), group


def actions_of(user: User, model: Any) -> set[str]:
    """What the list of a model offers this person to do."""
    request = RequestFactory().get("/")
    request.user = user
    return set(site._registry[model].get_actions(request))


@pytest.mark.parametrize("model", [JobConfig, Execution, Pool, SyncTask, SyncFailureRecord])
def test_each_role_is_offered_the_actions_that_are_for_it(of: Of, model: Any) -> None:
    offered = {group: actions_of(of(group), model) for group in ("viewer", "operator", "admin")}
    assert offered["viewer"] == set()
    assert offered["operator"] | {"delete_selected"} >= offered["admin"] >= offered["operator"]
    assert "delete_selected" not in offered["operator"]
    assert len(offered["operator"]) >= {JobConfig: 5, SyncTask: 2, SyncFailureRecord: 2}.get(model, 0)


@pytest.mark.parametrize("order", ["enable", "disable", "pause", "resume", "run"])
def test_a_viewer_gives_a_job_no_order_and_an_operator_does(of: Of, declare: Declare, order: str) -> None:
    address = page_of(declare(), order)
    refused = {}
    for group in ("viewer", "operator", "admin"):
        client = Client()
        client.force_login(of(group))
        refused[group] = client.post(address, {"note": "why", "kwargs": "", "key": group}).status_code == 403
    assert refused == {"viewer": True, "operator": False, "admin": False}


@pytest.mark.parametrize("order", ["cancel", "retry"])
def test_a_viewer_gives_a_run_no_order_and_an_operator_does(of: Of, run: Execution, order: str) -> None:
    Execution.objects.filter(id=run.id).update(status=Status.RUNNING if order == "cancel" else Status.FAILED)
    address = reverse(f"admin:scheduling_execution_{order}", args=[run.pk])
    codes = {}
    for group in ("viewer", "operator", "admin"):
        client = Client()
        client.force_login(of(group))
        codes[group] = client.post(address).status_code
    assert codes == {"viewer": 403, "operator": 302, "admin": 302}


def test_a_viewer_may_change_nothing_and_an_operator_delete_nothing(db: None) -> None:
    roles.install()
    held = {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}
    assert all(codename.startswith("view_") for codename in held["viewer"])
    assert not any(codename.startswith("delete_") for codename in held["operator"])
    assert held["viewer"] < held["operator"] < held["admin"]


def test_every_permission_that_a_role_names_exists(db: None) -> None:
    known = set(Permission.objects.filter(content_type__app_label__in=roles.OURS).values_list("codename", flat=True))
    assert set(roles.OPERATED) - known == set()


def test_a_new_database_has_the_groups_with_every_model(migrated_file: Path) -> None:
    query = """SELECT count(*) FROM auth_group g JOIN auth_group_permissions x ON x.group_id = g.id
        JOIN auth_permission p ON p.id = x.permission_id JOIN django_content_type c ON c.id = p.content_type_id
        WHERE g.name = 'viewer' AND c.app_label IN ('scheduling', 'market_data')"""
    models = [model for label in roles.OURS for model in apps.get_app_config(label).get_models()]
    with sqlite3.connect(migrated_file) as database:
        assert database.execute(query).fetchone()[0] == len(models)
        names = {name for (name,) in database.execute("SELECT name FROM auth_group")}
    assert names == {"viewer", "operator", "admin"}


def test_what_a_person_has_given_a_role_besides_stays(db: None) -> None:
    roles.install()
    viewer = Group.objects.get(name="viewer")
    viewer.permissions.add(Permission.objects.get(codename="add_execution"))
    roles.install()
    assert viewer.permissions.filter(codename="add_execution").exists()


def test_somebody_of_no_group_may_do_nothing(db: None, run: Execution) -> None:
    user: Any = User.objects.create_user("nobody", is_staff=True)
    assert {ask(user, line, run) for line in [*READ, *OPERATE, *DELETE]} == {403}
