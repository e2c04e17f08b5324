# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deployed, form by form, as the files beside this one have it; and whether every supported Kubernetes takes it."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.livestream.srs.tests.support.golden import FOLDER, file_of, forms, golden
from ansible_collections.livestream.srs.tests.support.schemas import RELEASES, validate


@pytest.mark.parametrize("form", forms())
def test_the_objects_are_those_of_the_file(form: str) -> None:
    assert golden(form) == file_of(form).read_text(encoding="utf-8"), "see what changed: make golden, and git diff"


def test_there_is_no_file_without_a_form() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == {*forms(), "forms"}


@pytest.mark.parametrize("form", forms())
def test_every_kubernetes_takes_the_objects(form: str) -> None:
    items = yaml.load(file_of(form).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["items"]
    assert len(items) > 4
    validate(items)


def test_the_oldest_and_the_newest_release_are_among_them() -> None:
    assert RELEASES[0] == "1.30" and len(RELEASES) > 5
