# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-test sanity` needs around it, so that it runs from any checkout and with a package index alone."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test
from places import BUILD, ROOT

GET_PIP = '''\
"""Stands in for the script that ansible-test would download: the pip that comes with Python fetches the wanted one."""
import subprocess
import sys

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
# Not imported: ensurepip changes the environment of its process so that pip ignores its settings.
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *arguments], check=False).returncode)
'''


def copy_of_checkout() -> Path:
    """ansible-test runs only in a git checkout below `ansible_collections/livestream/srs`: make one of what git knows or would add."""
    copy = BUILD / "sanity/ansible_collections/livestream/srs"
    shutil.rmtree(copy, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        # The link in .collections leads back to the checkout and is no part of the collection.
        if name and not name.startswith(".collections/") and (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", copy], check=True)
    return copy


def prepare_home(home: Path) -> None:
    """Fill the home folder that ansible-test keeps its environments in.

    It would download a script that installs pip from a site of its own, unless one is in its cache. And it passes hardly
    any environment variable on to pip, so what those say goes into pip's configuration file.
    """
    source = Path(ansible_test.__path__[0], "_internal/python_requirements.py").read_text()
    wanted = re.search(r"pip='([\d.]+)'", source)
    if not wanted:
        raise RuntimeError("this ansible-test names the pip it wants in another way: adapt tests/tools/sanity.py")
    script = home / ".ansible/test/cache" / f"get_pip_{wanted[1].replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)

    config = home / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.touch(mode=0o600)
    with config.open("w") as file:
        pip_settings().write(file)


def pip_settings() -> configparser.RawConfigParser:
    settings = configparser.RawConfigParser()
    settings["global"] = {}
    if proxy := os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
        settings["global"]["proxy"] = proxy
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):  # the environment's win
        key, _equals, value = line.partition("=")
        section, _dot, option = key.rpartition(".")
        settings.read_dict({"global" if section == ":env:" else section: {option: ast.literal_eval(value)}})
    return settings
