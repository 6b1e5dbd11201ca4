"""Views and page layouts, which show records to people. They are stored for clients; nothing else uses them.

Each object has a view of all its records and a page for one of them; clients may create others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from aiotwenty.sandbox.model.data_model import CUSTOM_APPLICATION, STANDARD_APPLICATION, ModelObject, stable_id
from aiotwenty.sandbox.model.workspace import SandboxWorkspace, new_id, now

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: its GraphQL type, its path in REST, and its defaults."""

    type: str
    path: str
    parent: str | None = None
    """The key of the entity that it belongs to."""
    parent_needed: bool = False
    needed: tuple[str, ...] = ()
    defaults: Entity = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)
    """The fields with other entities, and the types of these."""


_SHOWN = {"isVisible": True, "position": 0}
KINDS: dict[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind(
            "View",
            "views",
            parent="objectMetadataId",
            needed=("name", "objectMetadataId", "icon"),
            defaults={
                "type": "TABLE",
                "key": None,
                "position": 0,
                "isCompact": False,
                "isCustom": True,
                "openRecordIn": "SIDE_PANEL",
                "shouldHideEmptyGroups": False,
                "visibility": "WORKSPACE",
                "isActive": True,
                "kanbanAggregateOperation": None,
                "mainGroupByFieldMetadataId": None,
                "kanbanAggregateOperationFieldMetadataId": None,
                "kanbanColumnWidth": None,
                "anyFieldFilterValue": None,
                "calendarLayout": None,
                "calendarFieldMetadataId": None,
                "createdByUserWorkspaceId": None,
            },
            children={
                f"view{name}s": f"View{name}"
                for name in ("Field", "Filter", "FilterGroup", "Sort", "Group", "FieldGroup")
            },
        ),
        Kind(
            "ViewField",
            "viewFields",
            parent="viewId",
            needed=("fieldMetadataId", "viewId"),
            defaults={**_SHOWN, "size": 0, "aggregateOperation": None, "viewFieldGroupId": None, "isActive": True}
            | {"isOverridden": False},
        ),
        Kind(
            "ViewFilter",
            "viewFilters",
            parent="viewId",
            needed=("fieldMetadataId", "value", "viewId"),
            defaults={"operand": "CONTAINS", "viewFilterGroupId": None, "positionInViewFilterGroup": None}
            | {"subFieldName": None, "relationTargetFieldMetadataId": None},
        ),
        Kind(
            "ViewSort",
            "viewSorts",
            parent="viewId",
            needed=("fieldMetadataId", "viewId"),
            defaults={"direction": "ASC", "subFieldName": None},
        ),
        Kind("ViewGroup", "viewGroups", parent="viewId", needed=("fieldValue", "viewId"), defaults=_SHOWN),
        Kind(
            "ViewFilterGroup",
            "viewFilterGroups",
            parent="viewId",
            needed=("viewId",),
            defaults={"logicalOperator": "AND", "parentViewFilterGroupId": None, "positionInViewFilterGroup": None},
        ),
        Kind(
            "ViewFieldGroup",
            "viewFieldGroups",
            parent="viewId",
            needed=("name", "viewId"),
            defaults={**_SHOWN, "isActive": True, "isOverridden": False},
            children={"viewFields": "ViewField"},
        ),
        Kind(
            "PageLayout",
            "pageLayouts",
            parent="objectMetadataId",
            needed=("name",),
            defaults={"type": "RECORD_PAGE", "objectMetadataId": None, "defaultTabToFocusOnMobileAndSidePanelId": None},
            children={"tabs": "PageLayoutTab"},
        ),
        Kind(
            "PageLayoutTab",
            "pageLayoutTabs",
            parent="pageLayoutId",
            parent_needed=True,
            needed=("title", "pageLayoutId"),
            defaults={"position": 0, "icon": None, "layoutMode": "GRID", "isActive": True, "isOverridden": False},
            children={"widgets": "PageLayoutWidget"},
        ),
        Kind(
            "PageLayoutWidget",
            "pageLayoutWidgets",
            parent="pageLayoutTabId",
            parent_needed=True,
            needed=("title", "type", "pageLayoutTabId", "configuration"),
            defaults={"objectMetadataId": None, "position": None, "conditionalDisplay": None, "isActive": True}
            | {"conditionalAvailabilityExpression": None, "isOverridden": False}
            | {"gridPosition": {"row": 0, "column": 0, "rowSpan": 1, "columnSpan": 1}},
        ),
    )
}


def missing(kind: Kind) -> GraphQLError:
    message = f"{kind.type} not found"
    return GraphQLError(message, extensions={"code": "NOT_FOUND", "userFriendlyMessage": f"{message}."})


class ViewEntities:
    """The entities that follow from the data model, and those that clients made or changed."""

    def __init__(self, workspace: SandboxWorkspace) -> None:
        self._workspace = workspace
        self._of_model: dict[str, dict[str, Entity]] = {}
        self._revision = 0

    @property
    def _kept(self) -> dict[str, dict[str, Entity | None]]:
        """Entities that were made or changed, by kind and id; None for deleted ones."""
        return self._workspace.entities

    def all(self, kind: Kind) -> list[Entity]:
        entities = {**self._derived(kind.type), **self._kept.get(kind.type, {})}
        return [entity for entity in entities.values() if entity is not None and entity["deletedAt"] is None]

    def _derived(self, kind: str) -> dict[str, Entity]:
        """The entities that follow from the present data model, by id."""
        if self._revision != self._workspace.model.revision:
            self._of_model, self._revision = {}, self._workspace.model.revision
        if kind not in self._of_model:
            self._of_model[kind] = {entity["id"]: entity for entity in _DERIVED.get(kind, _none)(self._workspace)}
        return self._of_model[kind]

    def of(self, kind: Kind, parent_id: str | None = None) -> list[Entity]:
        """All entities of a kind, or those of one parent, by position."""
        chosen = [
            entity for entity in self.all(kind) if parent_id is None or entity.get(kind.parent or "") == parent_id
        ]
        return sorted(chosen, key=_position)

    def find(self, kind: Kind, entity_id: str) -> Entity | None:
        return next((entity for entity in self.all(kind) if entity["id"] == entity_id), None)

    def create(self, kind: Kind, given: Entity) -> Entity:
        moment = now()
        common = {"id": given.get("id") or new_id(), "createdAt": moment, "updatedAt": moment, "deletedAt": None}
        values = {key: value for key, value in given.items() if value is not None}
        return self._keep(kind, {**_owner(kind, self._workspace), **kind.defaults, **values, **common})

    def update(self, kind: Kind, entity_id: str, given: Entity) -> Entity:
        entity = self._existing(kind, entity_id)
        changed = {key: value for key, value in given.items() if key != "id"}
        return self._keep(kind, {**entity, **changed, "updatedAt": now()})

    def delete(self, kind: Kind, entity_id: str) -> Entity:
        """Removes the entity. Soft-deleted ones are not shown either."""
        return self._keep(kind, {**self._existing(kind, entity_id), "deletedAt": now()})

    def _existing(self, kind: Kind, entity_id: str) -> Entity:
        entity = self.find(kind, entity_id)
        if entity is None:
            raise missing(kind)
        return entity

    def _keep(self, kind: Kind, entity: Entity) -> Entity:
        self._kept.setdefault(kind.type, {})[entity["id"]] = entity
        self._workspace.save()
        return entity

    # GraphQL

    def table(self) -> dict[str, Callable[..., Any]]:
        """The root fields by name."""
        resolvers: dict[str, Callable[..., Any]] = {}
        for kind in KINDS.values():
            resolvers[f"get{kind.type}s"] = self._lister(kind)
            resolvers[f"get{kind.type}"] = self._finder(kind)
            resolvers[f"create{kind.type}"] = self._creator(kind)
            resolvers[f"createMany{kind.type}s"] = self._creator_of_many(kind)
            resolvers[f"update{kind.type}"] = self._updater(kind)
            resolvers[f"delete{kind.type}"] = resolvers[f"destroy{kind.type}"] = self._deleter(kind)
        return resolvers

    def node(self, kind: Kind, entity: Entity) -> Entity:
        """The entity with its children."""
        node = {**entity}
        for name, child in kind.children.items():
            below = KINDS[child]
            node[name] = [self.node(below, below_it) for below_it in self.of(below, entity["id"])]
        if kind.type == "PageLayoutWidget" and isinstance(entity["configuration"], dict):
            name = str(entity["configuration"].get("configurationType", "")).title().replace("_", "")
            node["configuration"] = {"__typename": f"{name}Configuration", **entity["configuration"]}
        return node

    def _lister(self, kind: Kind) -> Callable[..., list[Entity]]:
        def listed(viewTypes: list[str] | None = None, pageLayoutType: str | None = None, **given: Any) -> list[Entity]:  # noqa: N803
            entities = self.of(kind, given.get(kind.parent or ""))
            wanted = viewTypes or ([pageLayoutType] if pageLayoutType else None)
            return [self.node(kind, entity) for entity in entities if wanted is None or entity["type"] in wanted]

        return listed

    def _finder(self, kind: Kind) -> Callable[..., Entity | None]:
        def found(id: str) -> Entity | None:
            entity = self.find(kind, id)
            if entity is None and kind.parent_needed:
                raise missing(kind)
            return None if entity is None else self.node(kind, entity)

        return found

    def _creator(self, kind: Kind) -> Callable[..., Entity]:
        return lambda input: self.node(kind, self.create(kind, input))  # noqa: A006

    def _creator_of_many(self, kind: Kind) -> Callable[..., list[Entity]]:
        return lambda inputs: [self.node(kind, self.create(kind, each)) for each in inputs]

    def _updater(self, kind: Kind) -> Callable[..., Entity]:
        def updated(input: Entity, id: str | None = None) -> Entity:  # noqa: A002
            if id is None:
                return self.node(kind, self.update(kind, input["id"], input["update"]))
            return self.node(kind, self.update(kind, id, input))

        return updated

    def _deleter(self, kind: Kind) -> Callable[..., Entity]:
        def deleted(id: str | None = None, input: Entity | None = None) -> Entity:  # noqa: A002
            return self.node(kind, self.delete(kind, input["id"] if input is not None else str(id)))

        return deleted


def _position(entity: Entity) -> float:
    position = entity.get("position")
    return float(position) if isinstance(position, int | float) else 0.0


def _none(_: SandboxWorkspace) -> Iterator[Entity]:
    return iter(())


def _owner(kind: Kind, workspace: SandboxWorkspace) -> Entity:
    if kind.type.startswith("View"):
        return {"workspaceId": workspace.id}
    return {"universalIdentifier": new_id()} if kind.type == "PageLayout" else {"applicationId": CUSTOM_APPLICATION}


def _derived(kind: str, of: ModelObject, workspace: SandboxWorkspace, *names: str, **given: Any) -> Entity:
    """An entity that follows from an object; its id is always the same."""
    made: Entity = {**_owner(KINDS[kind], workspace), **KINDS[kind].defaults, **given}
    if "universalIdentifier" in made:
        made["universalIdentifier"] = stable_id("universal", kind, of.id)
    if "applicationId" in made:
        made["applicationId"] = CUSTOM_APPLICATION if of.is_custom else STANDARD_APPLICATION
    dates = {"createdAt": of.created_at, "updatedAt": of.created_at, "deletedAt": None}
    return {"id": stable_id(kind, of.id, *names), **made, **dates}


def _views(workspace: SandboxWorkspace) -> Iterator[Entity]:
    for of in workspace.model.objects.values():
        given = {"name": f"All {of.label_plural}", "objectMetadataId": of.id, "icon": of.icon or "IconList"}
        yield _derived("View", of, workspace, **given, key="INDEX", isCustom=False)


def _view_fields(workspace: SandboxWorkspace) -> Iterator[Entity]:
    for of in workspace.model.objects.values():
        shown = [
            model_field
            for model_field in of.fields.values()
            if model_field.name not in ("id", "searchVector", "position")
        ]
        for place, model_field in enumerate(shown):
            settings = {
                "fieldMetadataId": model_field.id,
                "viewId": stable_id("View", of.id),
                "position": place,
                "size": 150,
            }
            yield _derived("ViewField", of, workspace, model_field.id, **settings)


def _page_layouts(workspace: SandboxWorkspace) -> Iterator[Entity]:
    for of in workspace.model.objects.values():
        yield _derived("PageLayout", of, workspace, name=f"Default {of.label_singular} Layout", objectMetadataId=of.id)


def _tabs(workspace: SandboxWorkspace) -> Iterator[Entity]:
    for of in workspace.model.objects.values():
        given = {"title": "Home", "pageLayoutId": stable_id("PageLayout", of.id), "icon": "IconHome"}
        yield _derived("PageLayoutTab", of, workspace, **given, layoutMode="VERTICAL_LIST")


def _widgets(workspace: SandboxWorkspace) -> Iterator[Entity]:
    for of in workspace.model.objects.values():
        given = {"title": "Fields", "type": "FIELDS", "pageLayoutTabId": stable_id("PageLayoutTab", of.id)}
        configuration = {"configurationType": "FIELDS", "viewId": stable_id("View", of.id)}
        yield _derived("PageLayoutWidget", of, workspace, **given, configuration=configuration, objectMetadataId=of.id)


_DERIVED: dict[str, Callable[[SandboxWorkspace], Iterator[Entity]]] = {
    "View": _views,
    "ViewField": _view_fields,
    "PageLayout": _page_layouts,
    "PageLayoutTab": _tabs,
    "PageLayoutWidget": _widgets,
}
