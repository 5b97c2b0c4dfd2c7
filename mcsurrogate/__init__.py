"""Neural surrogates as drop-in parts of a Pythia 8 chain, each certified against the part it replaces."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("mcsurrogate")
