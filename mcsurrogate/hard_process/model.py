"""The parameters of a card, with the widths that are to follow from the others."""

from mcsurrogate.cards import ModelSection
from mcsurrogate.matrix_elements import StandardModel, total_width

__all__ = ["standard_model"]

_PARTICLES = {"w_width": 24, "z_width": 23, "top_width": 6}


def standard_model(section: ModelSection, **more: float) -> StandardModel:
    """Return the model of a card.

    Parameters
    ----------
    section
        Of the card; a width ``"auto"`` is the sum of all two-body decays at lowest order.
    more
        Further parameters.
    """
    values = section.model_dump()
    automatic = [name for name in _PARTICLES if values[name] == "auto"]
    model = StandardModel(**{k: v for k, v in values.items() if k not in automatic}, **more)
    widths = {name: total_width(_PARTICLES[name], model) for name in automatic}
    return model.with_parameters(**widths)
