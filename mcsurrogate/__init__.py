"""Neural surrogates as drop-in parts of a Pythia 8 chain, each certified against the original."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("mcsurrogate")
