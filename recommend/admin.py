"""The operator's pages of recommendations."""

from recommend.learning import admin as learning
from recommend.trials import admin as trials

__all__ = ["learning", "trials"]
