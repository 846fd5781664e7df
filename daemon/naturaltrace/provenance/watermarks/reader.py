"""Looks for the known payloads in an image's pixels."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import comb

import numpy as np
from numpy.typing import NDArray

from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.watermarks import dwt_dct

CHANCE = 1e-7  # that one payload is found in an unmarked image whose votes are as good as thrown dice
_LEAST_VOTES = 8  # per bit


@dataclass(frozen=True, slots=True)
class Payload:
    kind: str
    generator: str
    name: str
    bits: NDArray[np.bool_]
    errors: int  # how many bits may differ
    source: str


def allowed_errors(length: int, chance: float = CHANCE) -> int:
    """The most wrong bits of `length` for which a random payload matches with at most `chance`; -1 for never."""
    total, errors = 0, -1
    while errors + 1 <= length:
        total += comb(length, errors + 1)
        if total / 2**length > chance:
            break
        errors += 1
    return errors


@cache
def payloads() -> tuple[Payload, ...]:
    """The payloads that are shipped (known.toml)."""
    file = resources.files("naturaltrace.provenance.watermarks").joinpath("known.toml")
    out: list[Payload] = []
    for row in tomllib.loads(file.read_text("utf-8"))["payload"]:
        if "text" in row:
            bits = np.unpackbits(np.frombuffer(row["text"].encode(), np.uint8)).astype(bool)
        else:
            bits = np.array([digit == "1" for digit in row["bits"]])
        errors = allowed_errors(len(bits))
        out.append(Payload(row["kind"], row["generator"], row["name"], bits, errors, row["source"]))
    return tuple(out)


def distances(pixels: NDArray[np.uint8]) -> dict[str, int]:
    """For each payload the number of wrong bits, in the better of both channel orders; empty for small images."""
    best: dict[str, int] = {}
    for votes in dwt_dct.votes(pixels) or ():
        for payload in payloads():
            if len(votes) < _LEAST_VOTES * len(payload.bits):
                continue
            wrong = int((dwt_dct.payload(votes, len(payload.bits)) != payload.bits).sum())
            best[payload.kind] = min(wrong, best.get(payload.kind, wrong))
    return best


def findings(pixels: NDArray[np.uint8]) -> list[Finding]:
    """The watermarks in `pixels` (uint8, height × width × 3, sRGB), at most one finding for each known payload."""
    wrong = distances(pixels)
    return [
        Finding(
            payload.kind,
            Claim.GENERATED,
            Standing.WATERMARK,
            payload.generator,
            {"mark": payload.name, "bits": len(payload.bits), "wrong_bits": wrong[payload.kind]},
        )
        for payload in payloads()
        if wrong.get(payload.kind, len(payload.bits)) <= payload.errors
    ]
