"""A companion that several people share: on a machine of their own, behind TLS, each with a token of their own."""
