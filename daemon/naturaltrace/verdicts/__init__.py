"""The one place where evidence becomes a verdict, with its wording."""
