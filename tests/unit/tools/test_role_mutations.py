# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mistakes are made in templates, YAML and shell, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mutants import role_text
from mutants.mutation import Mutation, changed

TEMPLATE = """\
{# Why. #}
{% if edge.graceful and edge.mode == 'roll' %}
spec:
  # A comment: true
  replicas: {{ edge.replicas | default(3) | int }}
  readOnly: true
  strategy:
    type: RollingUpdate
    maxSurge: 25%
{% endif %}
{% for port in edge.ports %}
  - {{ port if not port.hidden else none }}
{% endfor %}
"""
CONF = """\
http {
    gzip on;
    proxy_cache_path /var/cache levels=1:2 inactive={{ seconds }}s;
    server { listen 8080; }
}
"""
TASKS = """\
---
- name: Say what is going to be done
  ansible.builtin.debug:
    msg: "{{ words | join }}"
    verbosity: 1
  when: not quiet
- name: Do it
  livestream.srs.apply_set:
    wait: true
"""
SCRIPT = """\
# Why = 5
if [ "$1" = true ]; then
    ! rm -f -- "$2" && exit 1
fi
"""

Mistakes = Callable[[str], list[Mutation]]


def mistakes(mutations: Mistakes, text: str) -> list[tuple[str, str]]:
    found = (changed(text, mutation.render()) for mutation in mutations(text))
    return [(" / ".join(removed), " / ".join(added)) for removed, added in found]


@pytest.mark.parametrize(
    ("mutations", "text", "was", "becomes"),
    [
        (
            role_text.template,
            TEMPLATE,
            "{% if edge.graceful and edge.mode == 'roll' %}",
            "{% if not (edge.graceful and edge.mode == 'roll') %}",
        ),
        (role_text.template, TEMPLATE, "{% if edge.graceful and edge.mode == 'roll' %}", "{% if edge.graceful or edge.mode == 'roll' %}"),
        (role_text.template, TEMPLATE, "{% if edge.graceful and edge.mode == 'roll' %}", "{% if edge.graceful and edge.mode != 'roll' %}"),
        (
            role_text.template,
            TEMPLATE,
            "{% if edge.graceful and edge.mode == 'roll' %}",
            "{% if edge.graceful and edge.mode == 'XXrollXX' %}",
        ),
        (role_text.template, TEMPLATE, "replicas: {{ edge.replicas | default(3) | int }}", "replicas: {{ edge.replicas  | int }}"),
        (
            role_text.template,
            TEMPLATE,
            "replicas: {{ edge.replicas | default(3) | int }}",
            "replicas: {{ edge.replicas | default(4) | int }}",
        ),
        (role_text.template, TEMPLATE, "replicas: {{ edge.replicas | default(3) | int }}", ""),
        (role_text.template, TEMPLATE, "readOnly: true", "readOnly: false"),
        (role_text.template, TEMPLATE, "type: RollingUpdate", "type: XXRollingUpdateXX"),
        (role_text.template, TEMPLATE, "maxSurge: 25%", "maxSurge: 26%"),
        (role_text.template, TEMPLATE, "{% for port in edge.ports %}", "{% for port in [] %}"),
        (role_text.template, TEMPLATE, "- {{ port if not port.hidden else none }}", "- {{ port if not (not port.hidden) else none }}"),
        (role_text.template, TEMPLATE, "- {{ port if not port.hidden else none }}", "- {{ port if port.hidden else none }}"),
        (role_text.template, CONF, "gzip on;", "gzip off;"),
        (role_text.template, CONF, "gzip on;", ""),
        (role_text.template, CONF, "server { listen 8080; }", "server { listen 8081; }"),
        (role_text.yaml_file, TASKS, "when: not quiet", "when: not (not quiet)"),
        (role_text.yaml_file, TASKS, "when: not quiet", ""),
        (role_text.yaml_file, TASKS, "verbosity: 1", "verbosity: 2"),
        (role_text.yaml_file, TASKS, "wait: true", "wait: false"),
        (role_text.yaml_file, TASKS, 'msg: "{{ words | join }}"', 'msg: "{{ words  }}"'),
        (role_text.yaml_file, TASKS, "- name: Do it / livestream.srs.apply_set: / wait: true", ""),
        (role_text.shell, SCRIPT, 'if [ "$1" = true ]; then', 'if [ "$1" != true ]; then'),
        (role_text.shell, SCRIPT, 'if [ "$1" = true ]; then', 'if [ "$1" = false ]; then'),
        (role_text.shell, SCRIPT, '! rm -f -- "$2" && exit 1', 'rm -f -- "$2" && exit 1'),
        (role_text.shell, SCRIPT, '! rm -f -- "$2" && exit 1', '! rm -f -- "$2" || exit 1'),
        (role_text.shell, SCRIPT, '! rm -f -- "$2" && exit 1', '! rm -f -- "$2" && exit 2'),
        (role_text.shell, SCRIPT, '! rm -f -- "$2" && exit 1', ""),
    ],
)
def test_mistakes(mutations: Mistakes, text: str, was: str, becomes: str) -> None:
    assert (was, becomes) in mistakes(mutations, text)


@pytest.mark.parametrize(("mutations", "text"), [(role_text.template, TEMPLATE), (role_text.yaml_file, TASKS), (role_text.shell, SCRIPT)])
def test_what_is_left_alone(mutations: Mistakes, text: str) -> None:
    found = mistakes(mutations, text)
    changed_lines = {line for was, becomes in found for line in (*was.split(" / "), *becomes.split(" / "))}
    assert not [line for line in changed_lines if line.startswith("#") or "Why" in line or "XXSay" in line]
    # What holds others is no line to drop.
    assert not [was for was, becomes in found if not becomes and was in ("spec:", "strategy:", "http {", "}", "fi", "{% endif %}")]


def test_a_mutant_can_be_read() -> None:
    assert role_text.template("{% if a %}{% endif %}\n") != []
    assert mistakes(role_text.yaml_file, "a:\n  b: 1\n") == [("a: / b: 1", ""), ("b: 1", ""), ("b: 1", "b: 2")]
