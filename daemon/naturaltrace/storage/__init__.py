"""What stays on this machine: settings, paired browsers, verdicts. Knows nothing of HTTP or of judging."""
