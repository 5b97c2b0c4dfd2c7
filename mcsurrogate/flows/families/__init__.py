# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of flows: a file each, whose name is the family's and whose ``__all__`` is its class."""
