"""Data models that use everything a field can be, as definitions, and as Hypothesis makes them up."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from aiotwenty.workspace.model import FieldDefinition, IndexDefinition, Model, ObjectDefinition, OptionDefinition

STAGES = (
    OptionDefinition(value="NEW", label="Brand new", color="sky"),
    OptionDefinition(value="OLD", label="Old", color="red"),
)
FIELDS: dict[str, FieldDefinition] = {
    "name": FieldDefinition(type="TEXT", label="Called", default="nobody"),
    "code": FieldDefinition(type="TEXT", label="Code", unique=True, settings={"displayed_max_rows": 3}),
    "count": FieldDefinition(type="NUMBER", label="Count", settings={"data_type": "int"}, default=7),
    "ratio": FieldDefinition(type="NUMBER", label="Ratio", settings={"type": "percentage", "decimals": 2}),
    "flag": FieldDefinition(type="BOOLEAN", label="Flag", default=True, nullable=False),
    "day": FieldDefinition(type="DATE", label="Day", settings={"display_format": "RELATIVE"}),
    "moment": FieldDefinition(type="DATE_TIME", label="Moment", default="now"),
    "stage": FieldDefinition(type="SELECT", label="Stage", options=STAGES, default="NEW"),
    "tags": FieldDefinition(type="MULTI_SELECT", label="Tags", options=STAGES, default=["NEW", "OLD"]),
    "stars": FieldDefinition(type="RATING", label="Stars"),
    "amount": FieldDefinition(type="CURRENCY", label="Amount", default={"currencyCode": "EUR", "amountMicros": 5}),
    "site": FieldDefinition(type="LINKS", label="Site", settings={"max_number_of_values": 2}),
    "mail": FieldDefinition(type="EMAILS", label="Mail"),
    "phone": FieldDefinition(type="PHONES", label="Phone", default={"primaryPhoneCallingCode": "+33"}),
    "place": FieldDefinition(type="ADDRESS", label="Place"),
    "captain": FieldDefinition(type="FULL_NAME", label="Captain"),
    "story": FieldDefinition(type="RICH_TEXT", label="Story", description="Its story, told in full"),
    "extra": FieldDefinition(type="RAW_JSON", label="Extra", default_json='{"a": null}'),
    "words": FieldDefinition(type="ARRAY", label="Words", default=["a", "b"]),
    "key": FieldDefinition(type="UUID", label="Key", default="uuid"),
    "papers": FieldDefinition(type="FILES", label="Papers", settings={"max_number_of_values": 5}, icon="IconFile"),
    "hidden": FieldDefinition(type="TEXT", label="Hidden", active=False),
}
"""One of each type, with each kind of default."""


def rocket(**changes: Any) -> ObjectDefinition:
    """An object with a field of each type, an index, and relations to others and to itself."""
    fields = {
        **FIELDS,
        "maker": FieldDefinition(type="RELATION", label="Maker", to="company.rocketsMade"),
        "mother": FieldDefinition(type="RELATION", label="Mother ship", to="rocket.daughters"),
        "daughters": FieldDefinition(type="RELATION", label="Töchter", from_="rocket.mother"),
        "owner": FieldDefinition(type="MORPH_RELATION", label="Owner", to=("company.fleet", "person.fleet")),
    }
    values: dict[str, Any] = {
        "name": "rocket",
        "plural": "rockets",
        "label": "Rocket",
        "label_plural": "Rockets, all",
        "description": 'Goes "up"\nand away',
        "icon": "IconRocket",
        "color": "red",
        "label_identifier": "code",
        "fields": fields,
        "indexes": (IndexDefinition(fields=("count", "site.primaryLinkUrl")),),
    }
    return ObjectDefinition(**{**values, **changes})


def small(**changes: Any) -> ObjectDefinition:
    """The same with few fields, where it is not about types."""
    fields = {name: FIELDS[name] for name in ("name", "code", "count", "site", "stage", "tags", "words")}
    fields["maker"] = FieldDefinition(type="RELATION", label="Maker", to="company.rocketsMade")
    return rocket(**{"fields": fields, **changes})


def with_object(model: Model, *definitions: ObjectDefinition) -> Model:
    """A whole model with these objects in the place of those of their names."""
    names = {definition.name for definition in definitions}
    kept = [definition for definition in model.objects if definition.name not in names]
    return model.model_copy(update={"objects": (*kept, *definitions)})


# Labels of any characters, but for those that no JSON text can hold.
LABELS = st.text(st.characters(codec="utf-8", exclude_characters=","), min_size=1, max_size=12).filter(str.strip)
_HOSTILE = ("class", "import", "def", "none", "self", "id2", "data", "first", "edges", "con", "aux", "value", "ownerId")
_WORDS = st.sampled_from(_HOSTILE)
_NAMES = _WORDS | st.from_regex(r"[a-z][a-zA-Z]{0,3}[0-9]?", fullmatch=True)
_VALUES = st.from_regex(r"[A-Z][A-Z0-9]{0,3}(_[A-Z0-9]{1,2})?", fullmatch=True) | st.sampled_from(["NULL", "TRUE"])


@st.composite
def _field(draw: st.DrawFn) -> FieldDefinition:
    base = draw(st.sampled_from(list(FIELDS.values())))
    changes: dict[str, Any] = {
        "label": draw(LABELS),
        "description": draw(st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)),
        "icon": draw(st.none() | st.just("IconX")),
        "active": draw(st.booleans()),
    }
    if base.options:
        values = draw(st.lists(_VALUES, min_size=1, max_size=4, unique=True))
        colors = st.sampled_from(["red", "sky", "gray"])
        changes["options"] = tuple(
            OptionDefinition(value=value, label=draw(LABELS).strip(), color=draw(colors)) for value in values
        )
        default = draw(st.none() | st.sampled_from(values))
        changes["default"] = [default] if default and base.type == "MULTI_SELECT" else default
    elif base.type == "TEXT" and not base.unique:
        changes["default"] = draw(st.none() | st.text(st.characters(codec="utf-8"), max_size=8))
    return base.model_copy(update=changes)


@st.composite
def custom_objects(draw: st.DrawFn) -> tuple[ObjectDefinition, ...]:
    """Up to three objects, each with a few fields, and relations among them, in circles and to themselves."""
    names = [f"zz{name}" for name in draw(st.lists(_NAMES, min_size=1, max_size=3, unique_by=str.lower))]
    fields: dict[str, dict[str, FieldDefinition]] = {}
    for name in names:
        fields[name] = {"name": FieldDefinition(type="TEXT", label=draw(LABELS))} if draw(st.booleans()) else {}
        for number, field in enumerate(draw(st.lists(_field(), max_size=4))):
            fields[name][f"f{number}{draw(_NAMES)}"] = field
    for number, holder in enumerate(draw(st.lists(st.sampled_from(names), max_size=4))):
        targets = draw(st.lists(st.sampled_from([*names, "company"]), min_size=1, max_size=2, unique=True))
        morph, way = len(targets) > 1 or draw(st.booleans()), draw(st.booleans())
        ends = tuple(sorted(f"{target}.back{number}" for target in targets))
        lead: dict[str, Any] = {"to" if way else "from_": ends if morph else ends[0]}
        fields[holder][f"lead{number}"] = FieldDefinition(
            type="MORPH_RELATION" if morph else "RELATION", label=draw(LABELS), **lead
        )
        back: dict[str, Any] = {"from_" if way else "to": f"{holder}.lead{number}"}
        for target in targets:
            definition = FieldDefinition(type="RELATION", label=draw(LABELS), **back)
            fields.setdefault(target, {})[f"back{number}"] = definition
    return tuple(
        ObjectDefinition(
            name=name,
            plural=f"{name}Many",
            label=draw(LABELS),
            label_plural=draw(LABELS),
            active=draw(st.booleans()),
            fields=dict(sorted(owned.items())),
        )
        for name, owned in fields.items()
        if name != "company"
    )
