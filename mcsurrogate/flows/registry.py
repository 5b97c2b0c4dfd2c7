# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of flows by name: those that are shipped, and a user's own.

A shipped family is a file of :mod:`mcsurrogate.flows.families` and has its name.  Any other is
given as ``module:Class`` or ``path/to/file.py:Class``; naming one runs its code.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import families
from mcsurrogate.flows.protocol import Flow
from mcsurrogate.user_code import run_file

__all__ = ["family_name", "flow_builder", "flow_family", "shipped_families"]

_SHAPE = frozenset({"dim", "groups", "periodic", "discrete", "seed"})
"""What every family is given; see :class:`Flow`."""


def shipped_families() -> tuple[str, ...]:
    """Names of the families that come with mcsurrogate."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(families.__path__)))


def flow_family(name: str) -> type[Flow]:
    """Return the class of a family.

    Parameters
    ----------
    name
        One of :func:`shipped_families`, ``module:Class``, or ``path/to/file.py:Class`` (relative
        to the working folder).

    Raises
    ------
    IntegrationError
        There is no such family, what it needs is not installed, or it is not a :class:`Flow`.
    """
    place, _, wanted = name.rpartition(":")
    if not place and name not in shipped_families():
        raise IntegrationError(
            f"there is no flow family {name!r}; it may be {', '.join(shipped_families())}, or one "
            "of your own as 'module:Class' or 'path/to/file.py:Class'"
        )
    if place.endswith(".py"):
        module = run_file(Path(place), IntegrationError)
    else:
        try:
            module = importlib.import_module(place or f"{families.__name__}.{name}")
        except ModuleNotFoundError as error:
            raise IntegrationError(f"flow family {name!r}: {error}; install it") from error
    found = getattr(module, wanted if place else module.__all__[0], None)
    if not (isinstance(found, type) and issubclass(found, Flow)):
        raise IntegrationError(
            f"flow family {name!r}: {wanted!r} must be a class that derives from "
            "mcsurrogate.flows.Flow"
        )
    return found


def family_name(flow: Flow) -> str:
    """Return the name that :func:`flow_family` finds the class of a flow by."""
    room, _, module = type(flow).__module__.rpartition(".")
    if room == families.__name__:
        return module
    return f"{type(flow).__module__}:{type(flow).__qualname__}"


def flow_builder(family: str, options: Mapping[str, object]) -> Callable[..., Flow]:
    """Return what builds flows of a family, of any shape, with the options given here.

    Raises
    ------
    IntegrationError
        There is no such family, or it lacks one of the options.
    """
    build = flow_family(family)
    known = sorted(set(inspect.signature(build).parameters) - _SHAPE)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise IntegrationError(
            f"flow family {family!r} has no option {unknown[0]!r}; it has "
            f"{', '.join(known) or 'none'}"
        )
    return partial(build, **options)
