# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random configurations from the table of directives, and ways to break them; the same seed always gives the same."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Mapping

from ansible_collections.livestream.srs.plugins.module_utils._releases.release import Release
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.compile import check_text
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.findings import ERROR
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.parse import parse
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.render import render
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.schema import ROOT, Spec, reaches
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.stream_checks import stream_checks
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.tree import Directive


class Generator:
    """Random configurations from the table of directives."""

    def __init__(self, seed: int, version: Release) -> None:
        self.random = random.Random(seed)
        self.version = version

    def valid(self) -> str:
        """A text that has no error of ours."""
        while True:
            tree = self.tree()
            text = render(tree)
            findings = [*check_text(text, self.version), *stream_checks(parse(text, self.version.major), self.version)]
            if not any(finding.severity == ERROR for finding in findings):
                return text

    def tree(self) -> list[Directive]:
        tree = [
            directive
            for directive in self.block(ROOT, 0.12)
            if directive.name not in ("vhost", "listen", "max_connections", "is_full", "asprocess")
        ]
        tree.insert(0, Directive("listen", self.args(ROOT["listen"])))
        tree.insert(self.random.randrange(len(tree) + 1), Directive("max_connections", [str(self.random.randint(1, 800))]))
        for index in range(self.random.randint(0, 3)):
            spec = ROOT["vhost"]
            assert spec.children is not None
            name = "__defaultVhost__" if not index else f"vhost-{index}.example.com"
            block = [directive for directive in self.block(spec.children, 0.3) if index or directive.name != "enabled"]
            tree.insert(self.random.randrange(len(tree) + 1), Directive("vhost", [name], block))
        return tree

    def block(self, table: Mapping[str, Spec], share: float) -> list[Directive]:
        directives = []
        for name, spec in table.items():
            known = spec.known(self.version)
            if not known or self.random.random() > share or name == "network":  # whose range is the machine's
                continue
            for number in range(self.random.randint(1, 2) if spec.many else 1):
                if spec.kind != "block":
                    directives.append(Directive(name, self.args(spec)))
                elif spec.free:
                    directives.append(Directive(name, [], [Directive(self.word(), [self.word()]) for _number in range(2)]))
                elif spec.children is not None:
                    args = [f"{self.word()}{number}"] if spec.args[1] else []
                    directives.append(Directive(name, args, self.block(spec.children, 0.4)))
        self.random.shuffle(directives)
        return directives

    def word(self) -> str:
        return "".join(self.random.choices(string.ascii_letters + string.digits + "_-./[]=*", k=self.random.randint(1, 12)))

    def args(self, spec: Spec) -> list[str]:
        several = spec.args[1] > 2 or reaches(self.version, spec.lists)
        return [word for _number in range(self.random.randint(1, 3) if several else 1) for word in self.value(spec)]

    def value(self, spec: Spec) -> list[str]:
        low = spec.low if spec.low is not None else 0
        high = spec.high if spec.high is not None else low + 9000
        address = ".".join(str(self.random.randint(1, 250)) for _number in range(4))
        match spec.kind:
            case "switch":
                return [self.random.choice(("on", "off"))]
            case "integer":
                return [str(self.random.randint(int(low), int(high)))]
            case "number":
                return [
                    self.random.choice((f"{self.random.uniform(low, high):.3f}", str(self.random.randint(int(low) + 1, int(high) + 1))))
                ]
            case "word":
                return [self.random.choice(spec.words_of(self.version))]
            case "endpoint":
                port = str(self.random.randint(1024, 65535))
                return [port if reaches(self.version, spec.addresses) is not True or self.random.random() < 0.7 else f"{address}:{port}"]
            case "host":
                return [self.random.choice((address, "origin.example.com", "srs-origin-0.socs")) + self.random.choice(("", ":19350"))]
            case "url":
                return [self.random.choice(("http://hooks.example.com", f"http://{address}:8085/api/v1?a=b&c=[stream]"))]
            case "rule":
                return [self.random.choice(("publish", "play")), self.random.choice(("all", address))]
        return [self.random.choice((self.word(), "a b", "a;b{}#c", "it's", 'say "x"', "ü/é", "x" * 300))]


class Breaker:
    """Breaks a valid text in one of many ways; what comes out may still be valid."""

    def __init__(self, seed: int, version: Release) -> None:
        self.random = random.Random(seed)
        self.version = version
        self.ways: list[Callable[[str], str]] = [
            self.unknown_name,
            self.misspelt_name,
            self.wrong_block,
            self.no_semicolon,
            self.stray_brace,
            self.bad_number,
            self.bad_quote,
            self.broken_line,
            self.bad_word,
            self.twice,
            self.leaf_as_block,
            self.block_as_leaf,
            self.other_version,
            self.no_value,
            self.more_values,
            self.conflict,
            self.no_listen,
            self.random_edits,
            self.too_many_connections,
        ]

    def broken(self, text: str) -> tuple[str, str]:
        way = self.random.choice(self.ways)
        return way.__name__, way(text)

    def tree(self, text: str) -> list[Directive]:
        return parse(text, self.version.major)

    def all(self, tree: list[Directive]) -> Iterator[tuple[list[Directive], Directive]]:
        for directive in tree:
            yield tree, directive
            yield from self.all(directive.children or [])

    def pick(
        self, tree: list[Directive], wanted: Callable[[Directive], bool] = lambda directive: True
    ) -> tuple[list[Directive], Directive]:
        found = [(siblings, directive) for siblings, directive in self.all(tree) if wanted(directive)]
        return self.random.choice(found or list(self.all(tree)))

    def unknown_name(self, text: str) -> str:
        tree = self.tree(text)
        siblings, _picked = self.pick(tree)
        siblings.insert(
            self.random.randrange(len(siblings) + 1),
            Directive(self.random.choice(("bogus", "rtmp", "worker_processes", "\ufeffpid")), ["on"]),
        )
        return render(tree)

    def misspelt_name(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree)
        at = self.random.randrange(len(directive.name))
        directive.name = directive.name[:at] + self.random.choice("xyz_") + directive.name[at + 1 :]
        return render(tree)

    def wrong_block(self, text: str) -> str:
        tree = self.tree(text)
        siblings, directive = self.pick(tree)
        target, _picked = self.pick(tree)
        siblings[:] = [other for other in siblings if other is not directive]
        target.append(directive)
        return render(tree)

    def position(self, text: str, chars: str) -> int:
        return self.random.choice([index for index, char in enumerate(text) if char in chars])

    def no_semicolon(self, text: str) -> str:
        at = self.position(text, ";")
        return text[:at] + self.random.choice(("", " ")) + text[at + 1 + self.random.randint(0, 1) :]

    def stray_brace(self, text: str) -> str:
        at = self.position(text, " ;\n")
        return text[:at] + self.random.choice(("{", "}", " }", "} ", ";}", "};", ";")) + text[at:]

    def bad_number(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(
            tree, lambda directive: bool(directive.args) and directive.args[0].lstrip("-").replace(".", "").isdigit()
        )
        directive.args = [
            self.random.choice(("abc", "350ms", "-5", "0", "1.5", "1e3", "0x10", "99999999999", "+1", "70000", "127", "1_0", "٣"))
        ]
        return render(tree)

    def bad_quote(self, text: str) -> str:
        at = self.position(text, " ;")
        return text[:at] + self.random.choice(('"', "'", ' "a"b', " 'x\ny'", ' ""', ' "', ' "a" ', " a\"b'c")) + text[at:]

    def broken_line(self, text: str) -> str:
        at = self.position(text, " ;{")
        return text[:at] + self.random.choice(("\n", "\r\n", "\r", " # comment\n", "\t", "\v", "\u00a0", " # comment\r")) + text[at:]

    def bad_word(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree, lambda directive: directive.children is None)
        directive.args = [self.random.choice(("yes", "true", "ON", "bogus", "on off", "1", "x" * 5000))]
        return render(tree)

    def twice(self, text: str) -> str:
        tree = self.tree(text)
        siblings, directive = self.pick(tree)
        siblings.insert(self.random.randrange(len(siblings) + 1), directive)
        return render(tree)

    def leaf_as_block(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree, lambda directive: directive.children is None)
        directive.children = [Directive("enabled", ["on"])]
        return render(tree)

    def block_as_leaf(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree, lambda directive: directive.children is not None)
        directive.children = None
        return render(tree)

    def other_version(self, text: str) -> str:
        """A directive that another version has at this place."""
        tree = self.tree(text)
        places: list[tuple[list[Directive], str, Spec]] = []

        def look(siblings: list[Directive], table: Mapping[str, Spec]) -> None:
            for name, spec in table.items():
                if spec.known(self.version) is False:
                    places.append((siblings, name, spec))
            for directive in siblings:
                spec_of = table.get(directive.name)
                if directive.children is not None and spec_of is not None and spec_of.children:
                    look(directive.children, spec_of.children)

        look(tree, ROOT)
        if not places:
            return self.unknown_name(text)
        siblings, name, spec = self.random.choice(places)
        value = Generator(self.random.randrange(1 << 30), self.version)
        siblings.append(Directive(name, [], []) if spec.kind == "block" else Directive(name, value.args(spec)))
        return render(tree)

    def no_value(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree)
        directive.args = []
        return render(tree)

    def more_values(self, text: str) -> str:
        tree = self.tree(text)
        _siblings, directive = self.pick(tree)
        directive.args = [*directive.args, "more", "words"]
        return render(tree)

    def too_many_connections(self, text: str) -> str:
        return re.sub(r"(?m)^max_connections .*", f"max_connections {self.random.randint(880, 1030)};", text)

    def conflict(self, text: str) -> str:
        return text + self.random.choice(
            (
                "asprocess on;\n",
                "asprocess on;\ndaemon off;\n",
                "is_full on;\n",
                "heartbeat { interval 0; }\n",
                "heartbeat { interval 0.9; }\n",
                "http_api { enabled off; https { enabled on; } }\n",
                "http_server { https { enabled on; } }\n",
                "http_api { enabled on; listen 8080; }\nhttp_server { enabled on; listen 8080; https { listen 9000; } }\n",
                "http_api { listen 8080; https { listen 9001; } }\nhttp_server { enabled on; listen 8080; https { listen 9000; } }\n",
                "http_api { listen 80; https { listen 9000; } }\nhttp_server { enabled on; listen 8080; https { listen 9000; } }\n",
                "vhost c { hls { enabled on; } http_remux { enabled on; mount [vhost]/[app]/[stream].ts; } }\n",
                "vhost c { hls { enabled on; } http_remux { mount [vhost]/[app]/[stream].ts; enabled on; } }\n",
                "vhost c { http_remux { enabled on; } http_remux { enabled off; } }\n",
                "vhost c { ingest a { enabled off; } ingest a { enabled off; } }\n",
                "vhost c { ingest { enabled off; } ingest { enabled off; } }\n",
                "vhost c { forward { enabled on; destination a; } publish { kickoff_for_idle 3; } }\n",
                "vhost c { forward { enabled on; destination a; } publish { kickoff_for_idle 0.0; } }\n",
                "vhost c { forward a b; publish { kickoff_for_idle 3; } }\n",
                "vhost c { chunk_size 100; }\n",
                "chunk_size 70000;\n",
                "listen 1936;\n",
                "include;\n",
                "stats { network -1; }\n",
                "vhost c { http { enabled on; } mr { enabled on; latency 500; } refer a; }\n",
                "http_stream { enabled on; bogus on; }\n",
                "vhost c { nack { enabled on; } twcc { enabled on; } rtc { aac transcode; bframe keep; } }\n",
                "stream_caster { enabled off; caster gb28181; host *; tcp_enable on; sip { serial 1; realm x; } }\n",
                "vhost c { gop_cache_max_frames 100; }\n",
                "vhost c { mode remote; origin a; bogus; }\n",
                "rtmp { listen 1937; chunk_size 4096; }\n",
                "rtmp { listen here:1937; }\n",
                "rtmp { bogus on; }\n",
                "rtmps { enabled on; }\n",
                "threads { interval 5; }\n",
                "http_api { enabled on; listen 1981 1982; }\n",
                "http_server { enabled on; listen host:8081; }\n",
                "http_api { enabled on; https { enabled on; listen host:1; } }\n",
                "rtc_server { enabled on; listen host:8001; }\n",
                "rtc_server { enabled on; tcp { enabled on; listen 0; } }\n",
                "srt_server { enabled on; listen host:8002; }\n",
                "rtsp_server { enabled on; listen host:8003; }\n",
                "http_api { enabled on; auth { enabled on; type basic; username a; password b; } }\n",
                "heartbeat { auth { enabled on; type bearer; } }\n",
                "tencentcloud_cls { bogus on; }\n",
                "vhost c { hls { hls_acodec an; hls_vcodec vn; } }\n",
                "stream_caster { enabled off; caster gb28181; sip { enabled on; timeout 3; } }\n",
            )
        )

    def no_listen(self, text: str) -> str:
        return re.sub(r"(?m)^listen .*\n", "", text)

    def random_edits(self, text: str) -> str:
        for _number in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(text) + 1)
            text = (
                text[:at]
                + self.random.choice((" ", "\t", "\n", ";", "{", "}", "#", "'", '"', "\\", "a", "$", "", ""))
                + text[at + self.random.randint(0, 2) :]
            )
        return text
