"""The self-hosted bot that brings every article of a news publisher to its readers."""

__version__ = "0.1.0"
