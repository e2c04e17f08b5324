# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text as parameters, and both ways round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import compile_config
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.decompile import FIXED, params_of, role_of
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.options import EDGE, OPTIONS, ORIGIN
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, Spec
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.transform import modernise
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive
from ansible_collections.livestream.srs.tests.support.srs_conf_cases import Generator

ENV = {"env": ["SRS_HTTP_API_AUTH_USERNAME", "SRS_HTTP_API_AUTH_PASSWORD"]}
TUTORIAL_EDGE = """
listen              1935;
max_connections     1000;
daemon              off;
http_api {
    enabled         on;
    listen          1985;
}
http_server {
    enabled         on;
    listen          8080;
}
vhost __defaultVhost__ {
    cluster {
        mode            remote;
        origin          srs-origin-service;
    }
    http_remux {
        enabled     on;
    }
}
"""


def test_tutorial() -> None:
    assert params_of(TUTORIAL_EDGE) == {
        "srs_version": 7,
        "listen": ["1935"],
        "max_connections": 1000,
        "http_api": {"enabled": True, "listen": "1985"},
        "http_server": {"enabled": True, "listen": "8080"},
        "origin": ["srs-origin-service"],
        "http_remux": {"enabled": True},
    }


def test_what_the_text_leaves_to_the_server() -> None:
    text = "listen 1935; vhost __defaultVhost__ { hls { enabled on; hls_fragment 2.5; } }"
    assert params_of(text) == {
        "srs_version": 7,
        "listen": ["1935"],
        "http_api": {"enabled": False},
        "http_server": {"enabled": False},
        "http_remux": {"enabled": False},
        "hls": {"enabled": True, "hls_fragment": 2.5, "hls_ctx": True, "hls_ts_ctx": True},
    }
    assert params_of(text, version=Release(3))["hls"] == {"enabled": True, "hls_fragment": 2.5, "hls_dispose": 0}


def test_what_has_no_parameter() -> None:
    vhost = "vhost a { chunk_size 4096; rtc { enabled on; } security { allow play all; allow publish all; } }"
    text = f"listen 1935; rtc_server {{ enabled on; }} {vhost}"
    params = params_of(text, role=ORIGIN)
    assert params["extra"] == "rtc_server {\n    enabled on;\n}\nvhost a {\n    rtc {\n        enabled on;\n    }\n}\n"
    assert params["vhosts"][0]["name"] == "a"
    assert params["vhosts"][0]["chunk_size"] == 4096
    assert params["vhosts"][0]["security"] == {"allow": ["play all", "publish all"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("listen 1935", "line 1"),
        ("listen 1935; bogus on;", "bogus is not a directive"),
        ("listen 1935; http_api { auth { password hunter2; } }", "holds a secret"),
        ("listen 1935; vhost x { cluster { mode remote; } }", "origin is missing"),
    ],
)
def test_error(text: str, message: str) -> None:
    with pytest.raises(SrsError, match=message) as caught:
        params_of(text, where="old.conf")
    assert caught.value.message.startswith("old.conf line 1: ")
    assert "hunter2" not in caught.value.message


def meaning(tree: list[Directive], version: Release, table: Mapping[str, Spec], path: str = "") -> Iterator[tuple[str, str]]:
    """What a configuration says beside what holds anyway."""
    count: dict[str, int] = {}
    for directive in tree:
        spec = table[directive.name] if directive.name in table else Spec("text")
        if directive.name in FIXED:
            continue
        if directive.children is not None:
            # Lists of blocks keep their order, blocks of one kind are merged.
            own = " ".join([directive.name, *directive.args])
            yield from meaning(directive.children, version, spec.children or {}, f"{path}{own}.")
            continue
        count[directive.name] = count.get(directive.name, 0) + 1
        default, args = [spec.default_of(version)], directive.args
        if spec.kind == "number":
            default, args = [str(float(default[0] or -1))], [str(float(args[0]))]
        if args != default:
            yield f"{path}{directive.name}[{count[directive.name]}]", " ".join(args)


def effective(tree: list[Directive], version: Release) -> dict[str, str]:
    """Without the settings of blocks that are off, and for which we have defaults."""
    items = dict(meaning(tree, version, ROOT))
    blocks = {
        path[: path.index(block) + len(block)]
        for path in items
        for block in ("hls.", "http_remux.", "http_api.", "http_server.")
        if block in path
    }
    off = tuple(block for block in blocks if items.get(f"{block}enabled[1]") != "on")
    return {path: value for path, value in items.items() if not path.startswith(off)}


# Releases of 7 differ in what they do by themselves, so there the meaning is that of one.
RELEASES = [Release(3), Release(4), Release(5), Release(6), Release(7, 18), Release(7, 70), Release(7, 128), Release(8)]


@given(st.integers(0, 1 << 40), st.sampled_from(RELEASES))
def test_round_trip_keeps_the_meaning(seed: int, version: Release) -> None:
    text = Generator(seed, version).valid()
    tree = modernise(parse(text, version.major), version)[0]
    try:
        params = params_of(text, version=version)
    except SrsError as error:
        assert "holds a secret" in error.message
        return
    role = role_of(tree)
    assert set(params) <= set(OPTIONS[role])
    try:
        compiled = compile_config(role, params | ENV, where="w")
    except SrsError as error:
        # The one thing that a server takes and we do not deploy.
        assert "SRS 5 or later" in error.message or "needs srs_version 5" in error.message
        return
    again = parse(compiled.text, version.major)
    if not any(directive.name == "vhost" for directive in tree):
        again = [directive for directive in again if directive.name != "vhost"]
    assert effective(again, version) == effective(tree, version)
    # And the second time it is the very same.
    params = params_of(compiled.text, version=version, role=role)
    assert params_of(compile_config(role, params | ENV, where="w").text, version=version, role=role) == params


def test_role() -> None:
    assert role_of(parse(TUTORIAL_EDGE)) == EDGE
    assert role_of(parse("listen 1935; vhost x { }")) == ORIGIN
