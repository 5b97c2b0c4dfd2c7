# SPDX-License-Identifier: GPL-3.0-or-later
PYTHIA_VERSION_INTEGER: int
PYTHIA_LIBRARY: str
