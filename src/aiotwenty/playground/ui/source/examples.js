// Documents to start from, for the objects that this workspace has.
import { getNamedType, isLeafType, isObjectType } from "graphql";

const SYSTEM = new Set(["position", "createdAt", "updatedAt", "deletedAt", "searchVector"]);

/** The objects of a schema of records: their names and the fields that a list of them would show. */
function objects(schema) {
  const roots = Object.values(schema.getQueryType()?.getFields() ?? {});
  return roots.flatMap((field) => {
    // Groups and duplicates are connections, too, which take other arguments.
    if (!["first", "filter"].every((name) => field.args.some((argument) => argument.name === name))) return [];
    const connection = getNamedType(field.type);
    const edges = isObjectType(connection) && connection.name.endsWith("Connection") && connection.getFields().edges;
    const edge = edges && getNamedType(edges.type);
    const node = isObjectType(edge) && edge.getFields().node;
    return node ? [{ plural: field.name, type: getNamedType(node.type) }] : [];
  });
}

function shown(type) {
  const fields = type.getFields();
  const named = ["id", "name", "title"].filter((name) => fields[name]);
  const more = Object.values(fields).filter(
    (field) => !named.includes(field.name) && !SYSTEM.has(field.name) && !field.name.endsWith("Id") && isLeafType(getNamedType(field.type)),
  );
  const parts = (name) => (isLeafType(getNamedType(fields[name].type)) ? name : `${name} { ${leaves(fields[name])} }`);
  return [...named.map(parts), ...more.slice(0, 2).map((field) => field.name)].join(" ");
}

const leaves = (field) =>
  Object.values(getNamedType(field.type).getFields())
    .filter((part) => isLeafType(getNamedType(part.type)))
    .map((part) => part.name)
    .join(" ");

const upper = (name) => name[0].toUpperCase() + name.slice(1);

export function examples(schema, endpoint) {
  if (endpoint === "metadata") {
    return [
      { title: "the workspace", query: "query Workspace {\n  currentWorkspace { id displayName }\n}" },
      {
        title: "objects and their fields",
        query:
          "query Objects {\n  objects(paging: { first: 100 }) {\n    edges { node { nameSingular labelSingular isCustom fieldsList { name type label isNullable } } }\n  }\n}",
      },
    ];
  }
  return objects(schema).map(({ plural, type }) => ({
    title: plural,
    query:
      `query FindMany${upper(plural)}($filter: ${type.name}FilterInput) {\n` +
      `  ${plural}(first: 5, filter: $filter) {\n    totalCount\n    edges { node { ${shown(type)} } }\n  }\n}\n\n` +
      `query Count${upper(plural)} {\n  ${plural} { totalCount }\n}`,
  }));
}
