"""A small latent-diffusion generator of our own, trained on CC0 photographs, for pictures that the demo may show.

It exists so that the repository holds generated images whose making is known to the last line. It is built the way
large generators are (autoencoder, denoiser in its latent space, painting after a sketch), a thousand times smaller.
"""
