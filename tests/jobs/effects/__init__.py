"""An app whose jobs leave marks that can be counted."""
