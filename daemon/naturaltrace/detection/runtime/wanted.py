"""What the user may ask for: where the graph runs, and in how many bits."""

from dataclasses import dataclass

AUTO, FP32, INT8 = "auto", "fp32", "int8"
# What the setting `precision` holds. "auto" takes the graph in eight bits on a CPU that computes it right and quicker.
PRECISIONS = (AUTO, FP32, INT8)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`device` is "auto", "gpu" or one of `devices.available()`; `precision` one of PRECISIONS, which only a CPU
    heeds."""

    device: str = AUTO
    precision: str = AUTO
