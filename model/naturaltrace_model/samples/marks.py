"""The marks that honest generators leave in their files, written by ours in the same places."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

GENERATOR_NAME = "Natural Trace sample generator"
_TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool="{GENERATOR_NAME}" Iptc4xmpExt:DigitalSourceType="{_TRAINED}"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def bare_jpeg(pixels: NDArray[np.uint8], quality: int = 88) -> bytes:
    """Pixels only: no metadata of any kind."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def bare_webp(pixels: NDArray[np.uint8], quality: int = 84) -> bytes:
    """Pixels only, as a site that converts to WebP would serve them."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", quality=quality, method=6)
    return out.getvalue()


def jpeg_with_source_type(pixels: NDArray[np.uint8], quality: int = 88) -> bytes:
    """XMP with the IPTC Digital Source Type "trainedAlgorithmicMedia" (IPTC Photo Metadata Standard 2019.1, 1.5)."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, optimize=True, xmp=_XMP.encode())
    return out.getvalue()


def png_with_parameters(pixels: NDArray[np.uint8], prompt: str, seed: int, steps: int) -> bytes:
    """A `parameters` text chunk, laid out as local diffusion front ends write it, and `Software` with our name."""
    text = PngInfo()
    height, width = pixels.shape[:2]
    text.add_text(
        "parameters",
        f"{prompt}\nSteps: {steps}, Sampler: Heun, Seed: {seed}, Size: {width}x{height}, Model: {GENERATOR_NAME}",
    )
    text.add_text("Software", GENERATOR_NAME)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=text, optimize=True)
    return out.getvalue()
