# SPDX-License-Identifier: GPL-3.0-or-later
"""Which dimensions a coupling block keeps and which it transforms."""

import math

import torch
from torch import Tensor

__all__ = ["coupling_masks"]


def coupling_masks(dim: int, blocks: int | None = None) -> Tensor:
    """Masks of a sequence of coupling blocks.

    Pairs of complementary masks follow the binary digits of the dimension's index, so that after
    2 ceil(log2 dim) blocks every dimension has been conditioned on every other one
    (arXiv:2001.05486, section III.A).

    Parameters
    ----------
    dim
        Number of dimensions, at least 2.
    blocks
        Number of blocks; the sequence of masks is repeated or cut.  Default: one full sequence,
        and at least four blocks.

    Returns
    -------
    Tensor
        ``(blocks, dim)`` bool, True where the block keeps the dimension.
    """
    digits = max(1, math.ceil(math.log2(dim)))
    rows = []
    for digit in range(digits):
        row = (torch.arange(dim) >> digit) & 1 == 1
        rows += [row, ~row]
    count = max(4, len(rows)) if blocks is None else blocks
    return torch.stack([rows[i % len(rows)] for i in range(count)])
