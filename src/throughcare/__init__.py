"""Throughcare: nobody is lost between services."""

__version__ = "0.1.0"
