"""Everything that the pages say is said in Chinese too."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from market_data.models import Origin
from tests.stocksync.control_room.messages import every_message, untranslated

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES" / "django.po"


def test_every_sentence_has_its_translation() -> None:
    assert untranslated() == {}


def test_sentences_keep_their_placeholders() -> None:
    with translation.override("zh-hans"):
        for text in every_message():
            said = translation.gettext(text) + translation.ngettext(text, text, 2)
            assert set(re.findall(r"%\(\w+\)s", text)) <= set(re.findall(r"%\(\w+\)s", said))


@pytest.mark.skipif(os.system("msgfmt --version > /dev/null 2>&1") != 0, reason="gettext is not installed")  # noqa: S605
def test_the_compiled_catalogue_is_that_of_its_source(tmp_path: Path) -> None:
    subprocess.run(["msgfmt", "-o", tmp_path / "django.mo", CATALOGUE], check=True, stderr=subprocess.DEVNULL)

    assert (tmp_path / "django.mo").read_bytes() == CATALOGUE.with_suffix(".mo").read_bytes()


@pytest.mark.django_db
def test_the_pages_speak_the_readers_language(admin_client: Client, tmp_path: Path) -> None:
    Origin.objects.create(made_up=True)

    chinese = admin_client.get("/admin/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()
    english = admin_client.get("/admin/", headers={"Accept-Language": "en"}).content.decode()

    assert "尚未存入任何数据" in chinese
    assert "虚构数据" in chinese
    assert 'lang="zh-hans"' in chinese
    assert "Nothing is stored yet" in english


@pytest.mark.django_db
def test_the_language_can_be_switched(admin_client: Client) -> None:
    answer = admin_client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"}, follow=True)

    assert "总览" in answer.content.decode()
