# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as they are given."""

from __future__ import annotations

import pytest

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import manifests


def test_documents_of_texts_stand_in_their_place() -> None:
    given = [{"kind": "A"}, "---\n---\nkind: B\n---\nkind: C\n", [{"kind": "D"}], None, ""]
    assert manifests.read(given) == [{"kind": "A"}, [None, {"kind": "B"}, {"kind": "C"}], [{"kind": "D"}], None, []]


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(SrsError) as caught:
        manifests.read(["a: 1\npassword: hunter2: }\n"])
    assert (
        caught.value.message.startswith("A string in objects is not valid YAML: line 2, column 18: ")
        and "hunter2" not in caught.value.message
    )
    with pytest.raises(SrsError, match="a character that is not allowed"):
        manifests.read(["a: \x00"])
