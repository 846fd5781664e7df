"""The card as a page for people: MODEL_CARD.md, written from card.json and never by hand."""

from typing import Any

from naturaltrace_model.evaluation.summary import table

_PAGE = """# {name} {version}

Written by `naturaltrace-model release` from `card.json`; every figure below was measured in that run (on sources found
later: by `release-check`), by the code that ships. `naturaltrace-model evaluate` prints it again on the same images.

- Released {released}, licence {licence}. Graph `{graph[file]}`, {megabytes:.1f} MB, sha256 `{graph[sha256]}`.
{small}- Follows {paper}.
- Looks at up to {crops} crops of 128 × 128 pixels, taken as they are (an image is scaled down only beyond
  {input[longest_edge]} px).

## What it learned from
{train}
Splits are by source repository: no repository is in two of them. None of the images is part of this project.

## What its verdicts promise
Measured on {real} real and {generated} generated calibration images {unseen}, each
as it came and after two rounds of wear (see conditions below), in {bins} bins of estimated quality:
{promises}
The promise holds for images like those of calibration. On other sources the rates differ; the tables say by how much.

## Measured on test sources
Conditions: clean (as it came), web (longest edge at most 768 px, JPEG quality 60), hard (512 px, quality 40).
"Flagged" means `likely_ai` or `ai`; balanced accuracy is at probability 0.5; intervals are 95 %, by bootstrap over
images.
{figures}

{choices}## What it cannot do
- It declines ("can't tell") below {limits[short_side]} px, without texture, on noise, under heavy compression, and
  wherever the score lies between its thresholds.
- It knows little of how worn an image is. Its mean estimate of JPEG quality is {qualities}, while the web condition was
  saved at 60 and the hard one at 40. Where these lie close together, the quality bins above tell little apart, and
  "too degraded" is hardly ever said.
- Its probability is for equal numbers of real and generated images; where one is rarer, it is off by that much. The
  first calibration error above, on sets with about a third generated, shows it; the second counts the classes alike.
- It reads no watermark and no metadata: those are the companion's provenance readers.
- A generated image that was edited, scaled or compressed hard may look natural to it, and a real one that went through
  a neural enhancer may not.
"""


def page(raw: dict[str, Any]) -> str:
    """The page for one card's JSON."""
    return _PAGE.format(
        **{k: raw[k] for k in ("name", "version", "released", "licence", "graph", "paper", "input", "limits")},
        megabytes=raw["graph"]["bytes"] / 1e6,
        small=_small(raw),
        crops=raw["input"]["rich"] + raw["input"]["poor"] + raw["input"]["grid"],
        train=_learned(raw),
        real=raw["calibration"]["real_images"],
        generated=raw["calibration"]["generated_images"],
        unseen=_unseen(raw),
        bins=len(raw["calibration"]["bins"]),
        promises=_promises(raw),
        figures=figures_tables(raw),
        qualities=_qualities(raw),
        choices=_choices(raw),
    )


def _small(raw: dict[str, Any]) -> str:
    """A line on the int8 graph, where one was tried."""
    said = raw.get("int8")
    if said is None or "measured" not in said:
        return ""
    found = said["measured"]
    cost = (
        f"on {found['images']} calibration images it changes {found['verdicts_changed']} levels and moves the "
        f"probability by {found['mean_shift']:.4f} on average, {found['greatest_shift']:.3f} at most; "
        f"AUC {found['auc_int8']:.3f} (fp32: {found['auc_fp32']:.3f}); {found['speed']:.2f} times as fast"
    )
    if not said["ships"]:
        return f"- A graph in eight bits was made and left out: {cost}.\n"
    own = said["graph"]
    return (
        f"- In eight bits, for processors that compute it right and quicker: `{own['file']}`, "
        f"{own['bytes'] / 1e6:.1f} MB, sha256 `{own['sha256']}`; {cost}. Every figure below is fp32's.\n"
    )


def figures_tables(raw: dict[str, Any]) -> str:
    """Each measured set's table, then who is flagged wrongly and who is found, in the web condition."""
    parts: list[str] = []
    for measured in raw["figures"].values():
        web = measured["conditions"]["web"]
        parts += [
            f"\n### {measured['set'].capitalize()}: {measured['real_images']} real, "
            f"{measured['generated_images']} generated, {measured['sources']} sources\n",
            table(measured["conditions"]),
            *_of_sources(measured["conditions"]),
            "\n" + _groups("Real, by category (web)", web["real_flagged_by_category"]),
            "\n" + _groups("Generated, by family (web)", web["generated_flagged_by_family"]),
        ]
    return "\n".join(parts)


def _of_sources(conditions: dict[str, Any]) -> list[str]:
    """A paragraph on how far other sources could lie, where that was measured."""
    found = {name: f["auc_interval_of_sources"] for name, f in conditions.items() if "auc_interval_of_sources" in f}
    if not found:
        return []
    ranges = ", ".join(f"{low:.3f} to {high:.3f} ({name})" for name, (low, high) in found.items())
    return [f"\nImages of one source are alike. Drawn anew, whole sources give an AUC of {ranges} in 95 % of draws."]


def _choices(raw: dict[str, Any]) -> str:
    """What the user's choice of sensitivity costs; nothing where the release did not measure it."""
    measured = raw.get("sensitivity")
    if not measured:
        return ""
    rows = [f"| {name} | {each['real']:.1%} | {each['generated']:.1%} |" for name, each in measured["shares"].items()]
    return "\n".join(
        [
            "## What each sensitivity costs",
            f"On {measured['real_images']} real and {measured['generated_images']} generated test images, in the "
            f"{measured['condition']} condition:\n",
            "| sensitivity | real images marked | generated images marked |",
            "|---|---|---|",
            *rows,
            "\n",
        ]
    )


def _groups(title: str, groups: dict[str, Any]) -> str:
    rows = [f"| {title} | images | flagged |", "|---|---|---|"]
    rows += [f"| {name} | {g['images']} | {g['flagged']:.1%} |" for name, g in groups.items()]
    return "\n".join(rows)


def _learned(raw: dict[str, Any]) -> str:
    train = raw["data"]["train"]
    return (
        f"{train['real_images']} real and {train['generated_images']} generated images of {train['sources']} sources "
        f"and {len(train['generators'])} generator labels, and reconstructions of real images through five tiny "
        "autoencoders.\nAll went through the same random scaling, wear and re-encoding."
    )


def _unseen(raw: dict[str, Any]) -> str:
    calibration = raw["calibration"]
    if calibration.get("cross_fitted"):
        return f"of {calibration['sources']} sources, each judged by a detector that was trained without its source"
    return f"of {calibration['sources']} sources that training never saw"


def _qualities(raw: dict[str, Any]) -> str:
    conditions = next(iter(raw["figures"].values()))["conditions"]
    return ", ".join(f"{figures['estimated_quality']:.1f} ({name})" for name, figures in conditions.items())


def _promises(raw: dict[str, Any]) -> str:
    rates = raw["calibration"]["rates"]
    sayings = (
        ("ai", "of real images"),
        ("likely_ai", "of real images, `ai` included"),
        ("no_sign", "of generated images"),
    )
    return "\n".join(f"- `{level}`: at most {rates[level]:.1%} {whom}" for level, whom in sayings)
