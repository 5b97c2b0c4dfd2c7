# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m mcsurrogate``: the command, where it is not on the search path."""

from mcsurrogate.cli import main

if __name__ == "__main__":
    main()
