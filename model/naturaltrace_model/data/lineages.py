"""Generators by how they make a picture: what attribution names as a group, and what it leaves out to measure itself.

Finer than it can tell apart on the whole, so that leaving one out leaves out everything like it.
"""

from naturaltrace_model.data.manifest import generators_of

_OF: dict[str, tuple[str, ...]] = {
    "gan": generators_of("gan"),
    "stable-diffusion-1": ("sd14", "sd15", "sd2", "sd-unknown"),
    "gpt-image": ("gpt-4o", "gpt-image-1", "gpt-image-2"),
    "dalle3": ("dalle3",),
    "google": generators_of("google"),
    "midjourney": ("midjourney",),
    "early": (
        "dalle-mini", "dalle2", "latent-diffusion", "glid3-xl", "glide", "disco-diffusion", "majesty-diffusion",
        "simulacra", "vqgan-clip",
    ),
    "later-diffusion": (
        "sdxl", "sd3", "stable-cascade", "kandinsky", "pixart", "kolors", "hunyuan-dit", "auraflow", "lumina",
        "cogview", "amused", "sana", "bria",
    ),
    "flow-transformer": (
        "flux1", "flux2", "chroma", "qwen-image", "z-image", "hidream", "wan", "anima", "omnigen", "hunyuan-image",
        "ernie-image", "cosmos", "krea", "krea2", "f-lite", "longcat-image", "glm-image",
    ),
}  # fmt: skip
_BY_GENERATOR = {generator: lineage for lineage, generators in _OF.items() for generator in generators}

LINEAGES: tuple[str, ...] = tuple(_OF)
# What is told from all others on sources never seen (docs/evidence.md, "Whom"): the rest share too much.
NAMED: tuple[str, ...] = ("gan", "stable-diffusion-1", "gpt-image")


def lineage_of(generator: str) -> str:
    """One of `LINEAGES`; "" where the generator's name says too little, or nothing like it is known."""
    return _BY_GENERATOR.get(generator, "")
