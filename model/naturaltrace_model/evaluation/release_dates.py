"""When a generator became public: for asking how a detector fares on those that came later.

Month of the first public release of weights, code or service, as its makers announced it. Labels that name no single
generator (`unknown`, `sd-unknown`, `gemini-image-unknown`, `other-t2i`, `gan-unknown`) have no date.
"""

import csv
from importlib import resources


def released() -> dict[str, str]:
    """Year and month ("2023-07") by generator label."""
    table = resources.files("naturaltrace_model.evaluation").joinpath("release_dates.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["generator"]: row["released"] for row in rows}


def year(generator: str) -> int | None:
    """The year of release; None where there is no date."""
    date = released().get(generator)
    return int(date[:4]) if date else None
