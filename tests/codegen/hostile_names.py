"""Names that Twenty accepts and that Python, pydantic, enum or the generated code itself would trip over."""

from __future__ import annotations

from tests.codegen.workspaces import Thing


def words(text: str) -> list[str]:
    return text.split()


OBJECTS = words(
    """
    class import async list any optional literal union str enum client core metadata rest none self session
    schema page upload file datetime uuid baseModel annotated lambda load twenty x9 record input operation
    object ns true coreClient strEnum
    """
)
FIELDS = words(
    """
    class from import async await copy json schema dict validate construct self none true lambda print hash
    modelConfig modelFields modelDump modelComputedFields parseObj data first filter orderBy kwargs query
    variables edges node totalCount list str int uuid datetime optional baseModel alias annotated aBC a_b_c aBc
    a_bc rt typing records enum _under under under_ class_ n1 _1n
    """
)
OPTIONS = words(
    """
    NONE CLASS MRO NAME VALUE OPTION_1 None mro name value title _1 _x_ __y
    """
)


def things(objects: list[str], fields: list[str], options: list[str]) -> list[Thing]:
    return [Thing(name, f"{name}s", fields, options) for name in objects]


HOSTILE = [
    *things(OBJECTS[:1], FIELDS, OPTIONS),
    *things(OBJECTS[1:], FIELDS[:3], OPTIONS),
    Thing("sheep", "sheepe", FIELDS[:3]),
    Thing("aBC", "aBCs"),
    Thing("a_b_c", "a_b_cs"),
]
"""All of them in one workspace, with plurals that have nothing to do with their singulars."""
