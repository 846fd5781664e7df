"""From untrusted bytes to upright sRGB pixels and the crops that the detector looks at."""
