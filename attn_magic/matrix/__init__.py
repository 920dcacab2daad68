"""Text → matrix, or where exactly it went wrong."""

from attn_magic.matrix.codes import CODES, NOTICES
from attn_magic.matrix.parse import Matrix, parse_matrix
from attn_magic.notices import Notice

__all__ = ["CODES", "NOTICES", "Matrix", "Notice", "parse_matrix"]
