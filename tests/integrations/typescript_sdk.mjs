// Uses a workspace through Twenty's own TypeScript SDK and prints what came back, as JSON: the url, the key and a folder
// for generated code are the arguments. What must have come back is asserted by test_typescript_sdk.py.
import { join } from "node:path";
import { build } from "esbuild";
import { buildClientSchema, getIntrospectionQuery, printSchema } from "graphql";
import { generateCoreClientFromSchema, generateMetadataClient } from "twenty-client-sdk/generate";
import { RestApiClient } from "twenty-client-sdk/rest";

const [url, key, folder] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const saw = {};

async function sdl(path) {
  const body = JSON.stringify({ query: getIntrospectionQuery() });
  const answer = await fetch(url + path, { method: "POST", headers, body });
  return printSchema(buildClientSchema((await answer.json()).data));
}

async function refusal(promise) {
  return promise.then(
    () => null,
    (error) => ({ name: error.name, status: error.status ?? null, message: String(error.message) }),
  );
}

async function dataModel() {
  const output = join(folder, "metadata");
  await generateMetadataClient({ schema: await sdl("/metadata"), outputPath: output });
  const outfile = join(output, "index.mjs");
  await build({ entryPoints: [join(output, "index.ts")], outfile, bundle: true, format: "esm", platform: "node" });
  const { MetadataApiClient } = await import(outfile);
  const metadata = new MetadataApiClient({ url: `${url}/metadata`, headers });
  const object = { nameSingular: "rocket", namePlural: "rockets", labelSingular: "Rocket", labelPlural: "Rockets" };
  const { createOneObject } = await metadata.mutation({
    createOneObject: { __args: { input: { object } }, id: true, nameSingular: true, isActive: true },
  });
  saw.createdObject = createOneObject;
  const field = { objectMetadataId: createOneObject.id, name: "thrust", label: "Thrust", type: "NUMBER" };
  saw.createdField = (
    await metadata.mutation({ createOneField: { __args: { input: { field } }, name: true, type: true } })
  ).createOneField;
  const listed = await metadata.query({
    objects: { __args: { paging: { first: 1000 } }, edges: { node: { nameSingular: true } } },
  });
  saw.objects = listed.objects.edges.map((edge) => edge.node.nameSingular);
}

async function coreClient() {
  const output = join(folder, "core");
  await generateCoreClientFromSchema({ schema: await sdl("/graphql"), outputPath: output });
  const { CoreApiClient } = await import(join(output, "index.mjs"));
  return (options = { headers }) => new CoreApiClient({ url: `${url}/graphql`, ...options });
}

async function records(client) {
  const core = client();
  const link = { primaryLinkUrl: "https://airbnb.com", primaryLinkLabel: "", secondaryLinks: [] };
  const company = { name: true, domainName: { primaryLinkUrl: true } };
  saw.created = (
    await core.mutation({ createCompany: { __args: { data: { name: "Airbnb", domainName: link } }, id: true, ...company } })
  ).createCompany;
  saw.duplicate = await refusal(
    core.mutation({ createCompany: { __args: { data: { name: "Again", domainName: link } }, id: true } }),
  );
  saw.connected = (
    await core.mutation({
      createPerson: {
        __args: {
          data: {
            name: { firstName: "Brian", lastName: "Chesky" },
            company: { connect: { where: { domainName: { primaryLinkUrl: link.primaryLinkUrl } } } },
          },
        },
        name: { firstName: true },
        company: { id: true },
      },
    })
  ).createPerson;
  saw.updated = (
    await core.mutation({
      updateCompany: { __args: { id: saw.created.id, data: { address: { addressCity: "San Francisco" } } }, name: true, address: { addressCity: true } },
    })
  ).updateCompany;
  saw.found = (
    await core.query({
      companies: {
        __args: { filter: { name: { ilike: "%AIR%" } }, orderBy: [{ name: "AscNullsFirst" }], first: 5 },
        totalCount: true,
        edges: { cursor: true, node: { name: true, people: { edges: { node: { name: { lastName: true } } } } } },
        pageInfo: { hasNextPage: true, endCursor: true },
      },
    })
  ).companies;
  await core.mutation({
    createOpportunities: {
      __args: { data: ["NEW", "NEW", "MEETING"].map((stage, index) => ({ name: `deal ${index}`, stage })) },
      id: true,
    },
  });
  saw.grouped = (
    await core.query({
      opportunitiesGroupBy: { __args: { groupBy: [{ stage: true }] }, groupByDimensionValues: true, totalCount: true },
    })
  ).opportunitiesGroupBy;
  saw.rocket = (
    await core.mutation({ createRocket: { __args: { data: { name: "Falcon", thrust: 7607 } }, name: true, thrust: true } })
  ).createRocket;
  saw.deleted = (
    await core.mutation({ deleteCompany: { __args: { id: saw.created.id }, deletedAt: true } })
  ).deleteCompany;
  saw.afterwards = (await core.query({ companies: { totalCount: true } })).companies;
  saw.unauthenticated = await refusal(
    client({ headers: { Authorization: "Bearer wrong" } }).query({ companies: { totalCount: true } }),
  );
}

async function rest() {
  const client = new RestApiClient({ baseUrl: url, token: key });
  saw.rest = { created: (await client.post("/rest/companies", { name: "Figma" })).data.createCompany };
  const path = `/rest/companies/${saw.rest.created.id}`;
  saw.rest.updated = (await client.patch(path, { address: { addressCity: "Berlin" } })).data.updateCompany;
  saw.rest.listed = await client.get("/rest/companies", { query: { filter: "name[eq]:Figma", limit: 5 } });
  saw.rest.destroyed = (await client.delete(path)).data.deleteCompany;
  saw.rest.missing = await refusal(client.get(path));
}

await dataModel();
await records(await coreClient());
await rest();
console.log(JSON.stringify(saw));
