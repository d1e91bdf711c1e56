"""The operator's pages of recommendations."""

from recommend.learning import admin as learning

__all__ = ["learning"]
