"""What the generator and the composer tell of an operation."""

from __future__ import annotations

import pytest
from graphql import OperationDefinitionNode, parse

from aiotwenty.codegen.model.operation_facts import facts_of
from aiotwenty.core import operations as core
from aiotwenty.graphql.operation import Operation


@pytest.mark.parametrize(
    ("text", "repeatable"),
    [
        ("mutation X($id:UUID!$data:CompanyUpdateInput!){updateCompany(id:$id data:$data){id}}", True),
        ("mutation X($a: UUID!) {\n  gone: deleteCompany(id: $a) { id }\n}", True),
        ('mutation X($d: CompanyUpdateInput!) { updateCompany(data: $d, id: "1") { id } }', True),
        ("mutation X($id:UUID!){restoreCompany(id:$id){id}}", True),
        ("mutation X($id:UUID!){destroyCompany(id:$id){id}}", False),
        ("mutation X($data:CompanyCreateInput!){createCompany(data:$data){id}}", False),
        ("mutation X($data:CompanyCreateInput!){updateCompany:createCompany(data:$data){id}}", False),
        ("mutation X($id:UUIDFilter){updateCompanies(filter:{id:$id}data:{name:null}){id}}", False),
        ("mutation X($filter:CompanyFilterInput!){deleteCompanies(filter:$filter){id}}", False),
    ],
)
def test_only_changes_of_one_record_by_its_id_are_repeatable(text: str, repeatable: bool) -> None:
    definition = parse(text).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    assert facts_of(definition, text).by_id is repeatable


def test_a_mutation_with_several_root_fields_is_not_repeatable() -> None:
    text = "mutation X($id:UUID!){deleteCompany(id:$id){id}createCompany(data:{}){id}}"
    definition = parse(text).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    assert not facts_of(definition, text).by_id


def test_every_generated_operation_is_judged_by_its_kind() -> None:
    operations = [value for value in vars(core).values() if isinstance(value, Operation)]
    assert len(operations) > 300
    for operation in operations:
        safe = operation.kind == "query" or operation.name.startswith(("UpdateOne", "DeleteOne", "RestoreOne"))
        assert operation.repeatable is safe, operation.name
        assert bool(operation.filters) is ("$filter" in operation.text), operation.name
