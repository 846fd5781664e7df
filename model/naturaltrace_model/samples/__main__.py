"""`python -m naturaltrace_model.samples OUT`: trains the sample generator and makes the demo's pictures.

With `--splice AUTOENCODERS` it makes the photograph with one generated part instead, and trains nothing.
"""

import argparse
import sys
from pathlib import Path

import torch
from PIL import Image

from naturaltrace_model.samples import marks
from naturaltrace_model.samples.learn import Generator, learn_generator
from naturaltrace_model.samples.paint import paint
from naturaltrace_model.samples.photos import FEED_PHOTOS, photo_path
from naturaltrace_model.samples.sketches import SKETCHES
from naturaltrace_model.samples.splice import write_spliced

STEPS = 12
SEEDS = {"meadow": 7, "planet": 3, "dunes": 5, "deep-field": 1}
SPLICED = "spliced-cat.png"


def write_generated(generator: Generator, out: Path) -> None:
    """Two pictures that say what they are, two that do not: as such images come in the wild."""
    pictures = {name: paint(generator, SKETCHES[name](), SEEDS[name], STEPS) for name in SKETCHES}
    prompt = "a pebbled planet lit from the left, a small moon, stars"
    files = {
        "generated-meadow.jpg": marks.jpeg_with_source_type(pictures["meadow"]),
        "generated-planet.png": marks.png_with_parameters(pictures["planet"], prompt, SEEDS["planet"], STEPS),
        "generated-dunes.jpg": marks.bare_jpeg(pictures["dunes"]),
        "generated-deep-field.webp": marks.bare_webp(pictures["deep-field"]),
    }
    for name, data in files.items():
        (out / name).write_bytes(data)


def write_photos(out: Path) -> None:
    """The feed's photographs as a site would serve them: JPEG, no metadata."""
    for name, photo in FEED_PHOTOS.items():
        with Image.open(photo_path(photo)) as image:
            image.convert("RGB").save(out / f"photo-{name}.jpg", "JPEG", quality=90, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m naturaltrace_model.samples", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the pictures (made if missing)")
    parser.add_argument("--autoencoder-steps", type=int, default=900)
    parser.add_argument("--denoiser-steps", type=int, default=2200)
    parser.add_argument("--weights", type=Path, help="keep the trained networks here, and use them if they are there")
    parser.add_argument("--splice", type=Path, help="folder with TAESD for SDXL: makes only the photograph with a part")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.splice:
        write_spliced(options.splice, options.out / SPLICED)
        print(f"wrote {options.out / SPLICED}")
        return 0
    if options.weights and options.weights.exists():
        generator = Generator.from_state(torch.load(options.weights, weights_only=True))
    else:
        generator = learn_generator(options.autoencoder_steps, options.denoiser_steps)
        if options.weights:
            torch.save(generator.state(), options.weights)
    write_generated(generator, options.out)
    write_photos(options.out)
    print(f"wrote {len(SKETCHES)} generated pictures and {len(FEED_PHOTOS)} photographs to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
