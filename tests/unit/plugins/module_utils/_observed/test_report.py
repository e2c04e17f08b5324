# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status as a page and as data."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.livestream.srs.plugins.module_utils._observed import drawing, report
from ansible_collections.livestream.srs.plugins.module_utils._observed.assets import PLAYER_STYLE
from ansible_collections.livestream.srs.plugins.module_utils._observed.player_script import PLAYER_SCRIPT
from ansible_collections.livestream.srs.plugins.module_utils._observed.status_model import STATES
from ansible_collections.livestream.srs.tests.support.made_up import topology

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "status-report.schema.json").read_text())
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and gathers them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def count(self, tag: str, kind: str = "") -> int:
        return sum(
            tag == name and kind in (attributes.get("class") or "").split(" ") if kind else tag == name
            for name, attributes in self.elements
        )


def page(*statuses: dict[str, Any]) -> Page:
    return Page(report.page([(f"host-{number}", status) for number, status in enumerate(statuses)]))


@pytest.mark.parametrize("edges", [1, 10, 100])
def test_the_page_of_topologies_of_any_size(edges: int) -> None:
    status = topology(edges)
    shown = page(status)
    rows = 4 + (1 + 3 * edges) + (1 + edges) + len(status["urls"])
    assert shown.count("tr") == rows + 4  # with a head for each table
    assert shown.count("svg") == 2
    # Each edge cluster and each of its pods once in each picture, with the origin's.
    assert shown.count("rect", "edge") == 2 * edges
    assert shown.count("rect", "pod") == 2 * (3 * edges + 1)
    assert "cdn-01" in shown.words or edges == 1


def test_the_page_needs_nothing_else() -> None:
    text = report.page([("host", topology(3))])
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import|https?://(?!www\.w3\.org)(?!198\.|203\.)", text)
    assert "default-src 'none'" in text


def test_problems_stand_first_and_are_counted_in_the_verdicts() -> None:
    shown = page(topology(2))
    words = " ".join(shown.words)
    assert words.index("CrashLoopBackOff") < words.index("Topology") < words.index("Publishers")
    assert shown.count("li", "error") == 2
    assert shown.count("li", "wrong") == 3
    assert "No problems found." not in words
    assert "replicas not ready" in shown.words
    assert "all replicas ready" not in shown.words


def test_the_columns_of_the_servers_and_which_are_numbers() -> None:
    table = report.page([("host", topology(1))]).partition("<h2>Servers ")[2].partition("</table>")[0]
    heads = re.findall(r'<th scope="col"(?: class="(\w+)")?><button type="button">(.*?)</button></th>', table)
    texts = ["Server", "Cluster", "State", "SRS", "Uptime"]
    numbers = ["Connections", "Limit", "Used", "kbit/s in", "kbit/s out", "CPU"]
    assert heads == [*(("", text) for text in texts), *(("number", text) for text in numbers), ("", "Memory"), ("", "Error")]


def test_the_addresses_of_a_load_balancer_stand_in_one_line() -> None:
    status = topology(1)
    service = next(service for service in status["services"] if service["name"] == "srs-edge-service")
    service["addresses"] = ["192.0.2.1", "2001:db8::1"]
    assert "192.0.2.1, 2001:db8::1" in page(status).words


def test_no_problems_are_said_so() -> None:
    shown = page(topology(2, trouble=False))
    assert "No problems found." in shown.words
    assert (shown.count("li", "error"), shown.count("li", "wrong")) == (0, 0)
    assert "all replicas ready" in shown.words
    assert "replicas not ready" not in shown.words


@pytest.mark.parametrize(("not_merged", "chip", "cell"), [(False, "pulls are merged", "yes"), (True, "pulls are not merged", "no")])
def test_merged_pulls(not_merged: bool, chip: str, cell: str) -> None:
    status = topology(1, live=1, trouble=False)
    status["streams"][0]["pull_not_merged"] = status["verdicts"]["pull_not_merged"] = not_merged
    shown = page(status)
    assert chip in shown.words
    row = shown.words[shown.words.index("Publishers") + 1 : shown.words.index("Servers ")]
    assert [word for word in row if word in ("yes", "no")] == [cell]


def test_what_is_not_known_is_neither_good_nor_wrong() -> None:
    status = topology(1, trouble=False)
    status["verdicts"]["stale_config"] = None
    shown = page(status)
    assert "configs are current?" in shown.words


def test_each_pod_is_drawn_in_the_colour_of_its_state_and_the_legend_names_it() -> None:
    status = topology(1, pods=6, trouble=False)
    pods, servers = status["edges"]["edge"]["pods"], {server["name"]: server for server in status["servers"]}
    for pod, state in zip(pods, ("starting", "silent", "silent", "not_ready", "draining", "ready"), strict=True):
        servers[pod["name"]]["state"] = state
        pod["state"] = "ready" if state == "silent" else state
    shown = page(status)
    # The origin's pod is ready, too, and there are two pictures.
    assert {state: shown.count("rect", state) for state in STATES} == {
        "starting": 2, "ready": 4, "silent": 4, "not_ready": 2, "draining": 2,
    }  # fmt: skip
    legend = [state.replace("_", " ") for state in STATES]
    start = next(n for n in range(len(shown.words)) if shown.words[n : n + len(legend)] == legend)
    # The table of servers has the same words.
    assert {word: shown.words[start + len(legend) :].count(word) for word in legend} == {
        "starting": 1, "ready": 2, "silent": 2, "not ready": 1, "draining": 1,
    }  # fmt: skip


def test_pods_without_servers_are_drawn_by_their_own_state() -> None:
    status = topology(1, pods=1, trouble=False)
    status.update(servers=[], streams=[])
    status["edges"]["edge"]["pods"][0]["state"] = "draining"
    assert page(status).count("rect", "draining") == 2


def test_names_from_outside_are_text() -> None:
    status = topology(1)
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    status["streams"][0].update(url=f"/live/{evil}", stream=evil, vhost=evil)
    status["streams"][0]["publishers"][0]["ip"] = evil
    status["servers"][0].update(error=evil, version=evil)
    status["problems"][0].update(object=evil, message=evil, severity=evil)
    status["edges"]["edge"]["pods"][0]["reason"] = evil
    shown = page(status)
    assert shown.count("script") == 1
    assert shown.count("img") == 0
    assert not [name for _tag, attributes in shown.elements for name in attributes if name.startswith("on")]


def buttons(shown: Page) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in shown.elements if tag == "button" and attributes.get("class") == "play"]


def service(status: Any, component: str) -> Any:
    return next(service for service in status["services"] if service["component"] == component)


@pytest.mark.parametrize(
    ("vhost", "url", "path", "query", "name"),
    [
        ("__defaultVhost__", "/live/livestream", "/live/livestream", "", "/live/livestream"),
        ("tv.example", "/live/a", "/live/a", "?vhost=tv.example", "tv.example/live/a"),
        ("a&b=c/d", "/live/a", "/live/a", "?vhost=a%26b%3Dc%2Fd", "a&b=c/d/live/a"),
        # SRS takes the path as it comes: only what a URL can't have is encoded.
        ("__defaultVhost__", "/a/b/cam:1@x+y=z,(1)'", "/a/b/cam:1@x+y=z,(1)'", "", "/a/b/cam:1@x+y=z,(1)'"),
        ("__defaultVhost__", '/live/a b%41?c#d"<é>', "/live/a%20b%2541%3Fc%23d%22%3C%C3%A9%3E", "", '/live/a b%41?c#d"<é>'),
    ],
)
def test_a_button_plays_its_stream(vhost: str, url: str, path: str, query: str, name: str) -> None:
    status = topology(1, live=1, trouble=False)
    status["streams"][0].update(vhost=vhost, url=url)
    assert buttons(page(status)) == [
        {
            "type": "button",
            "class": "play",
            "data-name": name,
            "data-path": path,
            "data-query": query,
            "aria-expanded": "false",
            "aria-label": f"Play {name}",
        }
    ]


def test_a_player_is_offered_all_load_balancers_https_first() -> None:
    status = topology(2, live=1, trouble=False)
    service(status, "hls").update(
        https_host="tv.example",
        flv=True,
        ports=[
            {"port": 80, "protocol": "hls", "tls": False, "node_port": None},
            {"port": 443, "protocol": "hls", "tls": True, "node_port": None},
        ],
    )
    shown = page(status)
    offered = [(a["value"], a["data-protocol"], a["data-suffix"]) for tag, a in shown.elements if tag == "option"]
    assert offered == [
        ("https://tv.example", "hls", ".m3u8"),
        ("https://tv.example", "flv", ".flv"),
        ("http://203.0.113.2", "hls", ".m3u8"),
        ("http://198.51.100.11:8080", "flv", ".flv"),
        ("http://198.51.100.10:8080", "flv", ".flv"),
    ]
    assert "cdn-01: HTTP-FLV from http://198.51.100.11:8080" in shown.words
    assert shown.count("video") == 1


def policy(shown: Page) -> str:
    return next(a["content"] or "" for _tag, a in shown.elements if a.get("http-equiv") == "Content-Security-Policy")


def test_the_page_is_let_to_its_load_balancers_alone() -> None:
    status = topology(1, live=1, trouble=False)
    assert policy(page(status)) == (
        f"{report.POLICY}; connect-src http://198.51.100.10:8080 http://203.0.113.2; "
        "media-src blob: http://198.51.100.10:8080 http://203.0.113.2"
    )
    # The policy has no form for IPv6 addresses, and nothing of a name gets into it that would be another directive.
    service(status, "edge")["addresses"] = ["2001:db8::1"]
    service(status, "hls")["addresses"] = ["x; script-src *"]
    assert policy(page(status)) == f"{report.POLICY}; connect-src http:; media-src blob: http:"


@pytest.mark.parametrize("why", ["no address", "inside", "deleting", "rtmp"])
def test_without_a_load_balancer_a_button_says_why_it_is_disabled(why: str) -> None:
    status = topology(1, live=2, trouble=False)
    for one in status["services"]:
        if why == "rtmp":
            one["ports"] = [{"port": 1935, "protocol": "rtmp", "tls": False, "node_port": None}]
        elif why == "deleting":
            one["deleting"] = "is being deleted"
        else:
            one["addresses"] = []
            one["type"] = "ClusterIP" if why == "inside" else one["type"]
    shown = page(status)
    assert [(button["disabled"], button["title"]) for button in buttons(shown)] == [(None, report.NO_PLACE)] * 2
    assert report.NO_PLACE in shown.words
    assert all(str(button["aria-label"]).endswith(report.NO_PLACE) for button in buttons(shown))
    assert (shown.count("video"), policy(shown)) == (0, report.POLICY)
    assert PLAYER_SCRIPT not in report.page([("host", status)])


def test_a_page_without_streams_has_no_player() -> None:
    text = report.page([("host", topology(2, live=0))])
    assert PLAYER_SCRIPT not in text
    assert PLAYER_STYLE not in text
    assert "<video" not in text
    assert policy(Page(text)) == report.POLICY


def test_several_hosts_have_a_part_each() -> None:
    shown = page(topology(1), topology(2))
    assert shown.count("main") == 2
    assert any("host-1" in word for word in shown.words)


def test_without_the_servers_the_rest_is_shown() -> None:
    status = topology(2)
    status.update(servers=[], streams=[])
    shown = page(status)
    assert shown.count("rect", "edge") == 4
    assert "Servers answering" not in shown.words
    assert "Streams" not in " ".join(shown.words)


def test_an_empty_topology_is_a_page() -> None:
    status = topology(1, trouble=False)
    status.update(origins={}, edges={}, services=[], urls=[], servers=[], streams=[])
    assert page(status).count("svg") == 2


def test_where_nothing_flows_a_line_is_dashed() -> None:
    def idle(live: int) -> int:
        status = topology(1, pods=1, live=live, trouble=False)
        return Page(drawing.draw(status)).count("path", "idle")

    assert idle(live=0) > idle(live=2)


def test_the_load_balancer_of_hls_says_what_it_is_for() -> None:
    assert page(topology(1)).words.count("load balancer for HLS") == 2, "once in each picture"


def test_titles_are_wider_than_other_texts_and_so_are_shortened_earlier() -> None:
    picture = drawing._Picture(400)
    for kind in ("title", "line"):
        picture.text("x" * 60, 0, 0, 370, kind)
    assert [re.sub(r"<title>.*?</title>|<.*?>", "", text) for text in picture.boxes] == ["x" * 49 + "…", "x" * 55 + "…"]


@pytest.mark.parametrize("edges", [0, 1, 7, 30])
def test_pictures_hold_all_of_their_boxes(edges: int) -> None:
    for picture in re.findall(r"<svg.*?</svg>", report.page([("host", topology(max(edges, 1), live=8 if edges else 0))]), re.DOTALL):
        (height,) = re.findall(r'<svg[^>]* viewBox="-1 -1 [\d.]+ ([\d.]+)"', picture)
        bottoms = [float(y) + float(tall) for y, tall in re.findall(r'<rect[^>]* y="([\d.]+)"[^>]* height="([\d.]+)"', picture)]
        assert 0 < max(bottoms) <= float(height)


def test_a_table_without_rows_is_left_out() -> None:
    assert report._table("Streams", ["Stream"], []) == ""


def test_lines_are_as_thick_as_bitrates() -> None:
    status = topology(1, pods=1, live=2, trouble=False)
    for stream, rate in zip(status["streams"], (4000, 1000), strict=True):
        stream["kbps_in"] = rate
    lines = {
        attributes["class"]: float(attributes["stroke-width"] or 0)
        for tag, attributes in Page(drawing.draw(status)).elements
        if tag == "path" and "flow" in (attributes.get("class") or "")
    }
    assert lines["flow s0"] == drawing.THICKEST
    assert lines["flow s1"] == pytest.approx(drawing.THINNEST + (drawing.THICKEST - drawing.THINNEST) / 4, abs=0.1)


def test_streams_beyond_the_first_go_together() -> None:
    status = topology(2, live=20)
    shown = page(status)
    assert len(drawing.legend(status)) == drawing.STREAMS
    assert "14 other streams" in shown.words
    assert shown.count("path", f"s{drawing.STREAMS}") > 0


def test_an_edge_behind_an_edge_is_drawn_from_there() -> None:
    status = topology(2, pods=1, live=1, trouble=False)
    edges = [server["name"] for server in status["servers"] if server["component"] == "edge"]
    for pull in status["streams"][0]["pulls"]:
        if pull["edge"] == edges[1]:
            pull["server"] = edges[0]
    assert "pulls from edge" in page(status).words


@pytest.mark.parametrize("status", [topology(1), topology(3, trouble=False), topology(2, live=0)], ids=["trouble", "fine", "no streams"])
def test_the_data_follow_the_schema(status: dict[str, Any]) -> None:
    written = json.loads(report.data([("host", status)]))
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    assert written["schema_version"] == report.SCHEMA_VERSION == SCHEMA["properties"]["schema_version"]["const"]


def test_the_schema_refuses_what_it_does_not_describe() -> None:
    written = json.loads(report.data([("host", topology(1))]))
    written["hosts"][0]["servers"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.Draft202012Validator(SCHEMA).validate(written)
