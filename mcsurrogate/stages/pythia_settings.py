"""Pythia settings that make the standard chain compute what the card says."""

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.pdf.locate import find_pdf

__all__ = ["beam_settings", "hard_process_settings"]

_FIXED_SCALE = 5


def beam_settings(card: RunCard) -> list[str]:
    """Beams and parton densities, alike for both chains.

    Pythia reads the same grid file as the integrator, also for showers, remnants and
    multiparton interactions.
    """
    return [
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        f"Beams:eCM = {card.beams.sqrt_s!r}",
        *_pdf_settings(card),
    ]


def _pdf_settings(card: RunCard) -> list[str]:
    if card.beams.pdf is None:
        return []
    return [f"PDF:pSet = LHAGrid1:{find_pdf(card.beams.pdf, card.beams.pdf_member).grid}"]


def hard_process_settings(card: RunCard) -> list[str]:
    """Scales, coupling, masses and flavours of Pythia's own hard process.

    Raises
    ------
    CardError
        If the card asks for what Pythia's internal processes do not have.
    """
    scales = card.scales
    settings = [f"PDFinProcess:nQuarkIn = {card.process.light_flavours}"]
    for name, value in (("renorm", scales.renormalization), ("factor", scales.factorization)):
        if isinstance(value, str):
            message = (
                f"scales: {value!r} is no scale of Pythia's own processes; use a fixed one, or "
                "leave [chain.standard] out"
            )
            raise CardError(message)
        settings += [
            f"SigmaProcess:{name}Scale2 = {_FIXED_SCALE}",
            f"SigmaProcess:{name}FixScale = {value**2!r}",
        ]
    if card.cuts or card.jets is not None:
        message = "cuts and jets: the standard chain does not know them; leave [chain.standard] out"
        raise CardError(message)
    settings += [
        f"6:m0 = {card.model.top_mass!r}",
        # The hard process has its particles on their mass shells, as ours.
        "PhaseSpace:useBreitWigners = off",
    ]
    if scales.alpha_s != "pdf":
        # Order 0 is a coupling that does not run.
        settings += [
            f"SigmaProcess:alphaSvalue = {scales.alpha_s!r}",
            "SigmaProcess:alphaSorder = 0",
        ]
    return settings
