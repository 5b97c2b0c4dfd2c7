"""From a card to a hard process: the one function that composes the parts."""

from typing import cast

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, ProcessError
from mcsurrogate.hard_process.integrand import HardProcess
from mcsurrogate.matrix_elements import ProcessDefinition, StandardModel, expand, matrix_element
from mcsurrogate.matrix_elements.parameters import as_number
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement, MatrixElement
from mcsurrogate.pdf import GridDensity, load_pdf
from mcsurrogate.phase_space import HadronicPhaseSpace

__all__ = ["assemble"]


def assemble(card: RunCard) -> HardProcess:
    """Build the hard process that a card describes.

    Raises
    ------
    CardError
        If parts of the card contradict each other.
    ProcessError, PartonDensityError, PhaseSpaceError
        If a part cannot be built.
    """
    model = StandardModel(**card.model.model_dump())
    definition = ProcessDefinition.parse(card.process.definition, card.process.light_flavours)
    groups = [
        (group, _coloured(matrix_element(group.representative, model)))
        for group in expand(definition)
    ]
    final = groups[0][0].representative.particles[2:]
    masses = [as_number(particle.mass(model)) for particle in final]
    threshold = sum(masses)
    if card.beams.sqrt_s <= threshold:
        message = (
            f"beams.sqrt_s = {card.beams.sqrt_s:g} GeV is below the threshold of "
            f"{threshold:g} GeV for {card.process.definition!r}; a plain number is in GeV, "
            "'13 TeV' is a text"
        )
        raise CardError(message)
    pdf = _parton_density(card, definition)
    mapping = HadronicPhaseSpace(card.beams.sqrt_s, masses, hadronic=pdf is not None)
    return HardProcess(
        groups,
        mapping,
        pdf,
        alpha_s=_coupling(card, pdf),
        factorization_scale=card.scales.factorization_scale,
        periodic=mapping.periodic,
    )


def _coloured(element: MatrixElement) -> ColouredMatrixElement:
    # Not isinstance: before Python 3.12 it would evaluate every property, the measured cost too.
    if not hasattr(element, "colour_flow_weights"):
        message = (
            f"{element.process.name}: this amplitude does not know its colour flows, and events "
            "for Pythia need them"
        )
        raise ProcessError(message)
    return cast("ColouredMatrixElement", element)


def _parton_density(card: RunCard, definition: ProcessDefinition) -> GridDensity | None:
    if card.beams.pdf is not None:
        return load_pdf(card.beams.pdf, card.beams.pdf_member)
    for label, choice in zip(definition.labels[:2], definition.choices[:2], strict=True):
        if len(choice) > 1:
            message = (
                f"beams.pdf is missing: {label!r} in {card.process.definition!r} is a hadron; name "
                "a PDF set (`mcsurrogate info` lists them), or definite incoming partons"
            )
            raise CardError(message)
    return None


def _coupling(card: RunCard, pdf: GridDensity | None) -> float:
    scales = card.scales
    if scales.alpha_s != "pdf":
        return scales.alpha_s
    if pdf is None:
        message = "scales.alpha_s = 'pdf', but beams.pdf is missing; give a number"
        raise CardError(message)
    return float(pdf.alpha_s(scales.renormalization_scale))
