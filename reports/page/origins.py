"""Where each number of the page comes from: protocol, truth, code, weights, machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rgbtbench.core.identity import code, machine, path_digest
from rgbtbench.core.protocol import Measure
from rgbtbench.datasets.spec import Spec
from rgbtbench.reports.inputs import Entry
from rgbtbench.results.store import ABOUT

Facts = list[tuple[str, str]]  # what it is, and its value, in the order to show
SHORT = 12  # digits of a digest

QUANTITIES = {"center": "centre error", "normalized": "normalised centre error", "overlap": "overlap"}
UNITS = {"center": " px"}
RULES: Mapping[str, Mapping[object, str]] = {  # field of a Protocol -> value -> what it means
    "average": {"sequence": "mean over sequences", "frame": "pooled over the frames of all sequences"},
    "first_frame": {"truth": "the first row counts as the truth", "result": "the first row counts as it was written"},
    "repair": {True: "rows with NaN, w <= 0 or h <= 0 repeat the row before"},
    "border_is_invalid": {True: "truth with any of x y w h <= 0: a hit for errors, a miss for overlap"},
    "round_corners": {True: "rows of 8 corners are rounded to whole pixels"},
}


def rules(spec: Spec, measures: tuple[Measure, ...]) -> list[str]:
    """A benchmark's scoring rules in words."""
    protocol = spec.protocol
    lines = [f"every {spec.every}th frame has truth; others are not scored"] if spec.every > 1 else []
    lines += [f"{measure.name}: {_measure(measure)}" for measure in measures]
    lines += [RULES[name][value] for name in RULES if (value := getattr(protocol, name)) in RULES[name]]
    return lines


def _measure(measure: Measure) -> str:
    quantity, unit = QUANTITIES[measure.quantity], UNITS.get(measure.quantity, "")
    if measure.score == "at":
        return f"share of frames with {quantity} {measure.hit} {measure.thresholds[measure.at]:g}{unit}"
    curve = "mean" if measure.score == "mean" else "area under the curve"
    return f"share of frames with {quantity} {measure.hit} t, {curve} of {len(measure.thresholds)} thresholds t"


def here() -> Facts:
    """This program and this machine."""
    return [("code", _code(code())), ("machine", _machine(machine()))]


def origin(entry: Entry) -> Facts:
    """What one tracker's boxes are: the run's identity, or the digest of somebody's files."""
    if not entry.run:
        try:
            digest = path_digest(entry.origin)
        except OSError:  # it was there a second ago, and its boxes are scored
            return [("files", entry.origin.name)]
        return [("files", entry.origin.name), ("sha256", digest[:SHORT])]
    if not (entry.run.path / ABOUT).exists():
        return [("run", "not begun")]
    about = entry.run.about()
    identity = about["identity"]
    facts = [("run", f"{entry.run.path.parent.name}/{entry.run.path.name}"), ("code", _code(about.get("code")))]
    facts += [(key, str(identity[key])[:SHORT]) for key in ("weights", "results") if identity.get(key)]
    facts += [(key, str(identity[key])) for key in ("tracker", "params", "modality", "seed") if identity.get(key)]
    facts += [("note", str(about["note"]))] if about.get("note") else []
    return facts + [("machine", text) for text in dict.fromkeys(map(_machine, entry.run.machines()))]


def failures(entry: Entry) -> list[tuple[str, str]]:
    """Sequences of a run without boxes, and why: the failure's first line, or the sequence's state."""
    records = {name: entry.run.record(name) for name in entry.missing if entry.run and entry.states[name] == "failed"}
    reasons = {name: str(record.error).splitlines() for name, record in records.items() if record}
    return [(name, (reasons.get(name) or [entry.states[name]])[0]) for name in entry.missing]


def _code(code: object) -> str:
    if not isinstance(code, dict):
        return "unknown"
    parts = [f"{key} {str(code[key])[:SHORT]}" for key in ("commit", "sources") if code.get(key)]
    return ", ".join([f"rgbtbench {code.get('version')}", *parts]) + (" with changes" if code.get("dirty") else "")


def _machine(machine: Mapping[str, Any]) -> str:
    """Without the host's name: the page is made to be sent around."""
    packages, gpus = machine.get("packages"), machine.get("gpus")
    known = packages if isinstance(packages, dict) else {}
    parts = [machine.get("processor"), f"{machine.get('cores')} cores", *(gpus if isinstance(gpus, list) else ())]
    parts += [machine.get("platform"), f"Python {machine.get('python')}"]
    parts += [f"{name} {known[name]}" for name in ("numpy", "torch") if name in known]
    return ", ".join(str(part) for part in parts if part)
