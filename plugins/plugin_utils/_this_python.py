# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Python interpreter is the very one that runs this process, so that both have the same packages; found without starting it."""

from __future__ import annotations

import os
import site
import sys


def is_this_python(path: str) -> bool:
    """Whether starting ``path`` gives the environment of this process: the same binary, prefix and folders of packages.

    False where that cannot be known for sure: a name to be looked up in PATH, a wrapper script, a copy of the binary.
    """
    return (
        os.path.isabs(path)
        and os.path.realpath(path) == os.path.realpath(sys.executable)
        and virtual_environment(path) == (os.path.realpath(sys.prefix) if sys.prefix != sys.base_prefix else None)
        and not _started_with_fewer_folders()
    )


def virtual_environment(python: str) -> str | None:
    """The virtual environment that an interpreter belongs to, or None: that of the pyvenv.cfg in the folder above its own, or in its own.

    So Python finds it when it starts (PEP 405): by the name that it was started by. ``bin/python`` of most environments is a link to the
    same base Python, and it is not followed.
    """
    folder = os.path.dirname(os.path.abspath(python))
    prefix = os.path.dirname(folder)
    found = any(os.path.isfile(os.path.join(place, "pyvenv.cfg")) for place in (prefix, folder))
    return os.path.realpath(prefix) if found else None


def _started_with_fewer_folders() -> bool:
    """Whether this process was started with -I, -E or -s, as some distributions do, and would find more packages without."""
    ignored = sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in os.environ)
    no_user_site = sys.flags.no_user_site and not os.environ.get("PYTHONNOUSERSITE") and sys.prefix == sys.base_prefix
    return bool(ignored or (no_user_site and os.path.isdir(site.getusersitepackages())))
