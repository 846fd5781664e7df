"""The networks: fixed residuals, the trace trunk and its heads."""
