"""The version of vidkit, defined only here."""

__version__ = "0.1.0"
