"""One file per command of `naturaltrace`. Each has `add(commands, common)` and imports its tools only when it runs."""
