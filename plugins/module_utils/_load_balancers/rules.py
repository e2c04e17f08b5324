# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options against each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers import alibaba_clb, alibaba_nlb, aws, azure
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.model import FACTS, Platform, Rule
from ansible_collections.livestream.srs.plugins.module_utils._load_balancers.option_values import shown, status_range


def check_rules(platform: Platform, options: Mapping[str, Any], facts: Mapping[str, bool], where: str) -> None:
    """Raise an error that names both options, or option and fact, where they don't go together."""
    about = {**options, **facts}
    for rule in platform.rules:
        if holds(about, rule.when) and not excused(about, rule.unless):
            _check_rule(rule, platform, about, where)
    if options.get("health_check.enabled") is False:
        others = [name for name in options if name.startswith("health_check.") and name != "health_check.enabled"]
        if others:
            raise SrsError(f"{where}.{others[0]} can't be set when {where}.health_check.enabled is false.")
    _check_numbers(platform, about, where)
    if platform is aws.AWS_NLB and "health_check.status" in options:
        status_range(options["health_check.status"], f"{where}.health_check.status")


def _check_numbers(platform: Platform, options: Mapping[str, Any], where: str) -> None:
    """Rules of arithmetic, which no table can say."""
    if platform is alibaba_clb.CLB:
        _check_timeout(options, where)
    if platform is alibaba_nlb.NLB and "udp" in options:
        _check_udp(options, where)
    if platform is azure.AZURE:
        whole = {"interval": azure.DEFAULT_INTERVAL, "unhealthy_threshold": azure.DEFAULT_PROBES}
        whole = {name: options.get(f"health_check.{name}", number) for name, number in whole.items()}
        checks = {f".ports.{name}": check for name, check in options.get("health_check.ports", {}).items()}
        for name, check in {"": {}, **checks}.items():
            seconds = math.prod(check.get(setting, number) for setting, number in whole.items())
            if seconds >= azure.MAX_PROBE_SECONDS:
                raise SrsError(
                    f"{where}.health_check{name}: interval times unhealthy_threshold is {seconds} s; "
                    f"Azure allows less than {azure.MAX_PROBE_SECONDS} s."
                )
    subnets = options.get("subnets", [])
    for name in ("eips", "private_ips", "ipv6_addresses"):
        count = len(options.get(name, subnets))
        if count != len(subnets):
            raise SrsError(f"{where}.{name} has {count} entries and subnets has {len(subnets)}; give one for each subnet.")


def _check_timeout(options: Mapping[str, Any], where: str) -> None:
    """A CLB waits for an answer at least as long as the interval is, whatever its timeout says."""
    interval = options.get("health_check.interval", alibaba_clb.DEFAULT_INTERVAL)
    timeout = options.get("health_check.timeout", alibaba_clb.DEFAULT_TIMEOUT)
    if timeout < interval:
        said = {"timeout": timeout, "interval": interval}
        given = [f"{seconds} s" + ("" if f"health_check.{name}" in options else " (the default)") for name, seconds in said.items()]
        raise SrsError(
            f"{where}.health_check: a CLB doesn't heed the timeout of {given[0]}, less than the interval of {given[1]}: "
            f"set the timeout to {interval} or more, or the interval to {timeout} or less."
        )


def _check_udp(options: Mapping[str, Any], where: str) -> None:
    """What an NLB is told for all ports at once, and a UDP port doesn't bear."""
    idle = options.get("idle_timeout", 0)
    if idle > alibaba_nlb.MAX_UDP_IDLE:
        raise SrsError(
            f"{where}.idle_timeout is {idle}; an NLB is told it for all ports at once, and takes at most "
            f"{alibaba_nlb.MAX_UDP_IDLE} s for a UDP port: leave it out."
        )
    checked = options.get("health_check.enabled", True) and "server_groups" not in options
    if checked and "health_check.port" not in options:
        raise SrsError(
            f"{where}: an NLB checks a UDP port by TCP, which nothing answers there: give a TCP port of the pods as health_check.port "
            "(with backend: pods), or set health_check.enabled to false."
        )


def _check_rule(rule: Rule, platform: Platform, options: Mapping[str, Any], where: str) -> None:
    subject = " with ".join(_setting(name, options[name]) for name in rule.when)
    subject = f"{where}: {subject}" if subject else f"{where}: provider {platform.label}"
    for name, wanted in rule.needs.items():
        if not holds(options, {name: wanted}):
            now = "it is not set" if name not in options else f"it is {shown(options[name])}"
            raise SrsError(f"{subject} needs {_wanted(name, wanted)} ({now}): {rule.reason}.")
    for name, unwanted in rule.excludes.items():
        if holds(options, {name: unwanted}):
            raise SrsError(f"{subject} can't go with {_setting(name, options[name])}: {rule.reason}.")


def excused(options: Mapping[str, Any], unless: str | Mapping[str, Any]) -> bool:
    """Whether one of the conditions holds; a string is the name of an option that is set."""
    conditions = {unless: ...} if isinstance(unless, str) else unless
    return any(holds(options, {name: value}) for name, value in conditions.items())


def holds(options: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        name in options and (value is ... or (options[name] in value if isinstance(value, tuple) else options[name] == value))
        for name, value in wanted.items()
    )


def _setting(name: str, value: Any) -> str:
    return FACTS[name] if name in FACTS else f"{name} {shown(value)}"


def _wanted(name: str, wanted: Any) -> str:
    if wanted is ...:
        return name
    return f"{name} {' or '.join(shown(word) for word in wanted) if isinstance(wanted, tuple) else shown(wanted)}"
