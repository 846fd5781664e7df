"""One file of each kind, signed under an authority made for the occasion, and what `naturaltrace check` says of it.

    python -m tests.daemon.provenance.examples DIR

writes the files and a data folder with the authority as trust list into DIR, and runs the command on each.
"""

import io
import json
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from skimage import data as pictures

from naturaltrace.provenance import trust
from naturaltrace.provenance.findings import Standing
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.provenance.watermarks import dwt_dct
from naturaltrace.provenance.watermarks.reader import payloads
from tests.daemon.programs import naturaltrace
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import SOURCE_TYPE, Authority, Signer, created, sign

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
OPENED = {"action": "c2pa.opened"}
GENERATED = {**created("trainedAlgorithmicMedia"), "softwareAgent": "Some Model"}
FILLED = {
    "action": "c2pa.edited",
    "softwareAgent": "Some Fill",
    "digitalSourceType": SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia",
}
CAPTURE = created("digitalCapture")
# A photograph of grass in the public domain, which comes with scikit-image.
_PIXELS: NDArray[np.uint8] = np.repeat(np.asarray(pictures.grass())[..., None], 3, axis=2)  # pyright: ignore
PARAMETERS = "a lighthouse\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Model: v1-5-pruned"


@dataclass(frozen=True, slots=True)
class Example:
    name: str  # of the file
    about: str
    data: bytes


def _photo(format_name: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    if format_name == "JPEG":
        options = {"quality": 95} | options
    Image.fromarray(_PIXELS).save(buffer, format_name, **options)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def _saved(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


def _texts(texts: dict[str, str]) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for keyword, value in texts.items():
        info.add_text(keyword, value)
    return info


def _edited(image: bytes, signer: Signer, *actions: dict[str, Any]) -> bytes:
    return sign(image, JPEG, signer, [OPENED, *actions], ingredients=[(image, "parentOf")])


def _resaved(image: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(image)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _expired(root: Authority) -> bytes:
    """The library signs with no certificate that has expired, so one that is about to is used and waited for."""
    image = sign(_photo(), JPEG, root.issue("Camera Works", seconds=4), [CAPTURE])
    listed = trust.TrustList("examples", "", "", root.pem)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if read_provenance(image, "JPEG", trust=listed).findings[0].standing is not Standing.TRUSTED:
            return image
        time.sleep(0.2)
    raise TimeoutError("the certificate does not expire")


def _hidden() -> bytes:
    text = json.dumps({"Software": "NovelAI", "Source": "NovelAI Diffusion V4.5 4BDE2A90"}).encode()
    bits = np.unpackbits(np.frombuffer(b"stealth_pnginfo" + struct.pack(">I", 8 * len(text)) + text, np.uint8))
    height, width = _PIXELS.shape[:2]
    alpha = np.full(width * height, 255, np.uint8)
    alpha[: len(bits)] = 254 | bits
    return _saved(np.dstack([_PIXELS, alpha.reshape(width, height).T]))


def _barred() -> bytes:
    image = Image.fromarray(_PIXELS).resize((1024, 1024))
    for place, colour in enumerate([(255, 255, 102), (66, 255, 255), (81, 218, 76), (255, 110, 60), (60, 70, 255)]):
        image.paste(colour, (1024 - 16 * (5 - place), 1008, 1024 - 16 * (4 - place), 1024))
    return _saved(np.asarray(image))


def make(root: Authority) -> list[Example]:
    """All of them; `root` is the authority that the trust list is to hold."""
    stranger = Authority("Stranger")
    camera, editor, model = root.issue("Camera Works"), root.issue("Editor Works"), root.issue("Model Works")
    capture = sign(_photo(), JPEG, camera, [CAPTURE])
    generated = sign(_photo(), JPEG, model, [GENERATED])
    sdxl = next(p for p in payloads() if p.kind == "watermark.sdxl")
    mark, partly = files.declared(), files.declared("compositeWithTrainedAlgorithmicMedia")
    remote = files.xmp(
        attributes=' xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:9/m.c2pa"'
    )
    made = [
        ("signed-ai.png", "signed AI", sign(_photo("PNG"), PNG, model, [GENERATED])),
        ("signed-ai-edited.jpg", "signed AI, cropped by a trusted editor", _edited(generated, editor, _crop())),
        ("signed-camera.jpg", "signed camera", capture),
        ("signed-camera-cropped.jpg", "signed camera, cropped by a trusted editor", _edited(capture, editor, _crop())),
        ("signed-camera-filled.jpg", "signed camera, then a generative edit", _edited(capture, editor, FILLED)),
        ("signed-camera-drawn.jpg", "signed camera, then drawn on", _edited(capture, editor, _draw())),
        (
            "signed-camera-with-ai-mark.jpg",
            "signed camera on a file that carries a generator's mark",
            sign(_photo(xmp=mark), JPEG, camera, [CAPTURE]),
        ),
        (
            "unknown-ai.webp",
            "valid, unknown signer: AI",
            sign(_photo("WEBP"), WEBP, stranger.issue("Some Company"), [GENERATED]),
        ),
        (
            "unknown-partly-ai.jpg",
            "valid, unknown signer: partly AI",
            sign(_photo(), JPEG, stranger.issue("Some Company"), [created("compositeWithTrainedAlgorithmicMedia")]),
        ),
        (
            "forged-camera.jpg",
            "valid, unknown signer under a camera maker's name",
            sign(_photo(), JPEG, stranger.issue("Leica Camera AG"), [CAPTURE]),
        ),
        (
            "self-signed-camera.jpg",
            "self-signed certificate",
            sign(_photo(), JPEG, root.issue("Camera Works", self_signed=True), [CAPTURE], check=False),
        ),
        ("expired-camera.jpg", "expired certificate", _expired(root)),
        ("tampered-camera.jpg", "signed camera, one byte of the pixels changed", _flipped(capture)),
        ("tampered-ai.jpg", "signed AI, one byte of the pixels changed", _flipped(generated)),
        ("appended-to-camera.jpg", "signed camera, thirteen bytes behind its end", capture + b"\0" * 13),
        ("stripped.jpg", "signed camera, saved again without metadata", _resaved(capture)),
        ("credentials-elsewhere.jpg", "credentials on a server, which is never asked", _photo(xmp=remote)),
        (
            "ai-mark.png",
            "unsigned AI mark: a web UI's parameters",
            _photo("PNG", pnginfo=_texts({"parameters": PARAMETERS})),
        ),
        ("partly-ai-mark.jpg", "unsigned mark of a generative edit", _photo(xmp=partly)),
        (
            "smeared-photo.jpg",
            "a photo with a camera's EXIF, smeared with an AI tag",
            _photo(exif=files.photo_exif(), xmp=mark),
        ),
        ("hidden-text.png", "AI mark hidden in the alpha channel", _hidden()),
        ("watermark.png", "an invisible watermark", _saved(dwt_dct.embed(_PIXELS, sdxl.bits))),
        ("colour-bar.png", "a visible mark", _barred()),
        ("camera-exif.jpg", "unsigned metadata of a camera", _photo(exif=files.photo_exif())),
        ("screenshot.png", "screenshot", _photo("PNG", pnginfo=_texts({"Comment": "Screenshot"}))),
        (
            "caption.jpg",
            "names of generators in caption and keywords",
            _photo(xmp=files.xmp("<dc:description>Midjourney, DALL·E and Stable Diffusion compared</dc:description>")),
        ),
        ("appended-mark.jpg", "a mark behind the file's end", _photo() + b"parameters\0" + PARAMETERS.encode()),
        ("plain.jpg", "nothing at all", _photo()),
    ]
    return [Example(*each) for each in made]


def _crop() -> dict[str, Any]:
    return {"action": "c2pa.cropped"}


def _draw() -> dict[str, Any]:
    return {"action": "c2pa.drawing"}


def _flipped(data: bytes) -> bytes:
    return data[:-4000] + bytes([data[-4000] ^ 1]) + data[-3999:]


def write(folder: Path, root: Authority) -> tuple[list[Example], Path]:
    """Writes the files into `folder`, and a data folder whose trust list is `root`; returns both."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = make(root)
    for example in examples:
        (folder / example.name).write_bytes(example.data)
    own = folder / "data"
    trust.put(root.pem.encode(), "examples.pem", own, source="the examples' own authority")
    return examples, own


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    examples, own = write(folder, Authority())
    names = [str(folder / example.name) for example in examples]
    checked = naturaltrace("check", "--json", "--data-dir", own, *names, timeout_s=600)
    print(checked.stderr, end="", file=sys.stderr)
    for example, line in zip(examples, checked.stdout.splitlines(), strict=True):
        verdict = json.loads(line)
        print(f"{example.name}: {example.about}")
        print(f"  {verdict['label']} ({verdict['level']}, {verdict['basis']}). {verdict['summary']}")
        for evidence in verdict["evidence"]:
            if evidence["kind"] != "pixels":
                print(f"  - {evidence['text']}")
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
