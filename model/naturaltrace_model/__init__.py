"""Networks, training, calibration and evaluation of the natural-trace detector.

Importing this package stays cheap: torch is imported only by the modules that need it, because the daemon reads the
released artefact (`naturaltrace_model.released`) without torch being installed.
"""
