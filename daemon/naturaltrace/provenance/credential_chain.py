"""What a verified C2PA manifest store says: its chain of ingredients walked from the active manifest to the origin."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from naturaltrace.provenance import limits
from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.json_values import Table, table, tables, text
from naturaltrace.provenance.parts import shown


@dataclass(frozen=True, slots=True)
class _Terms:
    source_types: dict[str, Claim]
    keeps_capture: frozenset[str]
    programs: dict[str, str]
    generating_agents: frozenset[str]
    generating_assertions: frozenset[str]
    tampering: frozenset[str]


@cache
def _terms() -> _Terms:
    file = resources.files("naturaltrace.provenance").joinpath("credential_terms.toml")
    read = tomllib.loads(file.read_text("utf-8"))
    return _Terms(
        {name: Claim(claim) for name, claim in read["source_type"].items()},
        frozenset(read["keeps_capture"]["actions"]),
        read["program"],
        frozenset(read["generating_agent"]["names"]),
        frozenset(read["generating_assertion"]["labels"]),
        frozenset(read["tampering"]["codes"]),
    )


def load() -> None:
    """Read the table of terms now rather than when the first manifest is judged."""
    _terms()


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one manifest says, and every manifest that must be believed for it to count."""

    claim: Claim
    labels: tuple[str, ...]
    generator: str | None = None


def judge(store: Table) -> Finding:
    """The one finding of a manifest store as the c2pa library's reader prints it (its JSON, parsed)."""
    chain = _Chain(store)
    active = chain.active
    fields = chain.fields()
    if chain.standing(active) is Standing.INVALID:
        # Nothing that a broken credential says is passed on as a claim.
        return Finding("c2pa", Claim.TAMPERED, Standing.INVALID, None, fields)
    statement = chain.strongest()
    weakest = min(statement.labels, key=lambda label: _WEAKEST_FIRST.index(chain.standing(label)))
    if chain.standing(weakest) is Standing.INVALID:  # an ingredient that was already broken when it was signed over
        statement, weakest = _Statement(Claim.NOTHING, (active,)), active
    standing = chain.standing(weakest)
    # Who said it: the manifest that makes the statement, or the link of the chain that nobody vouches for.
    speaker = (
        weakest if standing is not Standing.TRUSTED else active if statement.claim in _EDITS else statement.labels[-1]
    )
    if name := chain.signer(speaker):
        fields["signer"] = name
    generative = statement.claim in (Claim.GENERATED, Claim.COMPOSITE)
    return Finding("c2pa", statement.claim, standing, statement.generator if generative else None, fields)


_WEAKEST_FIRST = [Standing.INVALID, Standing.UNKNOWN_SIGNER, Standing.TRUSTED]
_EDITS = (Claim.HUMAN_EDIT, Claim.NOTHING)
_CLAIM_ORDER = [Claim.GENERATED, Claim.COMPOSITE, Claim.CAPTURE, Claim.HUMAN_EDIT, Claim.NOTHING]


class _Chain:
    def __init__(self, store: Table) -> None:
        self.manifests = _manifests(store)
        self.active = text(store, "active_manifest")
        self.state = text(store, "validation_state")
        self.codes = _codes_by_manifest(store)

    def standing(self, label: str) -> Standing:
        good, bad = self.codes.get(label, (set[str](), set[str]()))
        if bad & _terms().tampering or "claimSignature.validated" not in good:
            return Standing.INVALID
        if label == self.active and self.state == "Invalid" and not bad:
            return Standing.INVALID  # the library found fault with something that it does not tell by manifest
        return Standing.TRUSTED if "signingCredential.trusted" in good and not bad else Standing.UNKNOWN_SIGNER

    def signer(self, label: str) -> str:
        """The organisation that the signing certificate names, which is only as good as the certificate."""
        signature = table(self.manifests.get(label, {}), "signature_info")
        return shown(text(signature, "issuer") or text(signature, "common_name"))

    def strongest(self) -> _Statement:
        """The statement to believe: the best-vouched-for one that a model was used, else what the chain adds up to."""
        statements, origin = self._walk(self.active, (self.active,), set())
        generative = [s for s in statements if s.claim in (Claim.GENERATED, Claim.COMPOSITE)]
        if origin is not None and origin.claim is Claim.GENERATED:
            generative.append(origin)
        believed = [s for s in generative if self._vouched(s) is not Standing.INVALID]
        if believed:
            return max(believed, key=lambda s: (_WEAKEST_FIRST.index(self._vouched(s)), -_CLAIM_ORDER.index(s.claim)))
        return origin or _Statement(Claim.NOTHING, (self.active,))

    def _vouched(self, statement: _Statement) -> Standing:
        return min((self.standing(label) for label in statement.labels), key=_WEAKEST_FIRST.index)

    def _walk(self, label: str, path: tuple[str, ...], seen: set[str]) -> tuple[list[_Statement], _Statement | None]:
        """The generative statements of a manifest and those under it, and what its image is as a whole."""
        manifest = self.manifests.get(label)
        # A manifest that leads back to itself, directly or not, is read once.
        if manifest is None or label in seen or len(seen) >= limits.MAX_INGREDIENTS:
            return [], None
        seen.add(label)
        actions = _actions(manifest)
        statements: list[_Statement] = []
        origin: _Statement | None = None
        for action in actions:
            claim = _claim(action, manifest)
            if text(action, "action") == "c2pa.created" and claim is not None:
                origin = _Statement(claim, path, _generator(action, manifest))
            elif claim in (Claim.GENERATED, Claim.COMPOSITE):
                statements.append(_Statement(Claim.COMPOSITE, path, _generator(action, manifest)))

        if any(text(a, "label") in _terms().generating_assertions for a in tables(manifest, "assertions")):
            ingredients = tables(manifest, "ingredients")
            whole = origin is None and not any(text(i, "relationship") == "parentOf" for i in ingredients)
            made = _Statement(Claim.GENERATED if whole else Claim.COMPOSITE, path, _program(manifest))
            if whole:
                origin = made
            else:
                statements.append(made)

        only_kept = bool(actions) and all(text(a, "action") in _terms().keeps_capture for a in actions)
        for ingredient in tables(manifest, "ingredients"):
            relation, below = text(ingredient, "relationship"), text(ingredient, "active_manifest")
            if not below:
                only_kept = only_kept and relation != "componentOf"
                continue
            under, part = self._walk(below, (*path, below), seen)
            if relation == "parentOf":
                statements += under
                origin = origin or part
            elif relation == "componentOf":
                only_kept = False
                if not actions and len(tables(manifest, "ingredients")) == 1:
                    origin = origin or part  # a wrapper that says nothing of its own around one image
                    statements += under
                    continue
                made = [s for s in ([part] if part else []) + under if s.claim in (Claim.GENERATED, Claim.COMPOSITE)]
                statements += [_Statement(Claim.COMPOSITE, s.labels, s.generator) for s in made]
            # "inputTo" is what a model was shown: it is in the chain's listing, and says nothing of this image.
        if origin is None:
            edited = any(text(a, "action") not in ("c2pa.opened", "") for a in actions)
            return statements, _Statement(Claim.HUMAN_EDIT, path) if edited else None
        if origin.claim is Claim.CAPTURE and not (only_kept and not statements):
            origin = _Statement(Claim.HUMAN_EDIT, origin.labels)
        return statements, origin

    def fields(self) -> dict[str, object]:
        manifest = self.manifests.get(self.active, {})
        signature = table(manifest, "signature_info")
        _, bad = self.codes.get(self.active, (set[str](), set[str]()))
        out: dict[str, object] = {
            "state": self.state,
            "signer": self.signer(self.active),
            "certificate": shown(text(signature, "common_name")),
            "time": shown(text(signature, "time")),
            "program": _program(manifest),
            "actions": [shown(text(a, "action"))[:80] for a in _actions(manifest)[:20]],
            "source_types": self._source_types()[:10],
            "failures": sorted(bad)[:10],
            "chain": self._listing(),
        }
        return {key: value for key, value in out.items() if value}

    def _source_types(self) -> list[str]:
        found: dict[str, None] = {}
        for manifest in list(self.manifests.values())[: limits.MAX_INGREDIENTS]:
            for action in _actions(manifest):
                if kind := text(action, "digitalSourceType"):
                    found[shown(kind).rsplit("/", 1)[-1][:80]] = None
        return list(found)

    def _listing(self) -> list[dict[str, str]]:
        """The manifests from the newest down, each with its signer: at most ten, for people to read."""
        out: list[dict[str, str]] = []
        waiting, seen = [self.active], set[str]()
        while waiting and len(out) < 10:
            label = waiting.pop(0)
            manifest = self.manifests.get(label)
            if manifest is None or label in seen:
                continue
            seen.add(label)
            signature = table(manifest, "signature_info")
            out.append(
                {
                    "signer": shown(text(signature, "issuer"))[:120],
                    "program": _program(manifest)[:120],
                    "standing": self.standing(label).value,
                }
            )
            waiting += [below for i in tables(manifest, "ingredients") if (below := text(i, "active_manifest"))]
        return out if len(out) > 1 else []


def _codes_by_manifest(store: Table) -> dict[str, tuple[set[str], set[str]]]:
    """For each manifest the validation codes for and against it.

    The reader prints full results for the active manifest. For ingredients it prints what their own signer recorded,
    and, as deltas, where its own check came to something else. A failure counts from either side; so a forger who
    records a success still gets the delta's failure, and one who records both still has the failure.
    """
    codes: dict[str, tuple[set[str], set[str]]] = {}

    def note(results: Table, only: str | None = None) -> None:
        for side, kind in ((0, "success"), (1, "failure")):
            for entry in tables(results, kind):
                label = _label_in(text(entry, "url"))
                if only is None or label == only:
                    codes.setdefault(label, (set(), set()))[side].add(text(entry, "code"))

    results = table(store, "validation_results")
    note(table(results, "activeManifest"))
    for delta in tables(results, "ingredientDeltas"):
        note(table(delta, "validationDeltas"))
    for manifest in list(_manifests(store).values())[: limits.MAX_INGREDIENTS]:
        for ingredient in tables(manifest, "ingredients"):
            recorded = table(table(ingredient, "validation_results"), "activeManifest")
            # Only what is recorded about the ingredient itself: nobody may vouch for another manifest here.
            note(recorded, only=text(ingredient, "active_manifest"))
    active = text(store, "active_manifest")
    # Failures that name no manifest are the active one's.
    for side in (0, 1):
        codes.setdefault(active, (set(), set()))[side].update(codes.get("", (set[str](), set[str]()))[side])
    return codes


def _label_in(url: str) -> str:
    """The manifest's label in a JUMBF address such as self#jumbf=/c2pa/LABEL/c2pa.signature."""
    before, _, path = url.partition("jumbf=")
    if not path:
        return before if before.startswith("urn:") else ""
    pieces = path.strip("/").split("/")
    return pieces[1] if len(pieces) > 1 and pieces[0] == "c2pa" else ""


def _manifests(store: Table) -> dict[str, Table]:
    return {label: table(table(store, "manifests"), label) for label in table(store, "manifests")}


def _actions(manifest: Table) -> list[Table]:
    out: list[Table] = []
    for assertion in tables(manifest, "assertions"):
        label = text(assertion, "label")
        if label.startswith("c2pa.actions"):
            out += tables(table(assertion, "data"), "actions")
        elif label == "actions":  # as Microsoft wrote it in 2023
            out += tables(assertion, "data")
    return out[:1000]


def _claim(action: Table, manifest: Table) -> Claim | None:
    terms = _terms()
    if kind := text(action, "digitalSourceType"):
        return terms.source_types.get(kind) or terms.source_types.get(kind.rsplit("/", 1)[-1])
    if text(action, "action") == "c2pa.created" and _agent(action) in terms.generating_agents:
        return Claim.GENERATED
    return None


def _agent(action: Table) -> str:
    """The acting program's name, as version 1 (a string) or 2 (an object) of the assertion writes it."""
    return shown(text(action, "softwareAgent") or text(table(action, "softwareAgent"), "name"))


def _generator(action: Table, manifest: Table) -> str:
    name = _agent(action) or _program(manifest)
    return _terms().programs.get(name, name)[:80]


def _program(manifest: Table) -> str:
    names = (text(info, "name") for info in tables(manifest, "claim_generator_info"))
    return shown(next((name for name in names if name), text(manifest, "claim_generator")))
